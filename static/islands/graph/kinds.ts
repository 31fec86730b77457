// What a node shows on its card, derived from its kind's schema and hints: no kind is known by name.
import { fieldsOf, getAt, leaves, valueOf, type Field } from "./schema";
import type { AgentInfo, Catalog, EdgeKind, GraphNode, Json, JsonObject, Kind, ToolInfo } from "./types";

const fieldCache = new WeakMap<Kind, Field[]>();

export function kindFields(kind: Kind): Field[] {
  let fields = fieldCache.get(kind);
  if (!fields) {
    fields = fieldsOf(kind.schema).map((field) => withDefault(field, kind.defaults));
    fieldCache.set(kind, fields);
  }
  return fields;
}

function withDefault(field: Field, defaults: JsonObject | undefined): Field {
  const fallback = getAt(defaults, field.path) ?? field.fallback;
  return { ...field, fallback, fields: field.fields.map((inner) => withDefault(inner, defaults)) };
}

export function fieldOf(kind: Kind, widget: string): Field | undefined {
  return leaves(kindFields(kind)).find((field) => field.widget === widget);
}

/** A kind that may stand in for one this installation does not know: drawn, movable, not editable. */
export function unknownKind(name: string): Kind {
  return {
    name,
    title: name,
    summary: "This kind of node is not installed here.",
    icon: "circle-question-mark",
    group: "routes",
    shape: "card",
    takes: true,
    gives: ["flow"],
    merges: true,
    chooses: false,
    works: true,
    peers: true,
    loops: false,
    asks_by_rule: false,
    schema: {},
  };
}

const strangers = new Map<string, Kind>();

export function kindOf(catalog: Catalog, node: { kind: string }): Kind {
  const known = catalog.kinds.get(node.kind) ?? strangers.get(node.kind);
  if (known) return known;
  const stranger = unknownKind(node.kind);
  strangers.set(node.kind, stranger);
  return stranger;
}

/** The field that says who a node is: an agent on whose role the card's second line depends. */
function whoField(kind: Kind): Field | undefined {
  return leaves(kindFields(kind)).find((field) => field.widget === "agent" && field.subtitle);
}

/** The agent a node stands for, and is called after. */
export function agentOf(catalog: Catalog, node: GraphNode): AgentInfo | undefined {
  const field = whoField(kindOf(catalog, node));
  const key = field && valueOf(field, node.config);
  return typeof key === "string" ? catalog.agents.get(key) : undefined;
}

/** The kind of node that an agent from the palette becomes. */
export function agentKind(catalog: Catalog): { kind: Kind; field: Field } | null {
  for (const kind of catalog.kinds.values()) {
    const field = whoField(kind);
    if (field) return { kind, field };
  }
  return null;
}

const firstLine = (text: string) => text.trim().split("\n", 1)[0]?.trim() ?? "";

function shown(value: Json | undefined, field: Field, catalog: Catalog, line: boolean): string {
  if (value === undefined || value === null || value === "") return "";
  if (field.widget === "agent") {
    const agent = catalog.agents.get(String(value));
    return line ? firstLine(agent?.role ?? "") : (agent?.model.model ?? "");
  }
  if (field.widget === "schema") return schemaNames(value).join(", ");
  if (field.widget === "duration" && typeof value === "number") return shortDuration(value);
  if (typeof value === "number" && field.unit) return `${value} ${field.unit}`;
  const choice = field.choices.find((option) => option.value === value);
  if (choice) return choice.label;
  if (Array.isArray(value))
    return value
      .map((item) => (typeof item === "string" ? item : ""))
      .filter(Boolean)
      .join(", ");
  if (typeof value === "object") return String(value.model ?? value.name ?? "");
  return firstLine(String(value));
}

export function schemaNames(value: Json | undefined): string[] {
  const properties = value && typeof value === "object" && !Array.isArray(value) ? value.properties : null;
  return properties && typeof properties === "object" && !Array.isArray(properties) ? Object.keys(properties) : [];
}

/** "45 s", "4 h", "2 d 6 h": a duration in at most two units. */
export function shortDuration(seconds: number): string {
  const units: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size);
    if (count && parts.length < 2) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.join(" ") || "0 s";
}

/** Name, role line and foot of a node's card. */
export interface CardText {
  kind: Kind;
  name: string;
  role: string;
  isTemplate: boolean; // the role line still has to be filled in, which only a run does
  chips: { text: string; mark: string }[]; // mark: the bare value, where that is a short word
  tools: ToolInfo[];
}

export function nodeName(catalog: Catalog, node: GraphNode): string {
  return node.name || agentOf(catalog, node)?.name || kindOf(catalog, node).title;
}

export function cardText(catalog: Catalog, node: GraphNode): CardText {
  const kind = kindOf(catalog, node);
  const fields = leaves(kindFields(kind));
  const agent = agentOf(catalog, node);
  const lines = fields
    .filter((field) => field.subtitle)
    .map((field) => shown(valueOf(field, node.config), field, catalog, true));
  const chips = fields
    .filter((field) => field.chip)
    .map((field) => {
      const value = valueOf(field, node.config);
      const text = shown(value, field, catalog, false);
      return { text: text && field.chip.replace("{}", () => text), mark: field.widget === "select" ? String(value) : "" };
    });
  return {
    kind,
    name: nodeName(catalog, node),
    role: lines.find(Boolean) || kind.summary,
    isTemplate: /{[{%]/.test(lines.find(Boolean) ?? ""),
    chips: chips.filter((chip) => chip.text),
    tools: (agent?.tools ?? []).flatMap((name) => catalog.tools.get(name) ?? []),
  };
}

/** The names a run's input has: the properties of the schema on the node that nothing leads into. */
export function inputNames(catalog: Catalog, nodes: GraphNode[]): string[] {
  for (const node of nodes) {
    const kind = kindOf(catalog, node);
    const field = kind.takes ? undefined : fieldOf(kind, "schema");
    if (field) return schemaNames(valueOf(field, node.config));
  }
  return [];
}

const EDGE_ORDER: EdgeKind[] = ["flow", "error", "delegates", "handoff"];

/** The kinds of edge a node may give, the usual one first. */
export const givesOf = (kind: Kind): EdgeKind[] => EDGE_ORDER.filter((edge) => kind.gives.includes(edge));

export const isObject = (value: Json | undefined): value is JsonObject =>
  value !== null && value !== undefined && typeof value === "object" && !Array.isArray(value);
