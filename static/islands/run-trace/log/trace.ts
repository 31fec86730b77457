// What the fold forgets and people want to see: every attempt with its times, charge and price, back-offs, sums.
import type { Charge, Event, EventOf, Reused } from "./events";
import { parseMoney, ZERO, type Money } from "./money";

export interface Attempt {
  key: string; // call#attempt
  call: string;
  attempt: number;
  path: string;
  kind: "model" | "tool";
  turn: number;
  name: string; // of the model or the tool
  seq: number;
  started_at: number;
  ended_at: number; // 0: in flight
  status: "running" | "done" | "failed" | "doubt" | "cancelled";
  code: string;
  message: string;
  charge: Charge | null;
  cost: Money | null; // null: unknown, or nothing billed
  reserved: Money | null; // null: no known price
  simulated: boolean;
  max_tokens: number;
  first_token_s: number | null;
  finish_reason: string;
  response_model: string;
  result: string;
  partial: string;
  reused: Reused | null; // no request was made
  from: number; // where its conversation begins in the node's transcript
  messages: number; // how long the transcript was when it was asked
}
export interface Backoff {
  path: string;
  key: string;
  call: string;
  started_at: number;
  ended_at: number; // 0: still waiting
  after_s: number;
}
/** Sums over the billed calls of one node; the ledger's rows come from the same charges. */
export interface Sums {
  cost: Money;
  billed: number;
  unknown: number;
  input: number;
  cached: number;
  output: number;
  reasoning: number;
}

export class Trace {
  attempts = new Map<string, Attempt[]>(); // by call, in order
  byPath = new Map<string, Attempt[]>();
  backoffs = new Map<string, Backoff[]>(); // by path
  open = new Map<string, Attempt>(); // in flight, by key
  sums = new Map<string, Sums>(); // by path
  total = newSums();
  parts = 0; // how often the run of a sub-team began or ended
  private transcript = new Map<string, number>();
  private opened = new Map<string, number>(); // where the conversation of an agent that took over begins

  take(event: Event): void {
    switch (event.type) {
      case "RunForked": // what was spent before is the parent's
        this.sums.clear();
        this.total = newSums();
        for (const path of event.restarted ?? []) this.transcript.delete(path);
        return;
      case "ModelCallStarted":
        this.grow(event.path, event.append.length);
        return this.begin(event, "model", event.model, event.turn);
      case "ToolCallStarted":
        return this.begin(event, "tool", event.tool, 0);
      case "ModelCallCompleted":
        if (!event.late) this.grow(event.path, 1);
        return this.finish(event, "done", event.charge, {
          result: event.message, first_token_s: event.first_token_s ?? null, finish_reason: event.finish_reason ?? "",
          response_model: event.response_model ?? "", reused: event.reused ?? null,
        });
      case "ToolCallCompleted":
        return this.finish(event, "done", null, { result: event.result, reused: event.reused ?? null });
      case "ModelCallFailed":
        return this.finish(event, event.code === "cancelled" ? "cancelled" : "failed", event.charge ?? null, {
          code: event.code, message: event.message, partial: event.partial ?? "",
        });
      case "ToolCallFailed":
        return this.finish(event, event.code === "cancelled" ? "cancelled" : "failed", null, { code: event.code, message: event.message, result: event.result ?? "" });
      case "CallAbandoned":
        return this.finish(event, "failed", event.charge ?? null, {
          code: "abandoned", message: event.because || "Its worker stopped before the result was recorded.",
        });
      case "ToolCallInDoubt":
        return this.finish(event, "doubt", null, { message: "Whether it happened is not known." });
      case "ChildRunStarted":
      case "ChildLimitsRaised":
      case "ChildRunEnded":
        this.parts += 1;
        return;
      case "FellBack":
        if (event.agent) this.opened.set(event.path, this.transcript.get(event.path) ?? 0);
        return;
      case "TimerSet":
        if (event.purpose === "retry") this.backOff(event);
        return;
      case "TimerFired":
        for (const one of this.backoffs.get(event.path) ?? []) if (one.key === event.key) one.ended_at = event.at;
        return;
      default:
    }
  }

  private grow(path: string, by: number): void {
    this.transcript.set(path, (this.transcript.get(path) ?? 0) + by);
  }

  private begin(event: EventOf<"ModelCallStarted"> | EventOf<"ToolCallStarted">, kind: Attempt["kind"], name: string, turn: number): void {
    const model = event.type === "ModelCallStarted" ? event : null;
    const made: Attempt = {
      key: `${event.call}#${event.attempt}`, call: event.call, attempt: event.attempt, path: event.path, kind, turn, name,
      seq: event.seq, started_at: event.at, ended_at: 0, status: "running", code: "", message: "", charge: null, cost: null,
      reserved: model?.reserved_cost == null ? null : parseMoney(model.reserved_cost), simulated: model?.simulated ?? false, max_tokens: model?.max_tokens ?? 0,
      first_token_s: null, finish_reason: "", response_model: "", result: "", partial: "", reused: null,
      from: this.opened.get(event.path) ?? 0, messages: this.transcript.get(event.path) ?? 0,
    };
    push(this.attempts, event.call, made);
    push(this.byPath, event.path, made);
    this.open.set(made.key, made);
  }

  private finish(
    event: { call: string; attempt: number; at: number; path: string },
    status: Attempt["status"], charge: Charge | null, facts: Partial<Attempt>,
  ): void {
    const found = this.attempts.get(event.call)?.find((one) => one.attempt === event.attempt);
    if (!found) return;
    this.open.delete(found.key);
    Object.assign(found, facts, { status, ended_at: event.at, charge });
    if (!charge) return;
    found.cost = charge.cost == null ? null : parseMoney(charge.cost);
    let sums = this.sums.get(event.path);
    if (!sums) this.sums.set(event.path, (sums = newSums()));
    for (const one of [sums, this.total]) add(one, charge, found.cost, found.simulated);
  }

  private backOff(event: EventOf<"TimerSet">): void {
    const call = event.key.replace(/\/(retry|hold)\d+$/, "");
    push(this.backoffs, event.path, {
      path: event.path, key: event.key, call, started_at: event.at, ended_at: 0, after_s: event.after_s,
    });
  }

  /** What is reserved for calls in flight, of one node or of all. */
  reserved(path?: string): Money {
    let sum = ZERO;
    for (const one of this.open.values()) if (path === undefined || one.path === path) sum += one.reserved ?? ZERO;
    return sum;
  }
}

export function newSums(): Sums {
  return { cost: ZERO, billed: 0, unknown: 0, input: 0, cached: 0, output: 0, reasoning: 0 };
}

function add(sums: Sums, charge: Charge, cost: Money | null, simulated: boolean): void {
  sums.billed += 1;
  if (cost !== null) sums.cost += cost;
  else if (!simulated) sums.unknown += 1;
  sums.input += charge.usage?.input_tokens ?? 0;
  sums.cached += charge.usage?.cached_tokens ?? 0;
  sums.output += charge.usage?.output_tokens ?? 0;
  sums.reasoning += charge.usage?.reasoning_tokens ?? 0;
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
