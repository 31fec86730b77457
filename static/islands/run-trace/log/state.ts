// What is true of a run, with the names of runs/engine/state.py. Only `fold` changes it.
import type { ApprovalState } from "./approvals";
import type { RequestedTool } from "./events";
import { ZERO, type Money } from "./money";

export type { ApprovalState };

export type NodeStatus = "pending" | "running" | "done" | "failed" | "skipped" | "cancelled";
export type CallStatus =
  | "requested" | "vetted" | "delegated" | "started" | "completed" | "failed" | "refused" | "abandoned" | "doubt";

export interface Call {
  id: string;
  path: string;
  kind: "model" | "tool";
  turn: number;
  name: string;
  status: CallStatus;
  attempt: number;
  failures: number;
  started_at: number;
  ended_at: number;
  model_call_id: string;
  arguments: string;
  effect: string;
  ask: string;
  result: string;
  tools: RequestedTool[];
  dialect: string;
  finish_reason: string;
  defect: string;
  code: string;
  message: string;
  retryable: boolean;
  retry_after_s: number | null;
  idempotency_key: string;
  endpoint: string;
  agent: string;
  agent_name: string;
  agent_version: number;
  simulated: boolean;
  tokens: number; // of its answer, input included
  choice: number;
  cache: string;
  reused: string;
}

/** A call that was not sent because its endpoint is closed, or waits for its turn there. */
export interface Hold {
  call: string;
  agent: string;
  endpoint: string;
  code: string;
  message: string;
  after_s: number | null;
  count: number;
  strikes: number;
}

export interface TimerState {
  key: string;
  path: string;
  purpose: string;
  due_at: number;
  fired: boolean;
  open: boolean;
}

export interface NodeFacts {
  path: string;
  parent: string; // the instance that spawned it
  given: string;
  task: string;
  sources: string[];
  status: NodeStatus;
  started_at: number;
  ended_at: number;
  output: string;
  chosen: string[] | null;
  code: string;
  message: string;
  upstream_failed: boolean;
  fatal: boolean;
  transcript: string[];
  turns: number;
  corrections: number;
  rejected_turn: number;
  calls: Map<string, Call>;
  approvals: Map<string, ApprovalState>;
  timers: Map<string, TimerState>;
  notes: Map<string, string>;
  holds: Map<string, Hold>; // by call
  choice: number; // how far down its agent's chain of models it has come
  agent: string; // the agent that took over
  first_turn: number;
  opened: number;
  forgiven: number;
  over_latency: boolean;
}

export type Reservation = [cost: Money, tokens: number, calls: number];

export interface Budget {
  cost_limit: Money | null;
  token_limit: number | null;
  call_limit: number | null;
  seconds_limit: number | null;
  spent_cost: Money;
  spent_tokens: number;
  calls: number;
  unknown_costs: number;
  unknown_prices_allowed: boolean;
  reserved: Map<string, Reservation>; // by `call#attempt`
  soft_percent: number | null;
  changed_at: number;
  blocked: string;
  blocked_message: string;
  blocked_scope: string; // the shared budget it is of; empty: the run's own
  stops: [from: number, to: number][]; // to 0: it stands still now
}

export interface RunState {
  seq: number;
  started_at: number;
  ended_at: number;
  mode: "live" | "simulated";
  input: string;
  output: string;
  by: string;
  retry_base_s: number;
  parent: string; // the run whose sub-team this is
  latency_s: number | null;
  recorded: string;
  ended: "" | "done" | "failed" | "cancelled";
  code: string;
  message: string;
  failed_node: string;
  cancel_requested: boolean;
  paused_by: string; // the name of who paused it
  nodes: Map<string, NodeFacts>;
  running: Map<string, null>; // paths, in the order they started
  children: Map<string, string[]>; // spawned instances, in order
  instances: Map<string, string>; // node id → its instance now, if not the first
  loops: Map<string, string[]>; // loop's node id → values it went round with
  writes: Map<string, [order: number[], digest: string, path: string][]>; // of variables
  budget: Budget;
}

export function newBudget(): Budget {
  return {
    cost_limit: null, token_limit: null, call_limit: null, seconds_limit: null, spent_cost: ZERO, spent_tokens: 0,
    calls: 0, unknown_costs: 0, unknown_prices_allowed: false, reserved: new Map(),
    soft_percent: null, changed_at: 0, blocked: "", blocked_message: "",
    blocked_scope: "", stops: [],
  };
}

export function newState(): RunState {
  return {
    seq: 0, started_at: 0, ended_at: 0, mode: "live", input: "", output: "", by: "", retry_base_s: 1, parent: "", latency_s: null,
    ended: "", code: "", message: "", failed_node: "", cancel_requested: false, paused_by: "", nodes: new Map(), running: new Map(),
    children: new Map(), instances: new Map(), loops: new Map(), writes: new Map(), budget: newBudget(),
    recorded: "",
  };
}

export function newNode(path: string): NodeFacts {
  return {
    path, parent: "", given: "", task: "", sources: [], status: "pending", started_at: 0, ended_at: 0, output: "", chosen: null, code: "", message: "",
    upstream_failed: false, fatal: false, transcript: [], turns: 0, corrections: 0, rejected_turn: 0, calls: new Map(),
    approvals: new Map(), timers: new Map(), notes: new Map(), holds: new Map(), choice: 0, agent: "", first_turn: 1,
    opened: 0, forgiven: 0, over_latency: false,
  };
}

export function newCall(id: string, path: string, kind: Call["kind"], turn: number): Call {
  return {
    id, path, kind, turn, name: "", status: "started", attempt: 0, failures: 0, started_at: 0, ended_at: 0,
    model_call_id: "", arguments: "", effect: "", ask: "", result: "", tools: [], dialect: "", finish_reason: "",
    defect: "", code: "", message: "", retryable: false, retry_after_s: null, idempotency_key: "", endpoint: "",
    agent: "", agent_name: "", agent_version: 0, simulated: false, tokens: 0, choice: 0, cache: "", reused: "",
  };
}

/** The path of the node's instance that counts now: its latest round. */
export const instanceOf = (state: RunState, nodeId: string) => state.instances.get(nodeId) ?? nodeId;

/** A note of a node whose work is a run of its own: that run. As in runs/engine/child_events.py. */
export const CHILD = "child";
export const CHILD_NOTES = new Set([CHILD, "child ended", "child said"]);

/** The id of the node that an instance at `path` is of: `draft` for `draft@2` and `lead/m1/t1/draft`. */
export const nodeIdOf = (path: string) => (path.split("/").pop() ?? path).split("@")[0] ?? path;

/** The instance's state; a node nothing has happened to yet is pending. */
export function nodeOf(state: RunState, path: string): NodeFacts {
  let node = state.nodes.get(path);
  if (!node) state.nodes.set(path, (node = newNode(path)));
  return node;
}
