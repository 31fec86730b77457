// `fold(state, event)`: what is true after one more fact. The same table as runs/engine/fold.py; a test folds the
// same logs in both and compares. The state is changed in place: its one owner replays thousands of events at once.
import { approvals } from "./approvals";
import type { Charge, Event, EventOf, EventType } from "./events";
import { fellBack, held, released } from "./fallback";
import { BUDGET, budgetOf } from "./foldBudget";
import { CHILDREN } from "./foldChildren";
import { begin } from "./forked";
import { parseMoney, ZERO } from "./money";
import { add, beginAnew, nextInstance, steering, write } from "./steering";
import { instanceOf, newCall, nodeOf, type Call, type NodeFacts, type NodeStatus, type RunState } from "./state";

type Handlers = { [T in EventType]: (state: RunState, event: EventOf<T>) => void };
type Settling = EventOf<"OutputGiven" | "LoopRepeated" | "NodeCompleted" | "NodeFailed" | "NodeSkipped" | "NodeCancelled">;

export function fold(state: RunState, event: Event): RunState {
  const handler = HANDLERS[event.type] as ((state: RunState, event: Event) => void) | undefined;
  handler?.(state, event); // an event of a newer server is shown in the log, and means nothing here
  state.seq += 1;
  return state;
}

const money = (text: string | null | undefined) => (text === null || text === undefined ? null : parseMoney(text));

function callOf(state: RunState, event: { path: string; call: string }): Call {
  const call = nodeOf(state, event.path).calls.get(event.call);
  if (!call) throw new Error(`The log speaks of ${event.call}, which never began.`);
  return call;
}

function end(state: RunState, at: number, how: RunState["ended"]): void {
  state.ended = how;
  state.ended_at = at;
  for (const node of state.nodes.values()) {
    if (node.status === "running") {
      node.status = "cancelled";
      node.ended_at = at;
    }
    closeWaits(node, at);
  }
  state.running.clear();
}

function settle(state: RunState, event: Settling, status: NodeStatus): NodeFacts {
  const node = nodeOf(state, event.path);
  node.status = status;
  node.ended_at = event.at;
  node.started_at ||= event.at;
  state.running.delete(event.path);
  closeWaits(node, event.at);
  return node;
}

function closeWaits(node: NodeFacts, at: number): void {
  for (const approval of node.approvals.values()) {
    if (approval.status === "pending") {
      approval.status = "withdrawn";
      approval.decided_at = at;
    }
  }
  for (const timer of node.timers.values()) timer.open = false;
}

function start(call: Call, event: { attempt: number; at: number }): void {
  Object.assign(call, { status: "started", attempt: event.attempt, started_at: event.at, ended_at: 0 });
}

function fail(call: Call, event: EventOf<"ModelCallFailed" | "ToolCallFailed">): void {
  call.failures += 1;
  Object.assign(call, {
    status: "failed", ended_at: event.at, code: event.code, message: event.message, retryable: event.retryable ?? false,
  });
}

/** Release what was reserved and book what was used; an unknown charge is booked with its reservation. */
function book(state: RunState, event: { call: string; attempt: number }, charge: Charge | null | undefined): void {
  const { budget } = state;
  const key = `${event.call}#${event.attempt}`;
  const reserved = budget.reserved.get(key) ?? [ZERO, 0, 0];
  budget.reserved.delete(key);
  if (!charge) return;
  if (charge.status === "unknown") {
    budget.spent_cost += reserved[0];
    budget.spent_tokens += reserved[1];
    budget.unknown_costs += 1;
    return;
  }
  budget.spent_tokens += (charge.usage?.input_tokens ?? 0) + (charge.usage?.output_tokens ?? 0);
  const cost = money(charge.cost);
  if (cost === null) budget.unknown_costs += 1;
  else budget.spent_cost += cost;
}

const HANDLERS: Handlers = {
  ...steering,
  // ── the run ──
  RunStarted(state, event) {
    state.started_at = event.at;
    Object.assign(state, { mode: event.mode, input: event.input, by: event.by, parent: event.parent ?? "", retry_base_s: event.retry_base_s ?? 1 });
    state.latency_s = event.latency_s ?? null;
    state.budget = budgetOf(event);
  },
  RunForked: begin,
  RunCompleted(state, event) {
    end(state, event.at, "done");
    state.output = event.output;
  },
  RunFailed(state, event) {
    end(state, event.at, "failed");
    Object.assign(state, { code: event.code, message: event.message, failed_node: event.node ?? "" });
  },
  CancelRequested(state) {
    state.cancel_requested = true;
  },
  RunCancelled(state, event) {
    end(state, event.at, "cancelled");
  },
  OutputGiven(state, event) {
    const chosen = event.chosen ?? null;
    Object.assign(settle(state, event, "done"), { output: event.output, chosen, code: "", message: "", fatal: false });
    beginAnew(state, event.nodes);
    write(state, event);
  },

  // ── nodes ──
  NodeStarted(state, event) {
    const node = nodeOf(state, event.path);
    Object.assign(node, { status: "running", started_at: event.at, sources: event.sources ?? [], task: event.task ?? "" });
    state.running.set(event.path, null);
    if (!event.parent) return;
    Object.assign(node, { parent: event.parent, given: event.given ?? "" });
    add(state.children, event.parent, event.path);
    const call = nodeOf(state, event.parent).calls.get(event.path.slice(0, event.path.lastIndexOf("/")));
    if (call) Object.assign(call, { status: "delegated", started_at: event.at }); // it was spawned to answer this call
  },
  LoopRepeated(state, event) {
    const node = settle(state, event, "done");
    node.output = event.value;
    node.chosen = [];
    const mine = event.nodes[event.nodes.length - 1] ?? "";
    add(state.loops, mine, event.value);
    for (const id of event.nodes) {
      if (id !== mine) state.loops.delete(id); // a loop within begins anew
      state.instances.set(id, nextInstance(instanceOf(state, id)));
    }
    const first = nodeOf(state, instanceOf(state, event.nodes[0] ?? ""));
    first.given = event.value;
    first.sources = [event.path];
  },
  NodeNoted(state, event) {
    nodeOf(state, event.path).notes.set(event.key, event.text);
  },
  NodeCompleted(state, event) {
    const node = settle(state, event, "done");
    node.output = event.output;
    node.chosen = event.chosen ?? null;
  },
  NodeFailed(state, event) {
    const node = settle(state, event, "failed");
    node.code = event.code;
    node.message = event.message;
    node.fatal = event.fatal ?? false;
  },
  NodeSkipped(state, event) {
    settle(state, event, "skipped").upstream_failed = event.because === "upstream failed";
  },
  NodeCancelled(state, event) {
    settle(state, event, "cancelled").message = event.because;
  },

  // ── model calls ──
  ModelCallStarted(state, event) {
    const node = nodeOf(state, event.path);
    node.turns = Math.max(node.turns, event.turn);
    node.transcript.push(...event.append);
    let call = node.calls.get(event.call);
    if (!call) node.calls.set(event.call, (call = newCall(event.call, event.path, "model", event.turn)));
    Object.assign(call, {
      name: event.model, dialect: event.dialect, idempotency_key: event.idempotency_key, endpoint: event.endpoint,
      simulated: event.simulated ?? false, agent: event.agent ?? "", agent_name: event.agent_name ?? "",
      agent_version: event.agent_version ?? 0, choice: node.choice, cache: event.cache ?? "",
    });
    released(node, event.call);
    start(call, event);
    state.budget.reserved.set(`${event.call}#${event.attempt}`, [
      money(event.reserved_cost) ?? ZERO, event.reserved_tokens, 0,
    ]);
    state.budget.calls += 1;
  },
  ModelCallCompleted(state, event) {
    const node = nodeOf(state, event.path);
    const call = callOf(state, event);
    book(state, event, event.charge);
    call.tokens = (event.charge.usage?.input_tokens ?? 0) + (event.charge.usage?.output_tokens ?? 0);
    Object.assign(call, {
      status: "completed", ended_at: event.at, result: event.message, finish_reason: event.finish_reason ?? "",
      defect: event.defect ?? "", tools: event.tools ?? [],
    });
    if (event.reused) {
      call.reused = event.reused.source;
      state.budget.calls -= 1;
    }
    if (event.late) return;
    node.transcript.push(event.message);
    for (const tool of event.tools ?? []) {
      node.calls.set(tool.call, {
        ...newCall(tool.call, event.path, "tool", call.turn), name: tool.name, status: "requested",
        model_call_id: tool.id, arguments: tool.arguments, dialect: call.dialect,
      });
    }
  },
  ModelCallFailed(state, event) {
    book(state, event, event.charge);
    const call = callOf(state, event);
    fail(call, event);
    call.retry_after_s = event.retry_after_s ?? null;
  },
  CallAbandoned(state, event) {
    const call = callOf(state, event);
    call.status = "abandoned";
    call.ended_at = event.at;
    if (call.kind === "model") book(state, event, event.charge);
  },
  ModelCallHeld: held,
  FellBack: fellBack,
  OutputRejected(state, event) {
    const node = nodeOf(state, event.path);
    node.corrections += 1;
    node.rejected_turn = event.turn;
    node.notes.set(`correction ${event.turn}`, event.message);
  },

  // ── tool calls ──
  ToolCallRequested(state, event) {
    nodeOf(state, event.path).calls.set(event.call, {
      ...newCall(event.call, event.path, "tool", 0), name: event.tool, status: "requested", arguments: event.arguments,
    });
  },
  ToolCallVetted(state, event) {
    Object.assign(callOf(state, event), {
      status: "vetted", arguments: event.arguments, effect: event.effect, ask: event.ask ?? "",
    });
  },
  ToolCallRefused(state, event) {
    Object.assign(callOf(state, event), {
      status: "refused", ended_at: event.at, code: event.code, message: event.message, result: event.result,
    });
  },
  ToolCallStarted(state, event) {
    const call = callOf(state, event);
    Object.assign(call, {
      arguments: event.arguments, effect: event.effect, idempotency_key: event.idempotency_key, cache: event.cache ?? "",
    });
    start(call, event);
    const approval = event.approval ? nodeOf(state, event.path).approvals.get(event.approval) : undefined;
    if (approval) approval.used = true;
  },
  ToolCallCompleted(state, event) {
    Object.assign(callOf(state, event), { status: "completed", ended_at: event.at, result: event.result, reused: event.reused?.source ?? "" });
  },
  ToolCallFailed(state, event) {
    const call = callOf(state, event);
    fail(call, event);
    call.result = event.result ?? "";
  },
  ToolCallInDoubt(state, event) {
    Object.assign(callOf(state, event), { status: "doubt", ended_at: event.at });
  },

  // ── waiting ──
  ...approvals,
  TimerSet(state, event) {
    nodeOf(state, event.path).timers.set(event.key, {
      key: event.key, path: event.path, purpose: event.purpose, due_at: event.at + Math.trunc(event.after_s * 1e6),
      fired: false, open: true,
    });
  },
  TimerFired(state, event) {
    const timer = nodeOf(state, event.path).timers.get(event.key);
    if (timer) Object.assign(timer, { fired: true, open: false });
  },

  // ── budget ──
  ...BUDGET,
  ...CHILDREN,
  BudgetOverrun() {}, // recorded for people; the money was booked with the call
};
