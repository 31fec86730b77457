// Forms made from a kind's schema: a row per field, with its control, its help and its problems.
import { Icon } from "../../graph/Icon";
import { isShown, valueOf, type Field } from "../../graph/schema";
import type { Json, JsonObject, Problem } from "../../graph/types";
import { problemsAt } from "../model/problems";
import { controlOf, SELF_LABELLED } from "./widgets/controls";

export interface FormContext {
  node: string | null; // whose templates and rules these are
  after?: boolean; // asked when the node is done, so that what it gives can be read
  disabled: boolean;
}
export interface ControlProps {
  field: Field;
  id: string;
  value: Json | undefined; // undefined: the default holds
  context: FormContext;
  invalid: boolean;
  problems?: Problem[]; // of what lies within: items of a list
  describedBy: string | undefined;
  onChange(next: Json | undefined): void;
}

interface FormProps {
  fields: Field[];
  value: JsonObject;
  problems: Problem[];
  prefix: string;
  context: FormContext;
  onChange(path: string[], next: Json | undefined): void;
}

export function Form({ fields, value, problems, prefix, context, onChange }: FormProps) {
  return (
    <>
      {fields
        .filter((field) => isShown(field, value, fields))
        .map((field) =>
          field.widget === "group" ? (
            <fieldset key={field.key} className="tc-group">
              {fields.length > 1 && <legend>{field.label}</legend>}
              <Form
                fields={field.fields}
                value={value}
                problems={problems}
                prefix={prefix}
                context={context}
                onChange={onChange}
              />
            </fieldset>
          ) : (
            <Row
              key={field.key}
              field={field}
              shown={valueOf(field, value)}
              prefix={prefix}
              problems={problems}
              context={context}
              onChange={onChange}
            />
          ),
        )}
    </>
  );
}

export const fieldId = (prefix: string, path: readonly string[]): string => `f-${prefix}-${path.join("-")}`;

interface RowProps {
  field: Field;
  shown: Json | undefined;
  prefix: string;
  problems: Problem[];
  context: FormContext;
  onChange(path: string[], next: Json | undefined): void;
}

function Row({ field, shown, prefix, problems, context, onChange }: RowProps) {
  const id = fieldId(prefix, field.path);
  const found = problemsAt(problems, field.path);
  const Control = controlOf(field);
  const notes = [field.help && `${id}-help`, found.length > 0 && `${id}-problem`].filter(Boolean).join(" ");
  const common = {
    field,
    id,
    context,
    invalid: found.length > 0,
    problems: found,
    describedBy: notes || undefined,
    value: shown,
    onChange: (next: Json | undefined) => onChange(field.path, next),
  };
  const optional = field.nullable && (shown === undefined || shown === null);
  const inline = SELF_LABELLED.has(field.widget);
  return (
    <div className={`field tc-field${inline ? " is-inline" : ""}`}>
      {!inline && (
        <label className="field-label" htmlFor={id} id={`${id}-label`}>
          {field.label}
          {optional && <span className="optional">optional</span>}
        </label>
      )}
      <Control {...common} />
      {field.help && (
        <p className="field-help" id={`${id}-help`}>
          {field.help}
        </p>
      )}
      {found.length > 0 && (
        <div className="field-error" id={`${id}-problem`}>
          <Icon name="circle-x" />
          <span>{found.map((problem) => [problem.message, problem.fix].filter(Boolean).join(" ")).join(" ")}</span>
        </div>
      )}
    </div>
  );
}
