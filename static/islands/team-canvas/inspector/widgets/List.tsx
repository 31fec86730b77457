// A list of values or of little forms: add, remove, move.
import { Icon } from "../../../graph/Icon";
import { isObject } from "../../../graph/kinds";
import { emptyItem, setAt, type Field } from "../../../graph/schema";
import type { Json, Problem } from "../../../graph/types";
import { Form, type ControlProps, type FormContext } from "../Form";
import { controlOf } from "./controls";

/** The problems of one item, as its own form names its fields. */
export function within(problems: Problem[], path: readonly string[], key: string | number): Problem[] {
  const heads = [`${path.join(".")}.${key}`, `${path.join(".")}[${key}]`];
  return problems.flatMap((problem) => {
    const field = problem.field.replace(/^config\./, "");
    const head = heads.find((one) => field === one || field.startsWith(`${one}.`) || field.startsWith(`${one}[`));
    return head ? [{ ...problem, field: field.slice(head.length).replace(/^\./, "") }] : [];
  });
}

interface ItemProps {
  item: Field;
  id: string;
  value: Json;
  problems: Problem[];
  context: FormContext;
  onChange(next: Json | undefined): void;
}

/** One item: a form where it has fields, else the control of its kind. */
export function Item({ item, id, value, problems, context, onChange }: ItemProps) {
  if (item.widget === "group") {
    const before = isObject(value) ? value : {};
    return (
      <Form
        fields={item.fields}
        value={before}
        problems={problems}
        prefix={id}
        context={context}
        onChange={(path, next) => onChange(setAt(before, path, next))}
      />
    );
  }
  const Control = controlOf(item);
  const label = item.widget === "switch" ? undefined : item.label;
  return (
    <div className="tc-item" role="group" aria-label={label}>
      <Control
        field={item}
        id={id}
        value={value}
        context={context}
        invalid={problems.length > 0}
        problems={problems}
        describedBy={undefined}
        onChange={onChange}
      />
    </div>
  );
}

export function ListControl({ field, id, value, context, problems = [], onChange }: ControlProps) {
  const items = Array.isArray(value) ? value : [];
  const item = field.item;
  if (!item) return null;
  const most = Number(field.schema.maxItems ?? Infinity);
  const put = (at: number, next: Json | undefined) =>
    onChange(items.map((one, n) => (n === at ? (next ?? emptyItem(item)) : one)));
  const move = (at: number, by: number) => {
    const next = [...items];
    const [taken] = next.splice(at, 1);
    if (taken !== undefined) next.splice(at + by, 0, taken);
    onChange(next);
  };
  return (
    <div className="tc-list" id={id}>
      {items.map((one, at) => (
        <div key={at} className="tc-list-item">
          <div className="tc-list-head">
            <span className="num">{at + 1}</span>
            <span className="flex-1" />
            {!context.disabled && (
              <>
                <button
                  type="button"
                  className="btn btn-xs btn-square btn-ghost"
                  aria-label={`Move ${at + 1} up`}
                  disabled={at === 0}
                  onClick={() => move(at, -1)}
                >
                  <Icon name="arrow-up" />
                </button>
                <button
                  type="button"
                  className="btn btn-xs btn-square btn-ghost"
                  aria-label={`Remove ${at + 1}`}
                  onClick={() => onChange(items.filter((_, n) => n !== at))}
                >
                  <Icon name="x" />
                </button>
              </>
            )}
          </div>
          <Item
            item={{ ...item, label: `${field.label} ${at + 1}` }}
            id={`${id}-${at}`}
            value={one}
            problems={within(problems, field.path, at)}
            context={context}
            onChange={(next) => put(at, next)}
          />
        </div>
      ))}
      {!context.disabled && items.length < most && (
        <button type="button" className="btn btn-xs" onClick={() => onChange([...items, emptyItem(item)])}>
          <Icon name="plus" />
          Add
        </button>
      )}
    </div>
  );
}
