// Text, choices, switches and lists of words.
import { useState, type KeyboardEvent } from "react";
import { Icon } from "../../../graph/Icon";
import type { ControlProps } from "../Form";

const asText = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);

/** What an emptied field stores: nothing, so that the default holds, or null where that is allowed. */
export function emptied(field: ControlProps["field"]): null | undefined {
  return field.nullable && field.fallback !== null ? null : undefined;
}

export function TextControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const most = Number(field.schema.maxLength ?? 0) || undefined;
  return (
    <input
      id={id}
      className="input"
      type="text"
      value={asText(value)}
      placeholder={field.placeholder}
      maxLength={most}
      disabled={context.disabled}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value || emptied(field))}
    />
  );
}

export function TextareaControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  return (
    <textarea
      id={id}
      className="input"
      value={asText(value)}
      placeholder={field.placeholder}
      disabled={context.disabled}
      rows={3}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value || emptied(field))}
    />
  );
}

const FEW = 3;

export function SelectControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const { choices } = field;
  const letters = choices.reduce((sum, choice) => sum + choice.label.length, 0);
  if (choices.length <= FEW && letters <= 30 && !field.nullable) {
    return (
      <div
        id={id}
        className="seg tc-seg"
        role="radiogroup"
        aria-labelledby={`${id}-label`}
        aria-describedby={describedBy}
      >
        {choices.map((choice) => (
          <label key={String(choice.value)}>
            <input
              type="radio"
              name={id}
              checked={choice.value === value}
              disabled={context.disabled}
              onChange={() => onChange(choice.value)}
            />
            {choice.label}
          </label>
        ))}
      </div>
    );
  }
  const at = choices.findIndex((choice) => choice.value === value);
  return (
    <select
      id={id}
      className="input"
      value={at}
      disabled={context.disabled}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      onChange={(event) => {
        const choice = choices[Number(event.target.value)];
        onChange(choice ? choice.value : emptied(field));
      }}
    >
      {(field.nullable || at < 0) && <option value={-1}>{field.placeholder || "None"}</option>}
      {choices.map((choice, n) => (
        <option key={String(choice.value)} value={n}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

export function SwitchControl({ field, id, value, context, describedBy, onChange }: ControlProps) {
  return (
    <label className="tc-switch" htmlFor={id}>
      <input
        id={id}
        type="checkbox"
        role="switch"
        className="toggle toggle-sm"
        checked={value === true}
        disabled={context.disabled}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{field.label}</span>
    </label>
  );
}

/** A list of words: Enter or a comma adds, Backspace in the empty field takes the last one back. */
export function WordsControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const [draft, setDraft] = useState("");
  const words = Array.isArray(value) ? value.map(String) : [];
  const add = () => {
    const next = draft
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word && !words.includes(word));
    if (next.length) onChange([...words, ...next]);
    setDraft("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && draft === "" && words.length) {
      onChange(words.slice(0, -1));
    }
  };
  return (
    <div className="input tc-words" aria-invalid={invalid || undefined}>
      {words.map((word) => (
        <span key={word} className="chip">
          {word}
          {!context.disabled && (
            <button
              type="button"
              aria-label={`Remove ${word}`}
              onClick={() => onChange(words.filter((one) => one !== word))}
            >
              <Icon name="x" />
            </button>
          )}
        </span>
      ))}
      <input
        id={id}
        value={draft}
        placeholder={words.length ? "" : field.placeholder || "Add one, press Enter"}
        disabled={context.disabled}
        aria-describedby={describedBy}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
      />
    </div>
  );
}
