// Every change of a graph, as functions from graph to graph. What is not touched stays the same object.
import type {
  EdgeKind,
  Graph,
  GraphEdge,
  GraphNode,
  Json,
  JsonObject,
  Point,
  RunLimits,
  StickyNote,
  Variable,
} from "../../graph/types";
import { edgeId, noteId } from "./ids";
import { renameNames, renameReferences } from "./references";

export interface Picked {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  notes: ReadonlySet<string>;
}
export const NOTHING: Picked = { nodes: new Set(), edges: new Set(), notes: new Set() };

export function addNode(graph: Graph, node: GraphNode): Graph {
  return { ...graph, nodes: [...graph.nodes, node] };
}

export function changeNode(
  graph: Graph,
  id: string,
  change: Partial<Pick<GraphNode, "name" | "config" | "kind">>,
): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) };
}

export function changeConfig(graph: Graph, id: string, change: (config: JsonObject) => JsonObject): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (node.id === id ? { ...node, config: change(node.config) } : node)),
  };
}

export function connect(
  graph: Graph,
  source: string,
  target: string,
  kind: EdgeKind,
): { graph: Graph; edge: GraphEdge } {
  const id = edgeId(graph, source, target, kind);
  const edge: GraphEdge = { id, source, target, kind, label: "", when: "", carries: "output" };
  return { graph: { ...graph, edges: [...graph.edges, edge] }, edge };
}

export function changeEdge(graph: Graph, id: string, change: Partial<Omit<GraphEdge, "id">>): Graph {
  return { ...graph, edges: graph.edges.map((edge) => (edge.id === id ? { ...edge, ...change } : edge)) };
}

export function addNote(graph: Graph, position: Point, text = ""): { graph: Graph; note: StickyNote } {
  const note = { id: noteId(graph.notes.map((one) => one.id)), text, position };
  return { graph: { ...graph, notes: [...graph.notes, note] }, note };
}

export function changeNote(graph: Graph, id: string, text: string): Graph {
  return { ...graph, notes: graph.notes.map((note) => (note.id === id ? { ...note, text } : note)) };
}

/** What the node writes into a variable; without a rule, nothing. */
export function changeWrite(graph: Graph, id: string, variable: string, rule: string | null): Graph {
  const write = (node: GraphNode): GraphNode => {
    const { [variable]: _before, ...rest } = node.writes;
    return { ...node, writes: rule === null ? rest : { ...node.writes, [variable]: rule } };
  };
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? write(node) : node)) };
}

export function addVariable(graph: Graph, name: string): Graph {
  const variable: Variable = { name, type: "string", merge: "replace", initial: null };
  return { ...graph, variables: [...graph.variables, variable] };
}

export function changeVariable(graph: Graph, at: number, change: Partial<Variable>): Graph {
  const before = graph.variables[at];
  if (!before) return graph;
  const changed = { ...graph, variables: graph.variables.map((one, n) => (n === at ? { ...one, ...change } : one)) };
  const { name } = change;
  if (name === undefined || name === before.name) return changed;
  return follow(changed, (value) => renameNames(value, `vars.${before.name}`, `vars.${name}`), (writes) =>
    Object.fromEntries(Object.entries(writes).map(([key, rule]) => [key === before.name ? name : key, rule])),
  );
}

/** Without a variable, and without what nodes wrote into it. */
export function removeVariable(graph: Graph, at: number): Graph {
  const gone = graph.variables[at]?.name ?? "";
  const rest = graph.variables.filter((_, n) => n !== at);
  const nodes = graph.nodes.map((node) => {
    const { [gone]: written, ...writes } = node.writes;
    return written === undefined ? node : { ...node, writes };
  });
  return { ...graph, nodes, variables: rest };
}

export function changeLimits(graph: Graph, change: Partial<RunLimits>): Graph {
  return { ...graph, limits: { ...graph.limits, ...change } };
}

/** Moves nodes and notes to the given places. */
export function place(graph: Graph, places: ReadonlyMap<string, Point>): Graph {
  const put = <T extends { id: string; position: Point }>(item: T): T => {
    const at = places.get(item.id);
    return at && (at.x !== item.position.x || at.y !== item.position.y) ? { ...item, position: at } : item;
  };
  return { ...graph, nodes: graph.nodes.map(put), notes: graph.notes.map(put) };
}

/** Without what is picked; edges of a node that goes, go with it. */
export function remove(graph: Graph, picked: Picked): Graph {
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !picked.nodes.has(node.id)),
    edges: graph.edges.filter(
      (edge) => !picked.edges.has(edge.id) && !picked.nodes.has(edge.source) && !picked.nodes.has(edge.target),
    ),
    notes: graph.notes.filter((note) => !picked.notes.has(note.id)),
  };
}

/** Without a node, its predecessors leading on to its successors, where it had one way through. What leads back
 * from a loop does not count as one. */
export function removeAndMend(graph: Graph, id: string, back: ReadonlySet<string> = new Set()): Graph {
  const into = graph.edges.filter((edge) => edge.target === id && edge.kind === "flow");
  const out = graph.edges.filter((edge) => edge.source === id && edge.kind === "flow" && !back.has(edge.id));
  const rest = remove(graph, { ...NOTHING, nodes: new Set([id]) });
  const on = out[0];
  if (out.length !== 1 || !on || into.length === 0) return rest;
  const present = new Set(
    rest.edges.filter((edge) => edge.kind === "flow").map((edge) => `${edge.source}→${edge.target}`),
  );
  const mended = into.filter((edge) => edge.source !== on.target && !present.has(`${edge.source}→${on.target}`));
  return { ...rest, edges: [...rest.edges, ...mended.map((edge) => ({ ...edge, target: on.target }))] };
}

/** The kind of edge that leads on from a node put onto an edge of `kind`: what failed flows on from there. */
export const onward = (kind: EdgeKind): EdgeKind => (kind === "error" ? "flow" : kind);

/** Puts a node between the ends of an edge; label and rule stay on the way into it. */
export function insertOn(graph: Graph, id: string, node: GraphNode, gives: boolean): Graph {
  const edge = graph.edges.find((one) => one.id === id);
  const withNode = addNode(graph, node);
  if (!edge) return withNode;
  const turned = changeEdge(withNode, id, { target: node.id });
  return gives ? connect(turned, node.id, edge.target, onward(edge.kind)).graph : turned;
}

/** Another id for a node, followed by every edge, template and rule that names it. */
export function renameNode(graph: Graph, from: string, to: string): Graph {
  const followed = follow(graph, (value) => renameReferences(value, from, to));
  return {
    ...followed,
    nodes: followed.nodes.map((node) => (node.id === from ? { ...node, id: to } : node)),
    edges: followed.edges.map((edge) =>
      edge.source === from || edge.target === from
        ? { ...edge, source: edge.source === from ? to : edge.source, target: edge.target === from ? to : edge.target }
        : edge,
    ),
  };
}

/** Every text, template and rule of a graph through `change`; what stays the same stays the same object. */
function follow(
  graph: Graph,
  change: (value: Json) => Json,
  keys: (writes: GraphNode["writes"]) => GraphNode["writes"] = (writes) => writes,
): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      const config = change(node.config) as JsonObject;
      const rules = change(node.writes) as GraphNode["writes"];
      const writes = Object.keys(rules).length ? keys(rules) : rules;
      return config === node.config && writes === node.writes ? node : { ...node, config, writes };
    }),
    edges: graph.edges.map((edge) => {
      const when = change(edge.when) as string;
      return when === edge.when ? edge : { ...edge, when };
    }),
  };
}

/** Whether two graphs differ in more than where things lie and what notes say. */
export function meansTheSame(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  if (a.edges !== b.edges || a.limits !== b.limits || a.variables !== b.variables) return false;
  if (a.nodes.length !== b.nodes.length) return false;
  return a.nodes.every((node, at) => {
    const other = b.nodes[at]!;
    return (
      node === other ||
      (node.id === other.id && node.kind === other.kind && node.name === other.name && node.config === other.config && node.writes === other.writes)
    );
  });
}
