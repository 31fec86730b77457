// More of `fold`'s table: calls held at their endpoint, calls that go to another model or agent.
import type { EventOf } from "./events";
import { nodeOf, type Hold, type NodeFacts, type RunState } from "./state";

export function held(state: RunState, event: EventOf<"ModelCallHeld">): void {
  const { holds } = nodeOf(state, event.path);
  const before = holds.get(event.call);
  holds.set(event.call, {
    call: event.call, agent: event.agent, endpoint: event.endpoint, code: event.code, message: event.message,
    after_s: event.after_s ?? null, count: (before?.count ?? 0) + 1,
    strikes: (before?.strikes ?? 0) + (event.code === "breaker_open" ? 1 : 0),
  });
}

/** The call goes out, or elsewhere. */
export function released(node: NodeFacts, call: string, more: Partial<Hold> = {}): void {
  const hold = node.holds.get(call);
  if (hold) Object.assign(hold, { code: "", message: "", after_s: null, ...more });
}

export function fellBack(state: RunState, event: EventOf<"FellBack">): void {
  const node = nodeOf(state, event.path);
  node.choice = event.choice;
  node.forgiven = node.corrections;
  released(node, event.call, { strikes: 0 });
  const call = node.calls.get(event.call);
  if (call) call.failures = 0;
  if (!event.agent) return;
  Object.assign(node, { agent: event.agent, first_turn: node.turns + 1, opened: node.transcript.length });
}
