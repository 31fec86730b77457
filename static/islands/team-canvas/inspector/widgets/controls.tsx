// The controls by the name of their hint; an unknown hint falls back to JSON.
import type { ComponentType } from "react";
import type { Field, Widget } from "../../../graph/schema";
import type { ControlProps } from "../Form";
import { ArgumentsControl } from "./Arguments";
import { AgentControl, ModelControl, TeamControl, ToolControl, ToolsControl } from "./Catalogue";
import { JsonControl } from "./JsonControl";
import { ListControl } from "./List";
import { MapControl } from "./Map";
import { DurationControl, NumberControl } from "./Numbers";
import { SchemaControl } from "./SchemaControl";
import { SelectControl, SwitchControl, TextareaControl, TextControl, WordsControl } from "./Simple";
import { RuleControl, TemplateControl } from "./Template";

const CONTROLS: Record<Exclude<Widget, "group">, ComponentType<ControlProps>> = {
  text: TextControl,
  textarea: TextareaControl,
  template: TemplateControl,
  rule: RuleControl,
  agent: AgentControl,
  model: ModelControl,
  tool: ToolControl,
  tools: ToolsControl,
  team: TeamControl,
  arguments: ArgumentsControl,
  schema: SchemaControl,
  select: SelectControl,
  number: NumberControl,
  duration: DurationControl,
  switch: SwitchControl,
  words: WordsControl,
  json: JsonControl,
  list: ListControl,
  map: MapControl,
};

/** The control of a field that holds a value of its own; groups have none. */
export function controlOf(field: Field): ComponentType<ControlProps> {
  return field.widget === "group" ? JsonControl : CONTROLS[field.widget];
}

/** Controls that say their own label beside them. */
export const SELF_LABELLED: ReadonlySet<Widget> = new Set(["switch"]);
