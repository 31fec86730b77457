// How the run lights the authored graph: a state for every node and edge. What did not change stays the same object.
import { kindOf, type Catalog, type EdgeState, type EdgeTone, type Graph, type GraphEdge, type Kind, type NodeState, type NodeStatus } from "../../graph";
import type { Store } from "../feed/store";
import { ZERO } from "../log/money";
import type { NodeFacts, RunState } from "../log/state";
import { money, span } from "./figures";

/** What a node shows in a run, as one word of the shared vocabulary. */
export function statusOf(state: RunState, path: string): NodeStatus {
  const node = state.nodes.get(path);
  if (!node || node.status === "pending") return state.ended ? "skipped" : "queued";
  if (node.status !== "running") return node.status;
  for (const approval of node.approvals.values()) {
    if (approval.status === "pending") return approval.kind === "doubt" ? "doubt" : "waiting";
  }
  return state.budget.blocked && !isAtWork(node) ? "waiting" : "running";
}

/** Whether a call is in flight or a back-off runs. */
function isAtWork(node: NodeFacts): boolean {
  for (const call of node.calls.values()) if (call.status === "started") return true;
  for (const timer of node.timers.values()) if (timer.open && timer.purpose === "retry") return true;
  return false;
}

export class NodeLights {
  private kept: Record<string, NodeState> = {};
  private keys = new Map<string, string>();

  build(store: Store, graph: Graph, catalog: Catalog, now: number): Record<string, NodeState> {
    let changed = false;
    const next: Record<string, NodeState> = {};
    for (const node of graph.nodes) {
      const made = light(store, node.id, now, kindOf(catalog, node));
      const key = JSON.stringify(made);
      const old = this.kept[node.id];
      next[node.id] = old && this.keys.get(node.id) === key ? old : made;
      changed ||= next[node.id] !== old;
      this.keys.set(node.id, key);
    }
    if (changed) this.kept = next;
    return this.kept;
  }
}

function light(store: Store, path: string, now: number, kind: Kind): NodeState {
  const tile = kind.shape === "tile";
  const wide = kind.group === "thinks"; // a narrow card has no room for both time and cost
  const { state, trace } = store;
  const status = statusOf(state, path);
  const node = state.nodes.get(path);
  const made: NodeState = { status };
  if (!node || status === "queued") return made;
  if (status === "skipped") {
    made.word = node.upstream_failed ? "Not reached" : "Not taken";
    return made;
  }
  const spent = cost(store, path);
  if (spent && (wide || status !== "done")) made.cost = spent;
  if (!tile || node.ended_at - node.started_at >= 50_000) made.time = span(node.started_at, node.ended_at, now);
  if (status === "running" || status === "waiting") made.word = doing(store, node, status);
  if (status === "running") {
    const text = lastWords(store, path);
    if (text) made.note = text;
  } else if (node.message) {
    made.note = node.message;
  } else {
    const asked = [...node.approvals.values()].at(-1);
    if (asked?.kind === "gate") made.note = asked.title; // as it was filled in
  }
  if (status === "done" && !tile && trace.byPath.has(path)) delete made.word;
  return made;
}

function cost(store: Store, path: string): string {
  const sums = store.trace.sums.get(path);
  if (sums?.unknown && sums.cost === ZERO) return "unknown";
  if (sums && sums.cost !== ZERO) return money(sums.cost);
  return "";
}

/** What a node at work does, in two or three words. */
export function doing(store: Store, node: NodeFacts, status: NodeStatus): string {
  if (status === "waiting") return [...node.approvals.values()].some((one) => one.status === "pending") ? "Waits" : "At its limit";
  const open = [...store.trace.open.values()].filter((one) => one.path === node.path);
  const tools = open.filter((one) => one.kind === "tool");
  if (tools.length) return tools.length > 1 ? `${tools.length} tools` : "Tool";
  const model = open[0];
  if (model) {
    const verb = store.textOf(model.key) ? "Writing" : "Thinking";
    return model.attempt > 1 ? `${verb}, try ${model.attempt}` : verb;
  }
  return [...node.timers.values()].some((timer) => timer.open && timer.purpose === "retry") ? "Backs off" : "Running";
}

const LAST = 80;

/** The end of what the node is writing. */
export function lastWords(store: Store, path: string): string {
  for (const one of store.trace.open.values()) {
    if (one.path === path && one.kind === "model") return store.textOf(one.key).slice(-LAST).replace(/\s+/g, " ").trim();
  }
  return "";
}

// ── edges ──
export class EdgeLights {
  private kept: Record<string, EdgeState> = {};

  build(state: RunState, graph: Graph): Record<string, EdgeState> {
    const next: Record<string, EdgeState> = {};
    let changed = Object.keys(this.kept).length === 0;
    for (const edge of graph.edges) {
      const tone = edgeTone(state, edge);
      if (tone) next[edge.id] = tone;
      changed ||= this.kept[edge.id] !== next[edge.id];
    }
    if (changed) this.kept = next;
    return this.kept;
  }
}

/** As `edge_state` in runs/engine/kind.py, with the target's doing on top. */
function edgeTone(state: RunState, edge: GraphEdge): EdgeTone | null {
  const source = state.nodes.get(edge.source);
  if (!source || source.status === "pending" || source.status === "running") return state.ended ? "off" : null;
  if (!isLive(source, edge)) return "off";
  const target = state.nodes.get(edge.target);
  if (edge.kind === "error") return "error";
  return target?.status === "running" ? "run" : "done";
}

function isLive(source: NodeFacts, edge: GraphEdge): boolean {
  if (source.status === "done") return edge.kind !== "error" && (source.chosen === null || source.chosen.includes(edge.id));
  return source.status === "failed" && edge.kind === "error";
}
