// How the run lights the nodes of the authored graph. What did not change stays the same object.
import { kindOf, type Catalog, type Graph, type Kind, type NodeState, type NodeStatus } from "../../graph";
import { shapeOf } from "../../graph/shape";
import type { Store } from "../feed/store";
import { ZERO } from "../log/money";
import { CHILD, type NodeFacts } from "../log/state";
import { money, span } from "./figures";
import { statusOf } from "./status";
import { summarize, sumsOf, type Summary } from "./summary";

export class NodeLights {
  private kept: Record<string, NodeState> = {};
  private keys = new Map<string, string>();

  build(store: Store, graph: Graph, catalog: Catalog, now: number): Record<string, NodeState> {
    let changed = false;
    const next: Record<string, NodeState> = {};
    const { spawned } = shapeOf(graph, catalog);
    for (const node of graph.nodes) {
      const kind = kindOf(catalog, node);
      const [path = node.id, more] = store.instances.of(node.id);
      const made = more ? several(store, summarize(store, node.id), now, kind) : light(store, path, now, kind);
      if (made.status === "skipped" && path === node.id && spawned.has(node.id)) made.word = "Not asked";
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

/** A node with several instances is one card that counts them. */
function several(store: Store, all: Summary, now: number, kind: Kind): NodeState {
  const made: NodeState = { status: all.status, word: all.words };
  const spent = spentWords(all.sums);
  if (spent && kind.group === "thinks") made.cost = spent;
  if (kind.shape !== "tile") made.time = span(all.started_at, all.ended_at, now);
  const settled = (all.counts.done ?? 0) + (all.counts.failed ?? 0) + (all.counts.cancelled ?? 0);
  if (all.status === "running") {
    if (!all.rounds) made.progress = settled / all.paths.length;
    const busy = all.paths.findLast((path) => lastWords(store, path));
    if (busy) made.note = lastWords(store, busy);
  } else if (all.status === "failed") {
    const failed = all.paths.findLast((path) => store.state.nodes.get(path)?.message);
    if (failed) made.note = store.state.nodes.get(failed)!.message;
  }
  return made;
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
  const spent = spentWords(sumsOf(store, [path]));
  if (spent && (wide || status !== "done")) made.cost = spent;
  if (!tile || node.ended_at - node.started_at >= 50_000) made.time = span(node.started_at, node.ended_at, now);
  if (node.over_latency) made.late = true;
  if (status === "running" || status === "waiting") made.word = doing(store, node, status);
  if (made.word === "Running" && waits(store, node, kind)) made.word = "Waits";
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

function spentWords(sums: Summary["sums"]): string {
  if (sums?.unknown && sums.cost === ZERO) return "unknown";
  return sums && sums.cost !== ZERO ? money(sums.cost) : "";
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
  if ([...node.timers.values()].some((timer) => timer.open && timer.purpose === "retry")) return "Backs off";
  const others = (store.state.children.get(node.path) ?? []).filter((path) => store.state.nodes.get(path)?.status === "running");
  return others.length ? `${others.length} at work` : "Running";
}

/** A node whose work is to wait, or whose sub-team waits: for people, or until this run can hold something back for it. */
function waits(store: Store, node: NodeFacts, kind: Kind): boolean {
  if (kind.name !== "team") return kind.name === "wait";
  const part = store.parts.get(node.path);
  return !node.notes.has(CHILD) || part?.status === "waiting" || part?.status === "doubt";
}

const LAST = 80;

/** The end of what the node is writing. */
export function lastWords(store: Store, path: string): string {
  for (const one of store.trace.open.values()) {
    if (one.path === path && one.kind === "model") return store.textOf(one.key).slice(-LAST).replace(/\s+/g, " ").trim();
  }
  return "";
}
