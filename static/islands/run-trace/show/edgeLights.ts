// How the run lights the edges of the authored graph, and what it writes on them.
import { type Catalog, type EdgeState, type EdgeTone, type Graph, type GraphEdge } from "../../graph";
import { shapeOf } from "../../graph/shape";
import type { Store } from "../feed/store";
import { instanceOf, nodeIdOf, type NodeFacts } from "../log/state";

/** How often a node was spawned by another, and how it went. */
interface Spawned {
  asked: number;
  answered: number;
  running: number;
}

export class EdgeLights {
  private kept: Record<string, EdgeState> = {};
  private keys = new Map<string, string>();

  build(store: Store, graph: Graph, catalog: Catalog): Record<string, EdgeState> {
    const next: Record<string, EdgeState> = {};
    const spawned = spawnedBy(store);
    const { backEdges } = shapeOf(graph, catalog);
    let changed = Object.keys(this.kept).length === 0;
    for (const edge of graph.edges) {
      const made = light(store, edge, spawned, backEdges.has(edge.id));
      const key = JSON.stringify(made);
      if (made) next[edge.id] = this.keys.get(edge.id) === key ? this.kept[edge.id]! : made;
      changed ||= this.kept[edge.id] !== next[edge.id];
      this.keys.set(edge.id, key);
    }
    if (changed) this.kept = next;
    return this.kept;
  }
}

function light(store: Store, edge: GraphEdge, spawned: Map<string, Spawned>, back: boolean): EdgeState | null {
  if (edge.kind === "delegates" || edge.kind === "handoff") return colleagues(store, edge, spawned);
  if (back) return wayBack(store, edge);
  return edgeTone(store, edge);
}

function spawnedBy(store: Store): Map<string, Spawned> {
  const found = new Map<string, Spawned>();
  for (const [parent, children] of store.state.children) {
    for (const child of children) {
      const key = `${nodeIdOf(parent)}>${nodeIdOf(child)}`;
      const one = found.get(key) ?? { asked: 0, answered: 0, running: 0 };
      const status = store.state.nodes.get(child)?.status;
      one.asked += 1;
      if (status === "running") one.running += 1;
      if (status === "done") one.answered += 1;
      found.set(key, one);
    }
  }
  return found;
}

function colleagues(store: Store, edge: GraphEdge, spawned: Map<string, Spawned>): EdgeState | null {
  const there = spawned.get(`${edge.source}>${edge.target}`);
  const back = edge.kind === "handoff" ? spawned.get(`${edge.target}>${edge.source}`) : undefined;
  const asked = (there?.asked ?? 0) + (back?.asked ?? 0);
  if (!asked) return store.state.ended ? "off" : null;
  const tone: EdgeTone = (there?.running ?? 0) + (back?.running ?? 0) ? "run" : "done";
  if (edge.kind === "handoff") return { tone, label: asked === 1 ? "handed over" : `handed over ${asked}×` };
  const answers = there?.answered ?? 0;
  const tasks = asked === 1 ? "1 task" : `${asked} tasks`;
  return { tone, label: answers ? `${tasks}, ${answers === 1 ? "1 answer" : `${answers} answers`}` : tasks };
}

function wayBack(store: Store, edge: GraphEdge): EdgeState | null {
  const rounds = (store.instances.of(edge.target).length || 1) - 1;
  if (!rounds) return store.state.ended ? "off" : null;
  const running = store.state.nodes.get(instanceOf(store.state, edge.target))?.status === "running";
  return { tone: running ? "run" : "done", label: rounds === 1 ? "once again" : `${rounds}× again` };
}

/** As `edge_state` in runs/engine/kind.py, with the target's doing on top; in a loop also from the rounds before. */
function edgeTone(store: Store, edge: GraphEdge): EdgeTone | null {
  const { state } = store;
  const current = state.nodes.get(instanceOf(state, edge.source));
  const settled = current && current.status !== "pending" && current.status !== "running";
  const rounds = store.instances.of(edge.source).flatMap((path) => state.nodes.get(path) ?? []);
  if (!settled && rounds.some((node) => isLive(node, edge))) return "done";
  if (!settled) return state.ended ? "off" : null;
  if (!isLive(current, edge)) return rounds.some((node) => isLive(node, edge)) ? "done" : "off";
  if (edge.kind === "error") return "error";
  return state.nodes.get(instanceOf(state, edge.target))?.status === "running" ? "run" : "done";
}

function isLive(source: NodeFacts, edge: GraphEdge): boolean {
  if (source.status === "done") return edge.kind !== "error" && (source.chosen === null || source.chosen.includes(edge.id));
  return source.status === "failed" && edge.kind === "error";
}
