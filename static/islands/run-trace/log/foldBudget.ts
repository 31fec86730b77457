// The part of `fold` that is about limits, as runs/engine/fold_budget.py: stops, raises, what took too long.
import type { EventOf } from "./events";
import { parseMoney, type Money } from "./money";
import { newBudget, nodeOf, type Budget, type RunState } from "./state";

const money = (text: string | null | undefined): Money | null => (text == null ? null : parseMoney(text));

function limits(event: EventOf<"RunStarted" | "RunForked" | "LimitsRaised">) {
  return {
    cost_limit: money(event.cost_limit), token_limit: event.token_limit ?? null, call_limit: event.call_limit ?? null,
    seconds_limit: event.seconds_limit ?? null, soft_percent: event.soft_percent ?? null, changed_at: event.at,
  };
}

export function budgetOf(event: EventOf<"RunStarted" | "RunForked">): Budget {
  return { ...newBudget(), ...limits(event) };
}

function goOn(budget: Budget, at: number): void {
  const last = budget.stops.at(-1);
  if (budget.blocked && last) last[1] = at;
  Object.assign(budget, { blocked: "", blocked_message: "", blocked_scope: "" });
}

export const BUDGET = {
  BudgetExceeded({ budget }: RunState, event: EventOf<"BudgetExceeded">) {
    if (!budget.blocked) budget.stops.push([event.at, 0]);
    Object.assign(budget, {
      blocked: event.limit, blocked_message: event.message, blocked_scope: event.scope ?? "",
    });
  },
  BudgetReopened({ budget }: RunState, event: EventOf<"BudgetReopened">) {
    if (budget.blocked_scope === event.scope) goOn(budget, event.at);
  },
  LimitsRaised({ budget }: RunState, event: EventOf<"LimitsRaised">) {
    goOn(budget, event.at);
    Object.assign(budget, limits(event), {
      unknown_prices_allowed: event.unknown_prices_allowed ?? false,
    });
  },
  LatencyBudgetExceeded(state: RunState, event: EventOf<"LatencyBudgetExceeded">) {
    nodeOf(state, event.path).over_latency = true;
  },
};
