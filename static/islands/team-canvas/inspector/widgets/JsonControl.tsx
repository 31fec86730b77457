// Whatever has no form of its own, as JSON; what cannot be read is kept in the field and said.
import { useEffect, useState } from "react";
import type { Json } from "../../../graph/types";
import type { ControlProps } from "../Form";
import { emptied } from "./Simple";

const print = (value: Json | undefined): string => (value === undefined ? "" : JSON.stringify(value, null, 2));

function same(text: string, value: Json | undefined): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value);
  } catch {
    return false;
  }
}

export function JsonControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const [draft, setDraft] = useState(print(value));
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    setDraft((before) => (same(before, value) ? before : print(value)));
    setWrong("");
  }, [value]);
  const change = (text: string) => {
    setDraft(text);
    if (text.trim() === "") {
      setWrong("");
      return onChange(emptied(field));
    }
    try {
      onChange(JSON.parse(text) as Json);
      setWrong("");
    } catch (error) {
      setWrong(`This is not JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}.`);
    }
  };
  return (
    <>
      <textarea
        id={id}
        className="input mono tc-json"
        spellCheck={false}
        rows={5}
        placeholder={field.placeholder}
        value={draft}
        disabled={context.disabled}
        aria-invalid={invalid || wrong !== "" || undefined}
        aria-describedby={describedBy}
        onChange={(event) => change(event.target.value)}
      />
      {wrong && (
        <p className="field-error" role="alert">
          {wrong}
        </p>
      )}
    </>
  );
}
