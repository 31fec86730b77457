// What a fork changes in the state it inherits, as runs/engine/forked.py does it.
import type { EventOf } from "./events";
import { budgetOf } from "./foldBudget";
import { forgetWrites } from "./steering";
import { CHILD, newNode, nodeOf, type ApprovalState, type RunState } from "./state";

export function begin(state: RunState, event: EventOf<"RunForked">): void {
  Object.assign(state, {
    started_at: event.at, mode: event.mode, input: event.input, by: event.by, parent: "", retry_base_s: event.retry_base_s ?? 1,
    latency_s: event.latency_s ?? null, recorded: event.effects === "recorded" ? event.parent : "", budget: budgetOf(event),
    paused_by: "",
  });
  state.nodes.delete(""); // deadlines of the parent's, and questions about its limits
  for (const path of event.restarted ?? []) if (state.nodes.has(path)) beginAnew(state, path, event.at);
  for (const path of state.running.keys()) {
    const node = Object.assign(nodeOf(state, path), { started_at: event.at, over_latency: false });
    if (!node.notes.has("child ended")) node.notes.delete(CHILD); // it asks for a run of the fork's own
  }
  for (const node of state.nodes.values()) {
    for (const key of node.timers.keys()) if (key.startsWith("latency/")) node.timers.delete(key);
    for (const [key, approval] of node.approvals) if (isMoot(approval, event.effects)) node.approvals.delete(key);
  }
}

/** The node is at work as if it had just started; what it had started itself is gone. */
function beginAnew(state: RunState, path: string, at: number): void {
  for (const below of [...state.nodes.keys()].filter((known) => known.startsWith(`${path}/`))) {
    state.nodes.delete(below);
    state.running.delete(below);
    state.children.delete(below);
  }
  state.children.delete(path);
  forgetWrites(state, path);
  const { parent, given, task, sources } = nodeOf(state, path);
  state.nodes.set(path, { ...newNode(path), parent, given, task, sources, status: "running", started_at: at });
  state.running.set(path, null);
}

function isMoot(approval: ApprovalState, effects: string): boolean {
  if (approval.status !== "pending") return false;
  return approval.kind === "miss" || approval.kind === "budget" || (approval.kind === "doubt" && effects !== "live");
}
