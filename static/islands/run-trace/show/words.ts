// What an event says, in a line.
import type { Event } from "../log/events";
import { parseMoney } from "../log/money";
import { duration, money, tokens } from "./figures";

export interface Said {
  icon: string;
  words: string; // the kind of event
  text: string; // what is particular
  tone: "" | "running" | "done" | "failed" | "waiting" | "warning" | "cancelled" | "doubt";
}

const amount = (text: string | null | undefined) => (text == null ? "unknown" : money(parseMoney(text)));

/** How what an event speaks of is called: the tool behind a call's id, a tool, an instance of a node. */
export interface Called {
  call(id: string): string;
  tool(name: string): string;
  node(path: string): string;
}
const PLAIN: Called = { call: (id) => id, tool: (name) => name, node: (path) => path };

export function say(event: Event, called: Called = PLAIN): Said {
  const made = SAYINGS[event.type] as ((event: Event, called: Called) => Said) | undefined;
  return made ? made(event, called) : { icon: "circle-dashed", words: (event as Event).type, text: "", tone: "" };
}

const said = (icon: string, words: string, text = "", tone: Said["tone"] = ""): Said => ({ icon, words, text, tone });
const attempt = (n: number): string => (n > 1 ? `, attempt ${n}` : "");

type Sayings = { [T in Event["type"]]: (event: Extract<Event, { type: T }>, called: Called) => Said };

/** A note that is a sentence says it all; of another, what it is about. Digests are for the engine. */
function noted(key: string, text: string): string {
  const plain = text.replace(/\b[0-9a-f]{64}\b/g, "").trim();
  return plain.split(/\s+/).length > 2 ? plain : [key, plain].filter(Boolean).join(": ");
}

const SAYINGS: Sayings = {
  RunStarted: (e) => said("play", "Run started", `${e.mode === "simulated" ? "rehearsal, " : ""}through ${e.via}${e.cost_limit ? `, limit ${amount(e.cost_limit)}` : ""}`, "running"),
  RunForked: (e) => said("git-fork", "Run forked", `off event ${e.parent_seq}, ${EFFECTS[e.effects]}${e.changed?.length ? `; changed: ${e.changed.join("; ")}` : ""}`, "running"),
  RunCompleted: () => said("circle-check", "Run completed", "", "done"),
  RunFailed: (e) => said("circle-x", "Run failed", e.message, "failed"),
  CancelRequested: (e) => said("square", "Stop asked", e.reason ?? "", "cancelled"),
  PauseRequested: (e) => said("pause", "Paused", `by ${e.by_name}${e.reason ? `, “${e.reason}”` : ""}`, "waiting"),
  ResumeRequested: (e) => said("play", "Resumed", `by ${e.by_name}`, "running"),
  NodeRetried: (e) => said("rotate-ccw", "Taken up again", `by ${e.by_name}`, "running"),
  OutputGiven: (e) => said("pencil-line", "Output given", `by ${e.by_name}${e.comment ? `, “${e.comment}”` : ""}`, "done"),
  SignalReceived: (e) => said("webhook", "Webhook called", e.via ?? "", "done"),
  RunCancelled: () => said("circle-slash", "Run cancelled", "", "cancelled"),
  NodeStarted: (e, called) => said("play", "Node started", e.parent ? `for ${called.node(e.parent)}` : "", "running"),
  ChildRunStarted: (e) => said("boxes", "Sub-team started", e.team, "running"),
  ChildLimitsRaised: (e) => said("arrow-up", "Sub-team’s limits raised", `by ${e.by_name}${e.cost_limit ? ` to ${amount(e.cost_limit)}` : ""}`),
  ChildRunEnded: (e) => said("boxes", "Sub-team ended", `${e.status}${e.calls ? `, ${e.calls} ${e.calls === 1 ? "call" : "calls"}, ${amount(e.cost)}` : ""}${e.status === "done" ? "" : `: ${e.message ?? ""}`}`, e.status === "done" ? "done" : "failed"),
  LoopRepeated: (e) => said("repeat", "Goes round again", `round ${e.iteration}${e.note ? `: ${e.note}` : ""}`, "running"),
  VariablesWritten: (e) => said("pencil-line", "Variables written", Object.keys(e.writes).join(", ")),
  NodeNoted: (e) => said("pencil-line", "Noted", noted(e.key, e.text)),
  NodeCompleted: (e) => said("circle-check", "Node completed", e.note ?? "", "done"),
  NodeFailed: (e) => said("circle-x", "Node failed", e.message, "failed"),
  NodeSkipped: (e) => said("circle-slash", "Node skipped", e.because),
  NodeCancelled: (e) => said("ban", "Node cancelled", e.because, "cancelled"),
  ModelCallStarted: (e) => said("sparkles", "Model called", `${e.model}, turn ${e.turn}${attempt(e.attempt)}${e.reserved_cost ? `, ${amount(e.reserved_cost)} reserved` : ""}`, "running"),
  ModelCallCompleted: (e, called) => {
    const used = (e.charge.usage?.input_tokens ?? 0) + (e.charge.usage?.output_tokens ?? 0);
    const asked = e.tools?.length ? `, asks for ${e.tools.map((tool) => called.tool(tool.name)).join(", ")}` : "";
    if (e.reused) return said("history", "Answered again", `${REUSED[e.reused.source]}, at no cost${asked}`, "done");
    return said("sparkles", "Model answered", `${tokens(used)} tokens, ${amount(e.charge.cost)}${asked}${e.late ? ", too late" : ""}${e.defect ? `, ${e.defect}` : ""}`, e.defect ? "warning" : "done");
  },
  ModelCallFailed: (e) => said("circle-x", "Model call failed", e.message + attempt(e.attempt), "failed"),
  CallAbandoned: (e) => said("unplug", "Call abandoned", `${e.because || "its worker stopped"}${attempt(e.attempt)}`, "warning"),
  ModelCallHeld: (e) => said("hourglass", HELD[e.code], e.message, "warning"),
  FellBack: (e) => said("arrow-down", e.agent ? "Another agent takes over" : "Falls back", `${e.agent ? `${e.agent_name}, ` : ""}${e.to_model} instead of ${e.from_model}: ${e.message}`, "warning"),
  OutputRejected: (e) => said("triangle-alert", "Answer rejected", e.errors.join(" "), "warning"),
  ToolCallRequested: (e, called) => said("wrench", "Tool call asked for", called.tool(e.tool)),
  ToolCallVetted: (e, called) => said("shield-check", "Tool call vetted", `${called.tool(e.tool)}${e.ask ? `, to be approved: ${e.ask}` : ""}`),
  ToolCallRefused: (e, called) => said("shield-alert", "Tool call refused", `${called.tool(e.tool)}: ${e.message}`, "failed"),
  ToolCallStarted: (e, called) => said("wrench", "Tool called", called.tool(e.tool) + attempt(e.attempt), "running"),
  ToolCallCompleted: (e, called) => (e.reused ? said("history", "Answered again", `${called.call(e.call)}, ${REUSED[e.reused.source]}`, "done") : said("wrench", "Tool answered", called.call(e.call), "done")),
  ToolCallFailed: (e, called) => said("circle-x", "Tool call failed", `${called.call(e.call)}: ${e.message}${attempt(e.attempt)}`, "failed"),
  ToolCallInDoubt: (e, called) => said("circle-question-mark", "Tool call in doubt", `${called.call(e.call)} may or may not have happened`, "doubt"),
  ApprovalRequested: (e) => said("hand", "Approval requested", `${e.title}${(e.quorum ?? 1) > 1 ? `, ${e.quorum} have to approve` : ""}`, "waiting"),
  ApprovalVoted: (e) => said("thumbs-up", "Approved by one", `${e.by_name}${e.comment ? `, “${e.comment}”` : ""}`, "waiting"),
  ApprovalEdited: (e) => said("pencil", "Edited", `${e.by_name} changed what is asked${e.comment ? `, “${e.comment}”` : ""}`, "waiting"),
  ApprovalDecided: (e) => said("stamp", "Approval decided", `${e.by_name}: ${DECISIONS[e.decision]}${e.comment ? `, “${e.comment}”` : ""}`, e.decision === "reject" || e.decision === "abort" ? "failed" : e.decision === "send_back" ? "cancelled" : "done"),
  ApprovalExpired: () => said("timer-off", "Approval expired", "nobody decided in time", "failed"),
  ApprovalReminded: (e) => said("bell-ring", "Reminded", `for the ${ORDINAL[e.number] ?? `${e.number}th`} time`, "waiting"),
  ApprovalEscalated: (e) => said("arrow-up-right", "Escalated", e.because === "deadline" ? "nobody decided in time" : `step ${e.step + 1}`, "waiting"),
  NodeReopened: (e) => said("undo-2", "Goes on", `sent back by ${e.gate}`, "running"),
  TimerSet: (e) => said("timer", e.purpose === "retry" ? "Backs off" : "Timer set", `${duration(e.after_s)}${e.purpose === "retry" ? "" : `, ${e.purpose}`}`),
  TimerFired: () => said("timer", "Timer fired"),
  BudgetExceeded: (e) => said("triangle-alert", "Stopped at a limit", e.message, "warning"),
  BudgetReopened: (e) => said("play", "Budget has room again", `${REOPENED[e.because]}${e.by_name ? ` by ${e.by_name}` : ""}`),
  LimitsRaised: (e) => said("arrow-up", "Limits raised", `by ${e.by_name}${e.cost_limit ? ` to ${amount(e.cost_limit)}` : ""}`),
  BudgetOverrun: (e) => said("triangle-alert", "Billed more than reserved", `${amount(e.cost)} instead of at most ${amount(e.reserved_cost)}`, "warning"),
  LatencyBudgetExceeded: (e) => said("timer", "Over its latency budget", `${duration(e.elapsed_s)} at work, ${duration(e.limit_s)} were meant`, "warning"),
};

const HELD = {
  breaker_open: "Endpoint left alone", probing: "Endpoint being tried", rate_limited: "Endpoint pauses", queued: "Waits for its turn",
} as const;

const REOPENED = {
  changed: "it was changed", removed: "it was removed", decided: "its soft limit was decided on", "new period": "a new period began",
  "calls ended": "calls in flight ended", "asked to": "tried again",
} as const;
export const EFFECTS = { recorded: "its calls answered from the parent's log", simulated: "rehearsed", live: "live" } as const;
export const REUSED = { cache: "from the cache", recorded: "as recorded in the parent" } as const;

const ORDINAL: Record<number, string> = { 1: "first", 2: "second", 3: "third" };

export const DECISIONS = {
  approve: "approved", answer: "answered", edit: "edited and approved", reject: "rejected", send_back: "sent back", retry: "try again", done: "it was done", abort: "given up",
} as const;
