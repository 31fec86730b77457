// What follows from how a graph is wired: edges that lead back, what a loop holds, who works for whom.
// As agents/topology/view.py sees it; a test compares the two.
import { kindOf } from "./kinds";
import type { Catalog, EdgeKind, Graph, GraphEdge } from "./types";

export const flows = (kind: EdgeKind): boolean => kind === "flow" || kind === "error";

interface Loop {
  start: string;
  end: string;
  back: GraphEdge;
  body: ReadonlySet<string>; // with both ends
}
export interface Shape {
  backEdges: ReadonlySet<string>; // ids of the edges from loop nodes to a node on the way to them
  loops: ReadonlyMap<string, Loop>; // by the node that decides
  workers: ReadonlyMap<string, string[]>;
  peers: ReadonlyMap<string, string[]>;
  spawned: ReadonlySet<string>; // nodes that only others run
}

const kept = new WeakMap<GraphEdge[], { nodes: Graph["nodes"]; catalog: Catalog; shape: Shape }>();

export function shapeOf(graph: Graph, catalog: Catalog): Shape {
  const known = kept.get(graph.edges);
  if (known && known.nodes === graph.nodes && known.catalog === catalog) return known.shape;
  const shape = makeShape(graph, catalog);
  kept.set(graph.edges, { nodes: graph.nodes, catalog, shape });
  return shape;
}

function makeShape(graph: Graph, catalog: Catalog): Shape {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const edges = graph.edges.filter((edge) => nodes.has(edge.source) && nodes.has(edge.target));
  const backEdges = findBackEdges(graph, catalog, edges);
  const workers = new Map<string, string[]>();
  const peers = new Map<string, string[]>();
  const inFlow = new Set<string>();
  const run = new Set<string>();
  for (const edge of edges) {
    if (edge.kind === "delegates") push(workers, edge.source, edge.target);
    if (edge.kind === "handoff") {
      push(peers, edge.source, edge.target);
      push(peers, edge.target, edge.source);
    }
    if (!flows(edge.kind)) run.add(edge.target);
    else if (!backEdges.has(edge.id)) inFlow.add(edge.target);
  }
  const spawned = new Set([...run].filter((id) => !inFlow.has(id)));
  return { backEdges, loops: findLoops(edges, backEdges), workers, peers, spawned };
}

function push(lists: Map<string, string[]>, key: string, item: string): void {
  const list = lists.get(key);
  if (!list) lists.set(key, [item]);
  else if (!list.includes(item)) list.push(item);
}

/** Depth first from where nothing flows in: an edge back to a node on the way closes a circle. */
function findBackEdges(graph: Graph, catalog: Catalog, edges: GraphEdge[]): Set<string> {
  const looping = new Set(graph.nodes.filter((node) => kindOf(catalog, node).loops).map((node) => node.id));
  const found = new Set<string>();
  if (!looping.size) return found;
  const out = new Map<string, GraphEdge[]>();
  const entered = new Set<string>();
  for (const edge of edges) {
    if (!flows(edge.kind)) continue;
    out.set(edge.source, [...(out.get(edge.source) ?? []), edge]);
    entered.add(edge.target);
  }
  const done = new Set<string>();
  for (const { id } of graph.nodes) {
    if (done.has(id) || entered.has(id)) continue;
    const path = [id];
    const onPath = new Set(path);
    const next = [0];
    while (path.length) {
      const at = path.at(-1)!;
      const edge = out.get(at)?.[next[next.length - 1]!++];
      if (!edge) {
        path.pop();
        next.pop();
        onPath.delete(at);
        done.add(at);
      } else if (onPath.has(edge.target)) {
        if (looping.has(edge.source) && edge.kind === "flow") found.add(edge.id);
      } else if (!done.has(edge.target)) {
        path.push(edge.target);
        onPath.add(edge.target);
        next.push(0);
      }
    }
  }
  return found;
}

function findLoops(edges: GraphEdge[], backEdges: ReadonlySet<string>): Map<string, Loop> {
  const found = new Map<string, Loop>();
  const forward = edges.filter((edge) => flows(edge.kind) && !backEdges.has(edge.id));
  for (const back of edges) {
    if (!backEdges.has(back.id)) continue;
    const behind = reach(forward, back.target, "source", "target");
    const before = reach(forward, back.source, "target", "source");
    const body = new Set([...behind].filter((id) => before.has(id)));
    found.set(back.source, { start: back.target, end: back.source, back, body });
  }
  return found;
}

function reach(edges: GraphEdge[], start: string, from: "source" | "target", to: "source" | "target"): Set<string> {
  const seen = new Set([start]);
  const stack = [start];
  while (stack.length) {
    const at = stack.pop();
    for (const edge of edges) {
      if (edge[from] !== at || seen.has(edge[to])) continue;
      seen.add(edge[to]);
      stack.push(edge[to]);
    }
  }
  return seen;
}
