// Whether two nodes may be connected, and if not, why not, in words for the person who tried.
import { kindOf, nodeName } from "../../graph/kinds";
import type { Catalog, EdgeKind, Graph, GraphNode } from "../../graph/types";

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
  if (source === target) return `${a} cannot lead to itself.`;
  if (!kindOf(catalog, from).gives.includes(kind))
    return `${a} has no ${NAMES[kind].replace(/^an? /, "")}: ${kindOf(catalog, from).title} nodes give none.`;
  if (!kindOf(catalog, to).takes) return `Nothing can lead into ${b}: it is where the run begins.`;
  const edges = graph.edges.filter((edge) => edge.id !== except);
  if (edges.some((edge) => edge.source === source && edge.target === target && edge.kind === kind)) {
    return `${a} and ${b} are already connected.`;
  }
  if (kind !== "handoff" && leadsTo(edges, target, source)) {
    return `That would go round in a circle: ${b} already leads to ${a}.`;
  }
  return null;
}

function leadsTo(edges: Graph["edges"], start: string, goal: string): boolean {
  const seen = new Set([start]);
  const stack = [start];
  while (stack.length) {
    const at = stack.pop()!;
    if (at === goal) return true;
    for (const edge of edges) {
      if (edge.source === at && edge.kind !== "handoff" && !seen.has(edge.target)) {
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
