// More of `fold`'s table: how a run is steered, runs of sub-teams, variables. As runs/engine/fold_{steering,children}.py.
import type { EventOf } from "./events";
import { parseMoney, ZERO } from "./money";
import { CHILD, instanceOf, nodeOf, type RunState } from "./state";

type Steering =
  | "PauseRequested" | "ResumeRequested" | "NodeRetried" | "SignalReceived" | "ChildRunStarted" | "ChildRunEnded"
  | "VariablesWritten";
type Handlers = { [T in Steering]: (state: RunState, event: EventOf<T>) => void };

const money = (text: string | null | undefined) => (text === null || text === undefined ? null : parseMoney(text));

export function nextInstance(path: string): string {
  const [id, number] = path.split("@");
  return `${id}@${Number(number ?? 1) + 1}`;
}

/** New instances of `nodes`, in a run that goes on even if it had failed. */
export function beginAnew(state: RunState, nodes: string[]): void {
  for (const id of nodes) {
    const path = instanceOf(state, id);
    const before = state.nodes.get(path);
    if (!before) continue;
    before.fatal = false;
    forgetWrites(state, path);
    state.instances.set(id, nextInstance(path));
    if (before.parent === "" && before.given) {
      const after = nodeOf(state, instanceOf(state, id));
      after.given = before.given;
      after.sources = before.sources;
    }
  }
  Object.assign(state, { ended: "", code: "", message: "", failed_node: "", ended_at: 0 });
}

export function write(state: RunState, event: EventOf<"VariablesWritten"> | EventOf<"OutputGiven">): void {
  for (const [name, digest] of Object.entries(event.writes ?? {})) add(state.writes, name, [event.order ?? [], digest, event.path]);
}

/** What the instance, and those it ran, wrote into variables does not count any more. */
export function forgetWrites(state: RunState, path: string): void {
  for (const [name, written] of state.writes)
    state.writes.set(name, written.filter(([, , by]) => by !== path && !by.startsWith(`${path}/`)));
}

export function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

export const steering: Handlers = {
  PauseRequested(state, event) {
    state.paused_by = event.by_name || "somebody";
  },
  ResumeRequested(state) {
    state.paused_by = "";
  },
  NodeRetried(state, event) {
    beginAnew(state, event.nodes);
  },
  SignalReceived(state, event) {
    const { notes } = nodeOf(state, event.path);
    if (!notes.has("signal")) notes.set("signal", event.payload);
  },
  ChildRunStarted(state, event) {
    const { budget } = state;
    nodeOf(state, event.path).notes.set(CHILD, event.child);
    budget.reserved.set(`${event.path}#0`, {
      cost: budget.cost_limit === null ? ZERO : (money(event.cost_limit) ?? ZERO),
      tokens: budget.token_limit === null ? 0 : (event.token_limit ?? 0),
    });
  },
  ChildRunEnded(state, event) {
    const { notes } = nodeOf(state, event.path);
    const { budget } = state;
    if (notes.has("child ended")) return;
    notes.set("child ended", event.status);
    notes.set("child said", event.output || event.message || "");
    budget.reserved.delete(`${event.path}#0`);
    budget.spent_cost += money(event.cost) ?? ZERO;
    budget.spent_tokens += event.tokens ?? 0;
    budget.calls += event.calls ?? 0;
    budget.unknown_costs += event.unknown_costs ?? 0;
  },
  VariablesWritten(state, event) {
    write(state, event);
  },
};
