// JSON as a tree that opens and closes; long lists show their first items and offer the rest.
import { useState } from "react";
import { Icon } from "../../graph";

const FIRST = 50;
const OPEN_DEPTH = 2;
const LONG_TEXT = 2_000;

export function Json({ value }: { value: unknown }) {
  return <div className="rt-json"><Branch value={value} depth={0} /></div>;
}

function Branch({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const [open, setOpen] = useState(depth < OPEN_DEPTH);
  const [shown, setShown] = useState(FIRST);
  if (value === null || typeof value !== "object") {
    return <div className="rt-json-row">{name !== undefined && <Key name={name} />}<Leaf value={value} /></div>;
  }
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const size = `${entries.length} ${list ? (entries.length === 1 ? "item" : "items") : entries.length === 1 ? "field" : "fields"}`;
  return (
    <div className="rt-json-row">
      <button type="button" className="rt-json-turn" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "chevron-down" : "chevron-right"} size={12} />
        {name !== undefined ? <Key name={name} /> : null}
        <span className="text-dim">{list ? `[${size}]` : `{${size}}`}</span>
      </button>
      {open && (
        <div className="rt-json-in">
          {entries.slice(0, shown).map(([key, item]) => <Branch key={key} name={key} value={item} depth={depth + 1} />)}
          {entries.length > shown && (
            <button type="button" className="link" onClick={() => setShown(shown + 500)}>{entries.length - shown} more</button>
          )}
        </div>
      )}
    </div>
  );
}

const Key = ({ name }: { name: string }) => <span className="rt-json-key">{name}</span>;

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") return <span className="rt-json-plain num">{String(value)}</span>;
  const cut = !whole && value.length > LONG_TEXT;
  return (
    <span className="rt-json-text">
      {cut ? value.slice(0, LONG_TEXT) : value}
      {cut && <button type="button" className="link" onClick={() => setWhole(true)}>… {value.length - LONG_TEXT} more characters</button>}
    </span>
  );
}
