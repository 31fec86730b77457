// A JSON Schema of an object as rows a person fills in, and back. What rows cannot say stays JSON.
import { isObject } from "../../graph/kinds";
import type { Json, JsonObject } from "../../graph/types";

export type RowType = "text" | "number" | "integer" | "boolean" | "texts" | "choice";
export interface SchemaRow {
  name: string;
  type: RowType;
  required: boolean;
  description: string;
  choices: string[];
  rest: JsonObject; // bounds, defaults and the like, kept as they are
}

export const ROW_TYPES: { value: RowType; label: string }[] = [
  { value: "text", label: "Text" },
  { value: "number", label: "Number" },
  { value: "integer", label: "Whole number" },
  { value: "boolean", label: "Yes or no" },
  { value: "choice", label: "One of" },
  { value: "texts", label: "List of texts" },
];

function typeOf(property: JsonObject): RowType | null {
  if (Array.isArray(property.enum)) return property.enum.every((one) => typeof one === "string") ? "choice" : null;
  switch (property.type) {
    case "string":
      return "text";
    case "number":
      return "number";
    case "integer":
      return "integer";
    case "boolean":
      return "boolean";
    case "array":
      return isObject(property.items) && property.items.type === "string" && !property.items.enum ? "texts" : null;
    default:
      return null;
  }
}

/** The rows of a schema, or null when it says more than rows can. */
export function toRows(schema: Json | undefined): SchemaRow[] | null {
  if (schema === undefined || schema === null) return [];
  if (!isObject(schema)) return null;
  if (Object.keys(schema).length === 0) return [];
  const usual = new Set(["type", "properties", "required", "additionalProperties", "title", "description", "$schema"]);
  if (schema.type !== "object" || Object.keys(schema).some((key) => !usual.has(key))) return null;
  const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : []);
  const rows: SchemaRow[] = [];
  for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const type = isObject(property) ? typeOf(property) : null;
    if (!isObject(property) || !type) return null;
    const { type: _type, enum: choices, items: _items, description, ...rest } = property;
    rows.push({
      name,
      type,
      required: required.has(name),
      rest,
      description: typeof description === "string" ? description : "",
      choices: Array.isArray(choices) ? choices.map(String) : [],
    });
  }
  return rows;
}

function property(row: SchemaRow): JsonObject {
  const said = row.description ? { description: row.description } : {};
  switch (row.type) {
    case "text":
      return { type: "string", ...said, ...row.rest };
    case "texts":
      return { type: "array", items: { type: "string" }, ...said, ...row.rest };
    case "choice":
      return { type: "string", enum: row.choices, ...said, ...row.rest };
    default:
      return { type: row.type, ...said, ...row.rest };
  }
}

/** The schema that says what the rows say; keeps title and the like of `before`. Unnamed rows are left out. */
export function fromRows(rows: SchemaRow[], before: Json | undefined): JsonObject {
  const {
    type: _type,
    properties: _properties,
    required: _required,
    ...kept
  } = isObject(before) ? before : { additionalProperties: false };
  const named = rows.filter((row) => row.name !== "");
  return {
    type: "object",
    ...kept,
    properties: Object.fromEntries(named.map((row) => [row.name, property(row)])),
    required: named.filter((row) => row.required).map((row) => row.name),
  };
}

/** Why a field may not be called that, or an empty string. */
export function nameProblem(rows: SchemaRow[], at: number): string {
  const name = rows[at]?.name ?? "";
  if (name === "") return "Give the field a name.";
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return "Use letters, digits and underscores, so that templates can name it.";
  return rows.some((row, n) => n !== at && row.name === name) ? `There are two fields called ${name}.` : "";
}

export function freeName(rows: SchemaRow[]): string {
  const used = new Set(rows.map((row) => row.name));
  for (let n = rows.length + 1; ; n += 1) if (!used.has(`field_${n}`)) return `field_${n}`;
}
