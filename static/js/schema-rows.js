// A JSON Schema of an object as rows a person fills in, and back; the canvas does the same in TypeScript
// (static/islands/team-canvas/model/schemaRows.ts). What rows cannot say stays JSON.
const USUAL = new Set(["type", "properties", "required", "additionalProperties", "title", "description", "$schema"]);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function typeOf(property) {
  if (Array.isArray(property.enum)) return property.enum.every((one) => typeof one === "string") ? "choice" : null;
  switch (property.type) {
    case "string":
      return "text";
    case "number":
    case "integer":
    case "boolean":
      return property.type;
    case "array":
      return isObject(property.items) && property.items.type === "string" && !property.items.enum ? "texts" : null;
    default:
      return null;
  }
}

/** The rows of a schema, or null when it says more than rows can. */
export function toRows(schema) {
  if (!isObject(schema)) return null;
  if (!Object.keys(schema).length) return [];
  if (schema.type !== "object" || Object.keys(schema).some((key) => !USUAL.has(key))) return null;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const rows = [];
  for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const type = isObject(property) ? typeOf(property) : null;
    if (!type) return null;
    const { type: _type, enum: choices, items, description, ...rest } = property;
    rows.push({
      name,
      type,
      rest: type === "texts" ? { ...rest, items } : rest,
      required: required.has(name),
      description: typeof description === "string" ? description : "",
      choices: choices ?? [],
    });
  }
  return rows;
}

function property(row) {
  const said = row.description ? { description: row.description } : {};
  if (row.type === "text") return { type: "string", ...said, ...row.rest };
  if (row.type === "texts") return { type: "array", items: { type: "string" }, ...said, ...row.rest };
  if (row.type === "choice") return { type: "string", enum: row.choices, ...said, ...row.rest };
  return { type: row.type, ...said, ...row.rest };
}

/** The schema that says what the rows say; keeps title and the like of `before`. Unnamed rows are left out. */
export function fromRows(rows, before) {
  const { type: _type, properties: _properties, required: _required, ...kept } = isObject(before) ? before : { additionalProperties: false };
  const named = rows.filter((row) => row.name !== "");
  return {
    type: "object",
    ...kept,
    properties: Object.fromEntries(named.map((row) => [row.name, property(row)])),
    required: named.filter((row) => row.required).map((row) => row.name),
  };
}

/** Why a field may not be called that, or an empty string. */
export function nameProblem(rows, at) {
  const { name } = rows[at];
  if (name === "") return "Give the field a name.";
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "Use letters, digits and underscores, so that templates can name it.";
  return rows.some((row, n) => n !== at && row.name === name) ? `There are two fields called ${name}.` : "";
}
