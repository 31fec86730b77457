// The part of `fold` that is about runs of sub-teams, as runs/engine/fold_children.py.
import type { EventOf } from "./events";
import { parseMoney, ZERO } from "./money";
import { CHILD, nodeOf, type Budget, type Reservation, type RunState } from "./state";

const key = (event: { path: string }) => `${event.path}#0`;

/** What is held back for a sub-team with these limits; where we have none, nothing. */
function reservation(budget: Budget, event: EventOf<"ChildRunStarted" | "ChildLimitsRaised">): Reservation {
  return [
    budget.cost_limit === null || !event.cost_limit ? ZERO : parseMoney(event.cost_limit),
    budget.token_limit === null ? 0 : (event.token_limit ?? 0),
    budget.call_limit === null ? 0 : (event.call_limit ?? 0),
  ];
}

export const CHILDREN = {
  ChildRunStarted(state: RunState, event: EventOf<"ChildRunStarted">) {
    nodeOf(state, event.path).notes.set(CHILD, event.child);
    state.budget.reserved.set(key(event), reservation(state.budget, event));
  },
  ChildLimitsRaised({ budget }: RunState, event: EventOf<"ChildLimitsRaised">) {
    const before = budget.reserved.get(key(event));
    if (!before) return;
    const [cost, tokens, calls] = reservation(budget, event);
    budget.reserved.set(key(event), [
      cost > before[0] ? cost : before[0], Math.max(tokens, before[1]), Math.max(calls, before[2]),
    ]);
  },
  ChildRunEnded(state: RunState, event: EventOf<"ChildRunEnded">) {
    const { notes } = nodeOf(state, event.path);
    const { budget } = state;
    if (notes.has("child ended")) return;
    notes.set("child ended", event.status);
    notes.set("child said", event.output || event.message || "");
    budget.reserved.delete(key(event));
    budget.spent_cost += event.cost ? parseMoney(event.cost) : ZERO;
    budget.spent_tokens += event.tokens ?? 0;
    budget.calls += event.calls ?? 0;
    budget.unknown_costs += event.unknown_costs ?? 0;
  },
};
