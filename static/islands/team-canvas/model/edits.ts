// Every change of a graph, as functions from graph to graph. What is not touched stays the same object.
import type {
  EdgeKind,
  Graph,
  GraphEdge,
  GraphNode,
  JsonObject,
  Point,
  RunLimits,
  StickyNote,
} from "../../graph/types";
import { edgeId, noteId } from "./ids";
import { renameReferences } from "./references";

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
  const edge: GraphEdge = { id: edgeId(graph, source, target, kind), source, target, kind, label: "", when: "" };
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

/** Without a node, its predecessors leading on to its successors, where it had one way through. */
export function removeAndMend(graph: Graph, id: string): Graph {
  const into = graph.edges.filter((edge) => edge.target === id && edge.kind === "flow");
  const out = graph.edges.filter((edge) => edge.source === id && edge.kind === "flow");
  const rest = remove(graph, { ...NOTHING, nodes: new Set([id]) });
  const on = out[0];
  if (out.length !== 1 || !on || into.length === 0) return rest;
  const present = new Set(
    rest.edges.filter((edge) => edge.kind === "flow").map((edge) => `${edge.source}→${edge.target}`),
  );
  const mended = into.filter((edge) => edge.source !== on.target && !present.has(`${edge.source}→${on.target}`));
  return { ...rest, edges: [...rest.edges, ...mended.map((edge) => ({ ...edge, target: on.target }))] };
}

/** Puts a node between the ends of an edge; label and rule stay on the way into it. */
export function insertOn(graph: Graph, id: string, node: GraphNode, gives: boolean): Graph {
  const edge = graph.edges.find((one) => one.id === id);
  const withNode = addNode(graph, node);
  if (!edge) return withNode;
  const turned = changeEdge(withNode, id, { target: node.id });
  return gives ? connect(turned, node.id, edge.target, "flow").graph : turned;
}

/** Another id for a node, followed by every edge, template and rule that names it. */
export function renameNode(graph: Graph, from: string, to: string): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      const config = renameReferences(node.config, from, to) as JsonObject;
      return node.id === from || config !== node.config
        ? { ...node, id: node.id === from ? to : node.id, config }
        : node;
    }),
    edges: graph.edges.map((edge) => {
      const when = renameReferences(edge.when, from, to) as string;
      const touched = edge.source === from || edge.target === from || when !== edge.when;
      if (!touched) return edge;
      return {
        ...edge,
        when,
        source: edge.source === from ? to : edge.source,
        target: edge.target === from ? to : edge.target,
      };
    }),
  };
}

/** Whether two graphs differ in more than where things lie and what notes say. */
export function meansTheSame(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  if (a.edges !== b.edges || a.limits !== b.limits || a.nodes.length !== b.nodes.length) return false;
  return a.nodes.every((node, at) => {
    const other = b.nodes[at]!;
    return (
      node === other ||
      (node.id === other.id && node.kind === other.kind && node.name === other.name && node.config === other.config)
    );
  });
}
