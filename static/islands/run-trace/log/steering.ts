// More of `fold`'s table, as runs/engine/fold_steering.py: how a run is steered, and variables.
import type { EventOf } from "./events";
import { instanceOf, nodeOf, type RunState } from "./state";

type Steering =
  | "PauseRequested" | "ResumeRequested" | "NodeRetried" | "SignalReceived" | "VariablesWritten";
type Handlers = { [T in Steering]: (state: RunState, event: EventOf<T>) => void };

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
  VariablesWritten(state, event) {
    write(state, event);
  },
};
