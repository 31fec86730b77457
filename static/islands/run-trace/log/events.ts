// The events of a run, with the names of runs/engine/events.py. What equals a default is left out of the log;
// `complete` puts back what every reader needs. Times are microseconds, money is dollars as decimal strings.
import type { ApprovalFacts } from "./approvals";

export interface Usage {
  input_tokens?: number; // cached ones included
  cached_tokens?: number;
  output_tokens?: number; // reasoning ones included
  reasoning_tokens?: number;
}
export interface Charge {
  status: "settled" | "estimated" | "unknown" | "reused";
  usage?: Usage;
  cost?: string | null;
  input_price?: string | null;
  cached_price?: string | null;
  output_price?: string | null;
  price_source?: string;
}
/** Where an answer came from that no request was made for. */
export interface Reused {
  source: "cache" | "recorded";
  run: string;
  call: string;
  at: number;
}
export interface RequestedTool {
  call: string;
  id: string;
  name: string;
  arguments: string;
}
interface Limits {
  cost_limit?: string | null;
  token_limit?: number | null;
  call_limit?: number | null;
  seconds_limit?: number | null;
  soft_percent?: number | null; // of each limit: there a person is asked
}
type Effect = "reads" | "idempotent" | "writes" | "delegates" | "hands over";

/** What each event carries beside seq, at and path. */
interface Facts extends ApprovalFacts {
  RunStarted: Limits & {
    team_version: string; plan_digest: string; input: string; mode: "live" | "simulated"; by: string; via: string;
    retry_base_s?: number; latency_s?: number | null; parent?: string;
  };
  RunForked: Limits & {
    parent: string; parent_seq: number; parent_hash: string; effects: "recorded" | "simulated" | "live";
    mode: "live" | "simulated"; team_version: string; plan_digest: string; input: string; by: string; by_name: string;
    via: string; changed?: string[]; restarted?: string[]; retry_base_s?: number; latency_s?: number | null;
  };
  RunCompleted: { output: string };
  RunFailed: { code: string; message: string; node?: string };
  CancelRequested: { by: string; reason?: string };
  RunCancelled: object;
  PauseRequested: { by: string; by_name: string; reason?: string };
  ResumeRequested: { by: string; by_name: string };
  NodeRetried: { nodes: string[]; by: string; by_name: string };
  OutputGiven: {
    output: string; nodes: string[]; by: string; by_name: string; comment?: string; chosen?: string[] | null;
    writes?: Record<string, string>; order?: number[];
  };
  SignalReceived: { payload: string; via?: string };
  NodeStarted: { sources?: string[]; parent?: string; given?: string; task?: string };
  ChildRunStarted: Limits & { team_version: string; team: string; input: string; child: string };
  ChildLimitsRaised: Limits & { child: string; by: string; by_name: string };
  ChildRunEnded: {
    child: string; status: "done" | "failed" | "cancelled"; output?: string; message?: string; cost?: string;
    tokens?: number; calls?: number; unknown_costs?: number;
  };
  LoopRepeated: { iteration: number; value: string; nodes: string[]; note?: string };
  VariablesWritten: { writes: Record<string, string>; order: number[] };
  NodeNoted: { key: string; text: string; data?: Record<string, unknown> };
  NodeCompleted: { output: string; chosen?: string[] | null; note?: string };
  NodeFailed: { code: string; message: string; fatal?: boolean };
  NodeSkipped: { because: "not taken" | "upstream failed" };
  NodeCancelled: { because: string };
  ModelCallStarted: {
    call: string; attempt: number; turn: number; endpoint: string; model: string; dialect: string; append: string[];
    request: string; idempotency_key: string; max_tokens: number; reserved_tokens: number;
    reserved_cost?: string | null; simulated?: boolean; agent?: string; agent_name?: string; agent_version?: number;
    cache?: string;
  };
  ModelCallCompleted: {
    call: string; attempt: number; message: string; charge: Charge; finish_reason?: string; tools?: RequestedTool[];
    defect?: string; response_model?: string; response_id?: string; first_token_s?: number | null; late?: boolean;
    reused?: Reused | null;
  };
  ModelCallFailed: {
    call: string; attempt: number; code: string; message: string; retryable?: boolean;
    retry_after_s?: number | null; charge?: Charge | null; partial?: string;
  };
  CallAbandoned: { call: string; attempt: number; charge?: Charge | null; because?: string };
  ModelCallHeld: {
    call: string; attempt: number; agent: string; endpoint: string; model: string;
    code: "breaker_open" | "probing" | "rate_limited" | "queued"; message: string; after_s?: number | null;
  };
  FellBack: {
    call: string; attempt: number; from_model: string; to_model: string; because: string; message: string;
    choice: number; agent?: string; agent_name?: string;
  };
  OutputRejected: { turn: number; errors: string[]; message: string };
  ToolCallRequested: { call: string; attempt: number; tool: string; arguments: string };
  ToolCallVetted: { call: string; attempt: number; tool: string; arguments: string; effect: Effect; ask?: string };
  ToolCallRefused: { call: string; attempt: number; tool: string; code: string; message: string; result: string };
  ToolCallStarted: {
    call: string; attempt: number; tool: string; arguments: string; effect: Effect; idempotency_key: string;
    approval?: string; cache?: string;
  };
  ToolCallCompleted: { call: string; attempt: number; result: string; reused?: Reused | null };
  ToolCallFailed: { call: string; attempt: number; code: string; message: string; retryable?: boolean; result?: string };
  ToolCallInDoubt: { call: string; attempt: number };
  TimerSet: { key: string; after_s: number; purpose: "retry" | "deadline" | "time limit" | "latency" };
  TimerFired: { key: string };
  BudgetExceeded: {
    limit: "cost" | "tokens" | "calls" | "seconds" | "price" | "soft"; message: string; call?: string; scope?: string;
    need_cost?: string | null; need_tokens?: number; need_seconds?: number;
  };
  BudgetReopened: {
    scope: string; because: "changed" | "removed" | "decided" | "new period" | "calls ended" | "asked to"; by_name?: string;
  };
  LimitsRaised: Limits & { by: string; by_name: string; unknown_prices_allowed?: boolean };
  BudgetOverrun: {
    call: string; reserved_cost: string | null; cost: string | null; reserved_tokens: number; tokens: number;
  };
  LatencyBudgetExceeded: { limit_s: number; elapsed_s: number };
}

export type EventType = keyof Facts;
export type EventOf<T extends EventType> = { seq: number; at: number; path: string; type: T } & Facts[T];
export type Event = { [T in EventType]: EventOf<T> }[EventType];

/** An event as it came over the wire. */
export type RawEvent = { seq: number; type: string } & Record<string, unknown>;

export function complete(raw: RawEvent): Event {
  const event = { at: 0, path: "", ...raw };
  return ("call" in event ? { attempt: 1, ...event } : event) as unknown as Event;
}
