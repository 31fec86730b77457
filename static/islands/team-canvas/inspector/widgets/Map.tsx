// Names of a person's choosing with a value each.
import { useState } from "react";
import { Icon } from "../../../graph/Icon";
import { isObject } from "../../../graph/kinds";
import { emptyItem } from "../../../graph/schema";
import type { Json } from "../../../graph/types";
import type { ControlProps } from "../Form";
import { Item, within } from "./List";

export function MapControl({ field, id, value, context, problems = [], onChange }: ControlProps) {
  const [draft, setDraft] = useState("");
  const entries = Object.entries(isObject(value) ? value : {});
  const item = field.item;
  if (!item) return null;
  const put = (next: [string, Json][]) => onChange(next.length ? Object.fromEntries(next) : undefined);
  const name = draft.trim();
  const taken = entries.some(([key]) => key === name);
  const add = () => {
    if (!name || taken) return;
    put([...entries, [name, emptyItem(item)]]);
    setDraft("");
  };
  return (
    <div className="tc-list" id={id}>
      {entries.map(([key, one], at) => (
        <div key={key} className="tc-list-item">
          <div className="tc-list-head">
            <b className="mono truncate">{key}</b>
            <span className="flex-1" />
            {!context.disabled && (
              <button
                type="button"
                className="btn btn-xs btn-square btn-ghost"
                aria-label={`Remove ${key}`}
                onClick={() => put(entries.filter((_, n) => n !== at))}
              >
                <Icon name="x" />
              </button>
            )}
          </div>
          <Item
            item={{ ...item, label: key }}
            id={`${id}-${at}`}
            value={one}
            problems={within(problems, field.path, key)}
            context={context}
            onChange={(next) => put(entries.map(([k, v], n) => [k, n === at ? (next ?? emptyItem(item)) : v]))}
          />
        </div>
      ))}
      {!context.disabled && (
        <div className="tc-add">
          <input
            className="input"
            aria-label={`Name of what is added to ${field.label}`}
            placeholder="Name"
            value={draft}
            maxLength={120}
            aria-invalid={taken || undefined}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              add();
            }}
          />
          <button type="button" className="btn btn-sm" disabled={!name || taken} onClick={add}>
            <Icon name="plus" />
            Add
          </button>
        </div>
      )}
    </div>
  );
}
