// The arguments of the tool that the node calls, or the input of the team it runs: a text for each parameter.
import { Icon } from "../../../graph/Icon";
import { fieldOf, isObject, kindOf } from "../../../graph/kinds";
import { fieldsOf, plainField, valueOf, type Field } from "../../../graph/schema";
import type { JsonObject } from "../../../graph/types";
import { useEditor, useGraph } from "../../store/hooks";
import { fieldId, type ControlProps } from "../Form";
import { TemplateControl } from "./Template";

function useParameters({ context }: ControlProps): { tool: string; fields: Field[]; what: string } {
  const editor = useEditor();
  const node = useGraph().nodes.find((one) => one.id === context.node);
  const kind = node && kindOf(editor.catalog, node);
  const what = kind && fieldOf(kind, "team") ? "team" : "tool";
  const choice = kind && fieldOf(kind, what);
  const tool = node && choice ? String(valueOf(choice, node.config) ?? "") : "";
  const team = editor.data.teams?.find((one) => one.name === tool);
  const parameters = what === "team" ? team?.parameters : editor.catalog.tools.get(tool)?.parameters;
  return { tool, fields: parameters ? fieldsOf(parameters) : [], what };
}

export function ArgumentsControl(props: ControlProps) {
  const { id, value, context, problems = [], onChange } = props;
  const { tool, fields, what } = useParameters(props);
  const given = isObject(value) ? value : {};
  const rest = Object.keys(given).filter((name) => !fields.some((field) => field.key === name));
  const put = (name: string, next: JsonObject[string] | undefined) => {
    const { [name]: _before, ...others } = given;
    const after = next === undefined || next === "" ? others : { ...given, [name]: next };
    onChange(Object.keys(after).length ? after : undefined);
  };
  if (!tool && !rest.length) return <p className="field-help">Choose a {what} first; what it takes appears here.</p>;
  if (!fields.length && !rest.length) return <p className="field-help">This {what} takes nothing.</p>;
  const row = (field: Field, extra: boolean) => {
    const own = fieldId(id, [field.key]);
    const wrong = problems.some((one) => one.field.endsWith(`arguments.${field.key}`) || one.field.endsWith(`input.${field.key}`));
    return (
      <div key={field.key} className="field">
        <span className="tc-argument">
          <label className="field-label" htmlFor={own}>
            {field.label}
            {!field.required && <span className="optional">optional</span>}
          </label>
          {extra && !context.disabled && (
            <button
              type="button"
              className="btn btn-xs btn-square btn-ghost"
              aria-label={`Remove ${field.key}`}
              onClick={() => put(field.key, undefined)}
            >
              <Icon name="x" />
            </button>
          )}
        </span>
        <TemplateControl
          field={plainField(field.key, "template", { placeholder: extra ? "" : example(field) })}
          id={own}
          value={given[field.key]}
          context={context}
          invalid={wrong}
          describedBy={undefined}
          onChange={(next) => put(field.key, next)}
        />
        <p className="field-help">{extra ? `The ${what} takes nothing of this name.` : field.help}</p>
      </div>
    );
  };
  return (
    <div className="tc-arguments" id={id} role="group" aria-labelledby={`${id}-label`}>
      {fields.map((field) => row(field, false))}
      {rest.map((name) => row(plainField(name, "template", { label: name, required: true }), true))}
    </div>
  );
}

const example = (field: Field): string =>
  field.choices.length ? field.choices.map((one) => String(one.value)).join(", ") : `{{ value.${field.key} }}`;
