// The fields of an object, one row each: name, type, whether it is needed, and what it means.
import { useState } from "react";
import { Icon } from "../../../graph/Icon";
import {
  freeName,
  fromRows,
  nameProblem,
  ROW_TYPES,
  toRows,
  type RowType,
  type SchemaRow,
} from "../../model/schemaRows";
import type { ControlProps } from "../Form";
import { JsonControl } from "./JsonControl";

interface RowProps {
  row: SchemaRow;
  at: number;
  rows: SchemaRow[];
  id: string;
  disabled: boolean;
  put(row: SchemaRow): void;
  drop(): void;
}

function Row({ row, at, rows, id, disabled, put, drop }: RowProps) {
  const [name, setName] = useState<string | null>(null);
  const draft = rows.map((one, n) => (n === at ? { ...one, name: name ?? row.name } : one));
  const wrong = nameProblem(draft, at);
  const commit = () => {
    if (name !== null && !wrong) put({ ...row, name });
    setName(null);
  };
  return (
    <div className="tc-schema-row">
      <div className="tc-schema-line">
        <input
          className="input mono"
          aria-label={`Name of field ${at + 1}`}
          value={name ?? row.name}
          maxLength={60}
          disabled={disabled}
          aria-invalid={wrong !== "" || undefined}
          onChange={(event) => setName(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => event.key === "Enter" && commit()}
        />
        <select
          className="input"
          aria-label={`Type of ${row.name}`}
          value={row.type}
          disabled={disabled}
          onChange={(event) =>
            put({
              ...row,
              type: event.target.value as RowType,
              rest: {},
              choices: event.target.value === "choice" && !row.choices.length ? ["yes", "no"] : row.choices,
            })
          }
        >
          {ROW_TYPES.map((type) => (
            <option key={type.value} value={type.value}>
              {type.label}
            </option>
          ))}
        </select>
        {!disabled && (
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label={`Remove ${row.name}`}
            onClick={drop}
          >
            <Icon name="x" />
          </button>
        )}
      </div>
      {row.type === "choice" && (
        <input
          className="input input-sm"
          aria-label={`Choices of ${row.name}, separated by commas`}
          defaultValue={row.choices.join(", ")}
          disabled={disabled}
          onBlur={(event) =>
            put({
              ...row,
              choices: event.target.value
                .split(",")
                .map((one) => one.trim())
                .filter(Boolean),
            })
          }
        />
      )}
      <input
        className="input input-sm"
        aria-label={`What ${row.name} means`}
        placeholder="What it means, for people and models"
        value={row.description}
        disabled={disabled}
        onChange={(event) => put({ ...row, description: event.target.value })}
      />
      <label className="tc-required">
        <input
          id={`${id}-${at}-required`}
          type="checkbox"
          className="checkbox checkbox-xs"
          checked={row.required}
          disabled={disabled}
          onChange={(event) => put({ ...row, required: event.target.checked })}
        />
        Required
      </label>
      {name !== null && wrong && <p className="field-error">{wrong}</p>}
    </div>
  );
}

export function SchemaControl(props: ControlProps) {
  const { id, value, context, onChange } = props;
  const rows = toRows(value);
  const [asJson, setAsJson] = useState(false);
  const write = (next: SchemaRow[]) => onChange(fromRows(next, value));
  if (rows === null || asJson) {
    return (
      <>
        <JsonControl {...props} />
        {rows === null ? (
          <p className="field-help">This schema says more than the form can show, so it is edited as JSON.</p>
        ) : (
          <button type="button" className="link tc-swap" onClick={() => setAsJson(false)}>
            Back to the form
          </button>
        )}
      </>
    );
  }
  return (
    <div id={id} className="tc-schema" role="group" aria-labelledby={`${id}-label`}>
      {rows.map((row, at) => (
        <Row
          key={at}
          row={row}
          at={at}
          rows={rows}
          id={id}
          disabled={context.disabled}
          put={(next) => write(rows.map((one, n) => (n === at ? next : one)))}
          drop={() => write(rows.filter((_, n) => n !== at))}
        />
      ))}
      {rows.length === 0 && <p className="field-help">No fields yet.</p>}
      <div className="tc-schema-foot">
        {!context.disabled && (
          <button
            type="button"
            className="btn btn-xs"
            onClick={() =>
              write([
                ...rows,
                { name: freeName(rows), type: "text", required: true, description: "", choices: [], rest: {} },
              ])
            }
          >
            <Icon name="plus" />
            Add a field
          </button>
        )}
        <button type="button" className="link tc-swap" onClick={() => setAsJson(true)}>
          As JSON
        </button>
      </div>
    </div>
  );
}
