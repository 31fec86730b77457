// A list of little forms: add, remove, move.
import { Icon } from "../../../graph/Icon";
import { isObject } from "../../../graph/kinds";
import { setAt } from "../../../graph/schema";
import type { Json } from "../../../graph/types";
import { Form, type ControlProps } from "../Form";

export function ListControl({ field, id, value, context, onChange }: ControlProps) {
  const items = Array.isArray(value) ? value : [];
  const item = field.item;
  if (!item) return null;
  const put = (at: number, next: Json) => onChange(items.map((one, n) => (n === at ? next : one)));
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
          <Form
            fields={item.widget === "group" ? item.fields : [item]}
            value={isObject(one) ? one : {}}
            problems={[]}
            prefix={`${id}-${at}`}
            context={context}
            onChange={(path, next) => put(at, setAt(isObject(one) ? one : {}, path, next))}
          />
        </div>
      ))}
      {!context.disabled && (
        <button type="button" className="btn btn-xs" onClick={() => onChange([...items, {}])}>
          <Icon name="plus" />
          Add
        </button>
      )}
    </div>
  );
}
