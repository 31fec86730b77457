// What an instance of a node shows, as one word of the shared vocabulary.
import type { NodeStatus } from "../../graph";
import type { NodeFacts, RunState } from "../log/state";

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
