// Numbers as they are typed, and durations in the unit a person thinks in (stored in seconds).
import { useEffect, useState } from "react";
import type { ControlProps } from "../Form";
import { emptied } from "./Simple";

/** Text that is being typed beside the number it means, so that "1." or "" can stand for a moment. */
function useDraft(value: unknown, scale = 1): [string, (text: string) => void] {
  const shown = typeof value === "number" ? String(Math.round((value / scale) * 1e6) / 1e6) : "";
  const [draft, setDraft] = useState(shown);
  useEffect(() => {
    setDraft((before) => (Number(before) === Number(shown) && (before === "") === (shown === "") ? before : shown));
  }, [shown]);
  return [draft, setDraft];
}

export function NumberControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const [draft, setDraft] = useDraft(value);
  const whole = field.schema.type === "integer";
  const least = Number(field.schema.minimum ?? field.schema.exclusiveMinimum ?? NaN);
  const most = Number(field.schema.maximum ?? NaN);
  const change = (text: string) => {
    setDraft(text);
    const number = Number(text);
    if (text.trim() === "") onChange(emptied(field));
    else if (Number.isFinite(number)) onChange(whole ? Math.round(number) : number);
  };
  return (
    <span className="tc-unit">
      <input
        id={id}
        className="input num"
        type="number"
        inputMode={whole ? "numeric" : "decimal"}
        step={whole ? 1 : "any"}
        value={draft}
        min={Number.isNaN(least) ? undefined : least}
        max={Number.isNaN(most) ? undefined : most}
        placeholder={field.placeholder || (field.nullable ? "No limit" : "")}
        disabled={context.disabled}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => change(event.target.value)}
      />
      {field.unit && <span>{field.unit}</span>}
    </span>
  );
}

const UNITS = [
  { seconds: 1, label: "seconds" },
  { seconds: 60, label: "minutes" },
  { seconds: 3600, label: "hours" },
  { seconds: 86400, label: "days" },
];

function bestUnit(value: unknown): number {
  const seconds = typeof value === "number" ? value : 0;
  if (seconds <= 0) return 60;
  return [...UNITS].reverse().find((unit) => seconds >= unit.seconds && seconds % unit.seconds === 0)?.seconds ?? 1;
}

export function DurationControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const [unit, setUnit] = useState(() => bestUnit(value));
  const [draft, setDraft] = useDraft(value, unit);
  const change = (text: string, scale: number) => {
    setDraft(text);
    const number = Number(text);
    if (text.trim() === "") onChange(emptied(field));
    else if (Number.isFinite(number)) onChange(number * scale);
  };
  return (
    <span className="tc-duration">
      <input
        id={id}
        className="input num"
        type="number"
        inputMode="decimal"
        min={0}
        step="any"
        value={draft}
        placeholder={field.placeholder || (field.nullable ? "No limit" : "")}
        disabled={context.disabled}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => change(event.target.value, unit)}
      />
      <select
        className="input"
        aria-label={`Unit of ${field.label.toLowerCase()}`}
        value={unit}
        disabled={context.disabled}
        onChange={(event) => {
          const next = Number(event.target.value);
          setUnit(next);
          change(draft, next);
        }}
      >
        {UNITS.map((one) => (
          <option key={one.seconds} value={one.seconds}>
            {one.label}
          </option>
        ))}
      </select>
    </span>
  );
}
