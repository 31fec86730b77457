// Reads a kind's JSON Schema (pydantic's dialect) into a tree of fields, with the hints its author gave.
import type { Json, JsonObject } from "./types";

const WIDGETS = [
  "text",
  "textarea",
  "template",
  "rule",
  "agent",
  "model",
  "tool",
  "tools",
  "team",
  "arguments",
  "schema",
  "select",
  "number",
  "duration",
  "switch",
  "words",
  "json",
  "group",
  "list",
  "map",
] as const;
export type Widget = (typeof WIDGETS)[number];
const isWidget = (hint: string): hint is Widget => (WIDGETS as readonly string[]).includes(hint);

export interface Choice {
  value: Json;
  label: string;
}
export interface Field {
  path: string[];
  key: string;
  label: string;
  help: string;
  section: string;
  widget: Widget;
  required: boolean;
  nullable: boolean;
  fallback: Json | undefined; // the default of the schema
  choices: Choice[];
  subtitle: boolean;
  chip: string; // what the card shows of it, the value at {}; none: nothing
  placeholder: string;
  unit: string;
  showIf: JsonObject | null;
  edges: string[]; // shown only when the node has an edge of one of these kinds; none: always
  schema: JsonObject; // resolved
  fields: Field[]; // of a group
  item: Field | null; // of a list, or the values of a map
}

const FIRST_SECTION = "Settings";

const asObject = (value: Json | undefined): JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
const asList = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const asText = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** Follows `$ref`, folds `allOf` of one and `anyOf` with null; hints beside a `$ref` win over its own. */
export function resolve(schema: JsonObject, root: JsonObject): { schema: JsonObject; nullable: boolean } {
  let current = schema;
  let nullable = false;
  for (let depth = 0; depth < 12; depth += 1) {
    if (typeof current.$ref === "string") {
      const { $ref, ...beside } = current;
      const name = String($ref).split("/").pop() ?? "";
      current = { ...asObject(asObject(root.$defs)[name]), ...beside };
      continue;
    }
    const options = asList(current.anyOf ?? current.oneOf).map(asObject);
    const others = options.filter((option) => option.type !== "null");
    if (options.length && others.length === 1) {
      nullable ||= others.length < options.length;
      const { anyOf: _any, oneOf: _one, ...beside } = current;
      current = { ...others[0], ...beside };
      continue;
    }
    const all = asList(current.allOf).map(asObject);
    if (all.length === 1) {
      const { allOf: _all, ...beside } = current;
      current = { ...all[0], ...beside };
      continue;
    }
    break;
  }
  return { schema: current, nullable };
}

function words(key: string): string {
  const text = key.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function guessWidget(schema: JsonObject, root: JsonObject): Widget {
  if (Array.isArray(schema.enum) || schema.const !== undefined) return "select";
  switch (schema.type) {
    case "boolean":
      return "switch";
    case "integer":
    case "number":
      return "number";
    case "string":
      return Number(schema.maxLength ?? 0) > 400 ? "textarea" : "text";
    case "array": {
      const item = resolve(asObject(schema.items), root).schema;
      if (item.type === "string" && !item.enum) return "words";
      return guessWidget(item, root) === "json" ? "json" : "list";
    }
    default:
      if (schema.properties) return "group";
      return isNamed(schema, root) ? "map" : "json";
  }
}

/** An object with names of a person's choosing, whose values are all of one kind that has a form. */
function isNamed(schema: JsonObject, root: JsonObject): boolean {
  const values = asObject(schema.additionalProperties);
  return schema.type === "object" && Object.keys(values).length > 0 && guessWidget(resolve(values, root).schema, root) !== "json";
}

function choicesOf(schema: JsonObject, ui: JsonObject): Choice[] {
  const labels = asObject(ui.options);
  const values = schema.const !== undefined ? [schema.const] : asList(schema.enum);
  return values.map((value) => ({ value, label: asText(labels[String(value)]) || words(String(value)) }));
}

const TASK_WORDS: Record<string, [string, string]> = {
  description: ["What to do", "Say it as you would to a colleague. Press a chip to insert what comes before."],
  expected_output: ["What comes out", ""],
};

/** The texts of a task are templates, and called what people call them. */
function asTask(field: Field): Field {
  const [label, help] = TASK_WORDS[field.key] ?? [field.label, field.help];
  return { ...field, label, help, widget: field.schema.type === "string" ? "template" : field.widget };
}

function makeField(key: string, raw: JsonObject, root: JsonObject, path: string[], section: string): Field {
  const { schema, nullable } = resolve(raw, root);
  const ui = { ...asObject(schema.ui), ...asObject(raw.ui) };
  const own = asText(ui.section) || section;
  const hint = asText(ui.widget);
  const widget = isWidget(hint) ? hint : guessWidget(schema, root);
  const field: Field = {
    path,
    key,
    label: asText(ui.label) || asText(schema.title) || words(key),
    help: asText(ui.help) || asText(schema.description),
    section: own,
    widget,
    required: false,
    nullable,
    fallback: raw.default ?? schema.default,
    choices: choicesOf(schema, ui),
    subtitle: ui.subtitle === true,
    chip: ui.chip === true ? "{}" : asText(ui.chip),
    placeholder: asText(ui.placeholder),
    unit: asText(ui.unit),
    showIf: ui.when ? asObject(ui.when) : null,
    edges: asList(ui.edges).map(String),
    schema,
    fields: [],
    item: null,
  };
  if (widget === "group") field.fields = fieldsOf(schema, root, path, own);
  if (hint === "task") field.fields = field.fields.map(asTask);
  if (widget === "list") field.item = makeField("item", asObject(schema.items), root, [], own);
  if (widget === "map") field.item = makeField("value", asObject(schema.additionalProperties), root, [], own);
  return field;
}

/** A field that no schema describes. */
export function plainField(key: string, widget: Widget, more: Partial<Field> = {}): Field {
  return {
    path: [key], key, label: words(key), help: "", section: "", widget, required: false, nullable: false,
    fallback: undefined, choices: [], subtitle: false, chip: "", placeholder: "", unit: "", showIf: null,
    edges: [], schema: {}, fields: [], item: null, ...more,
  };
}

/** What an item of a list is before anybody filled it in. */
export function emptyItem(item: Field): Json {
  if (item.fallback !== undefined) return item.fallback;
  if (item.choices[0]) return item.choices[0].value;
  const empty: Record<string, Json> = { number: 0, switch: false, group: {}, map: {}, list: [], words: [], json: null };
  return empty[item.widget] ?? "";
}

/** The fields of an object schema, in the order in which its author wrote them. */
export function fieldsOf(
  schema: JsonObject,
  root: JsonObject = schema,
  path: string[] = [],
  section = FIRST_SECTION,
): Field[] {
  const required = new Set(asList(schema.required).map(String));
  return Object.entries(asObject(schema.properties)).map(([key, raw]) => ({
    ...makeField(key, asObject(raw), root, [...path, key], section),
    required: required.has(key),
  }));
}

/** Groups laid flat: every field that holds a value of its own. */
export function leaves(fields: Field[]): Field[] {
  return fields.flatMap((field) => (field.widget === "group" ? leaves(field.fields) : [field]));
}

export function getAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => asObject(at)[key], value);
}

/** `value` with `next` at `path`; undefined removes the key, so that the schema's default holds again. */
export function setAt(value: JsonObject, path: readonly string[], next: Json | undefined): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return asObject(next);
  const copy = { ...value };
  if (rest.length) {
    copy[key] = setAt(asObject(value[key]), rest, next);
  } else if (next === undefined) {
    delete copy[key];
  } else {
    copy[key] = next;
  }
  return copy;
}

/** The value a field shows: what is stored, else the schema's default. */
export function valueOf(field: Field, config: JsonObject): Json | undefined {
  return getAt(config, field.path) ?? field.fallback;
}

/** Whether a field is shown for this configuration; hints may tie it to the value of another field. */
export function isShown(field: Field, config: JsonObject, siblings: Field[]): boolean {
  if (!field.showIf) return true;
  return Object.entries(field.showIf).every(([key, wanted]) => {
    const other = siblings.find((sibling) => sibling.key === key);
    const value = other ? valueOf(other, config) : getAt(config, [...field.path.slice(0, -1), key]);
    return asList(Array.isArray(wanted) ? wanted : [wanted]).includes(value ?? null);
  });
}
