// The controls by the name of their hint; an unknown hint falls back to JSON.
import type { ComponentType } from "react";
import type { Widget } from "../../../graph/schema";
import type { ControlProps } from "../Form";
import { AgentControl, ModelControl, ToolsControl } from "./Catalogue";
import { JsonControl } from "./JsonControl";
import { DurationControl, NumberControl } from "./Numbers";
import { SchemaControl } from "./SchemaControl";
import { SelectControl, SwitchControl, TextareaControl, TextControl, WordsControl } from "./Simple";
import { RuleControl, TemplateControl } from "./Template";

export const CONTROLS: Record<Exclude<Widget, "group" | "list">, ComponentType<ControlProps>> = {
  text: TextControl,
  textarea: TextareaControl,
  template: TemplateControl,
  rule: RuleControl,
  agent: AgentControl,
  model: ModelControl,
  tools: ToolsControl,
  schema: SchemaControl,
  select: SelectControl,
  number: NumberControl,
  duration: DurationControl,
  switch: SwitchControl,
  words: WordsControl,
  json: JsonControl,
};

/** Controls that say their own label beside them. */
export const SELF_LABELLED: ReadonlySet<Widget> = new Set(["switch"]);
