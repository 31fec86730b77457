// Whether two nodes may be connected, and if not, why not, in words for the person who tried.
import { givesOf, kindOf, nodeName } from "../../graph/kinds";
import { flows, shapeOf } from "../../graph/shape";
import type { Catalog, EdgeKind, Graph, GraphEdge, GraphNode } from "../../graph/types";

const NAMES: Record<EdgeKind, string> = {
  flow: "a next step",
  error: "an error path",
  delegates: "workers",
  handoff: "a hand-off",
};

/** The sentence that refuses the connection, or null when it may be made. `except` is an edge being moved. */
export function whyNot(
  graph: Graph,
  catalog: Catalog,
  source: string,
  target: string,
  kind: EdgeKind,
  except?: string,
): string | null {
  const from = graph.nodes.find((node) => node.id === source);
  const to = graph.nodes.find((node) => node.id === target);
  if (!from || !to) return "Connect two nodes.";
  const [a, b] = [nodeName(catalog, from), nodeName(catalog, to)];
  if (source === target) return kind === "delegates" ? `${a} cannot work for itself.` : `${a} cannot lead to itself.`;
  if (!kindOf(catalog, from).gives.includes(kind))
    return `${a} has no ${NAMES[kind].replace(/^an? /, "")}: ${kindOf(catalog, from).title} nodes give none.`;
  const into = kindOf(catalog, to);
  if (kind === "delegates" && !into.works) return `${b} cannot work for ${a}: ${into.title} nodes cannot be asked.`;
  if (kind === "handoff" && !into.peers) return `${b} cannot take over from ${a}: ${into.title} nodes cannot.`;
  if (!into.takes) return `Nothing can lead into ${b}: it is where the run begins.`;
  const others = graph.edges.filter((edge) => edge.id !== except);
  const same = (edge: GraphEdge) =>
    edge.kind === kind &&
    ((edge.source === source && edge.target === target) ||
      (kind === "handoff" && edge.source === target && edge.target === source));
  if (others.some(same)) return `${a} and ${b} are already connected.`;
  return circle({ ...graph, edges: others }, catalog, from, to, kind, a, b);
}

/** Flow goes round only back from a node that loops, and nobody works for themselves by way of others. */
function circle(
  graph: Graph,
  catalog: Catalog,
  from: GraphNode,
  to: GraphNode,
  kind: EdgeKind,
  a: string,
  b: string,
): string | null {
  if (kind === "handoff") return null;
  const { backEdges, loops } = shapeOf(graph, catalog);
  if (kind === "delegates") {
    const circles = leadsTo(graph.edges.filter((edge) => edge.kind === "delegates"), to.id, from.id);
    return circles ? `That would go round in a circle: ${a} already works for ${b}.` : null;
  }
  const forward = graph.edges.filter((edge) => flows(edge.kind) && !backEdges.has(edge.id));
  if (!leadsTo(forward, to.id, from.id)) return null;
  if (kind !== "flow" || !kindOf(catalog, from).loops)
    return `That would go round in a circle: ${b} already leads to ${a}. Only a loop leads back.`;
  const loop = loops.get(from.id);
  if (!loop) return null;
  const start = graph.nodes.find((node) => node.id === loop.start);
  return `${a} already leads back to ${start ? nodeName(catalog, start) : loop.start}.`;
}

function leadsTo(edges: GraphEdge[], start: string, goal: string): boolean {
  const seen = new Set([start]);
  const stack = [start];
  while (stack.length) {
    const at = stack.pop()!;
    if (at === goal) return true;
    for (const edge of edges) {
      if (edge.source === at && !seen.has(edge.target)) {
        seen.add(edge.target);
        stack.push(edge.target);
      }
    }
  }
  return false;
}

/** The nodes that `source` may still be connected to. */
export function targets(graph: Graph, catalog: Catalog, source: string, kind: EdgeKind): GraphNode[] {
  return graph.nodes.filter((node) => whyNot(graph, catalog, source, node.id, kind) === null);
}

/** The kinds of edge that may be drawn from `source` to `target`. */
export function possible(graph: Graph, catalog: Catalog, source: string, target: string): EdgeKind[] {
  const from = graph.nodes.find((node) => node.id === source);
  if (!from) return [];
  return givesOf(kindOf(catalog, from)).filter((kind) => whyNot(graph, catalog, source, target, kind) === null);
}
