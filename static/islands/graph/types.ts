// The team document as the canvas edits it, and what the server says about kinds, agents and tools.
// Field names are those of `troupe.team/v1` (agents/topology/graph.py) and of `DesignKind.describe()`.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type EdgeKind = "flow" | "error" | "delegates" | "handoff";
export type Carries = "output" | "conversation" | "nothing";
export type Point = { x: number; y: number };

export interface GraphNode {
  id: string;
  kind: string;
  name: string;
  position: Point;
  config: JsonObject;
  writes: Record<string, string>; // variable → rule
}
export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  kind: EdgeKind;
  label: string;
  when: string;
  carries: Carries;
}
export interface StickyNote {
  id: string;
  text: string;
  position: Point;
}
export type VariableType = "string" | "number" | "integer" | "boolean" | "array" | "object";
export type Merge = "replace" | "append" | "add" | "merge";

/** What nodes of a team share. */
export interface Variable {
  name: string;
  type: VariableType;
  merge: Merge;
  initial: Json; // null: empty
}
export interface RunLimits {
  cost_usd?: string | null;
  tokens?: number | null;
  model_calls?: number | null;
  seconds?: number | null;
  soft_percent?: number | null;
  latency_s?: number | null;
}
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  notes: StickyNote[];
  variables: Variable[];
  limits: RunLimits;
}

/** A node kind as `describe()` gives it; the canvas knows kinds only through this. */
export interface Kind {
  name: string;
  title: string;
  summary: string;
  icon: string;
  group: "thinks" | "routes" | "acts" | "person";
  shape: "card" | "tile";
  takes: boolean;
  gives: EdgeKind[];
  merges: boolean;
  chooses: boolean;
  works: boolean; // may others run it, by a delegates edge?
  peers: boolean; // may it be handed over to?
  loops: boolean; // may one of its edges lead back?
  asks_by_rule: boolean; // do rules on its delegates edges mean anything?
  schema: JsonObject;
  defaults?: JsonObject; // what holds where a configuration says nothing
}
export interface AgentInfo {
  id: string;
  key: string;
  name: string;
  role: string;
  goal: string;
  model: { endpoint: string; model: string };
  fallbacks?: { endpoint: string; model: string }[]; // asked in this order when it fails
  tools: string[];
  output: "text" | "json";
  version: number;
  url: string;
}
export interface ToolInfo {
  name: string;
  kind: string;
  title: string;
  icon: string;
  effect: string;
  approval: string;
  parameters?: JsonObject; // JSON Schema of the arguments
}
export interface ModelInfo {
  endpoint: string;
  model: string;
  price?: string | null;
}
export interface Problem {
  code: string;
  message: string;
  fix: string;
  node: string | null;
  edge: string | null;
  field: string;
  severity: "error" | "warning";
}

/** What a node's card can look up. */
export interface Catalog {
  kinds: Map<string, Kind>;
  agents: Map<string, AgentInfo>;
  tools: Map<string, ToolInfo>;
}

/** The graph as the server dumps it: what equals a default may be missing. */
export interface LooseGraph {
  nodes?: (Partial<GraphNode> & { id: string; kind: string })[];
  edges?: (Partial<GraphEdge> & { id: string; source: string; target: string })[];
  notes?: (Partial<StickyNote> & { id: string })[];
  variables?: (Partial<Variable> & { name: string })[];
  limits?: RunLimits;
}

export function completeGraph(loose: LooseGraph): Graph {
  return {
    nodes: (loose.nodes ?? []).map((node) => ({
      id: node.id,
      kind: node.kind,
      name: node.name ?? "",
      position: { x: node.position?.x ?? 0, y: node.position?.y ?? 0 },
      config: node.config ?? {},
      writes: node.writes ?? {},
    })),
    edges: (loose.edges ?? []).map((edge) => ({
      id: edge.id,
      source: edge.source,
      target: edge.target,
      kind: edge.kind ?? "flow",
      label: edge.label ?? "",
      when: edge.when ?? "",
      carries: edge.carries ?? "output",
    })),
    notes: (loose.notes ?? []).map((note) => ({
      id: note.id,
      text: note.text ?? "",
      position: { x: note.position?.x ?? 0, y: note.position?.y ?? 0 },
    })),
    variables: (loose.variables ?? []).map((variable) => ({
      name: variable.name,
      type: variable.type ?? "string",
      merge: variable.merge ?? "replace",
      initial: variable.initial ?? null,
    })),
    limits: loose.limits ?? {},
  };
}

export function makeCatalog(kinds: Kind[], agents: AgentInfo[] = [], tools: ToolInfo[] = []): Catalog {
  return {
    kinds: new Map(kinds.map((kind) => [kind.name, kind])),
    agents: new Map(agents.map((agent) => [agent.key, agent])),
    tools: new Map(tools.map((tool) => [tool.name, tool])),
  };
}
