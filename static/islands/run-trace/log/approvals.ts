// More of `fold`'s table: what people are asked, and what they say. The same as runs/engine/fold_approvals.py.
import type { EventOf } from "./events";
import { nodeOf, type RunState } from "./state";

/** What each of these events carries beside seq, at and path. */
export interface ApprovalFacts {
  ApprovalRequested: {
    key: string; kind: "gate" | "question" | "tool" | "doubt" | "budget" | "miss"; title: string; subject: string; call?: string; reason?: string;
    people?: string[]; groups?: string[]; least_role?: number; quorum?: number; launcher_may_decide?: boolean;
    deadline_s?: number | null; remind_after_s?: number[]; escalation?: Partial<EscalationStep>[];
    on_expiry?: "reject" | "fail" | "escalate"; may_send_back?: boolean;
  };
  ApprovalVoted: { key: string; subject: string; by: string; by_name: string; comment?: string };
  ApprovalEdited: {
    key: string; subject: string; becomes: string; edited: string; by: string; by_name: string; comment?: string;
  };
  ApprovalDecided: {
    key: string; decision: "approve" | "edit" | "answer" | "reject" | "send_back" | "retry" | "done" | "abort"; subject: string;
    by: string; by_name: string; edited?: string; comment?: string;
  };
  ApprovalExpired: { key: string };
  ApprovalReminded: { key: string; number: number };
  ApprovalEscalated: { key: string; step: number; because: "time" | "deadline"; deadline_s?: number | null };
  NodeReopened: { gate: string; key: string; message: string };
}

export interface EscalationStep {
  after_s: number | null;
  people: string[];
  groups: string[];
  least_role: number;
}
export interface Vote {
  by: string;
  by_name: string;
  at: number;
  comment: string;
}
export interface ApprovalState {
  key: string;
  path: string;
  kind: string;
  title: string;
  subject: string; // digest of what is asked now
  call: string;
  reason: string;
  least_role: number;
  launcher_may_decide: boolean;
  requested_at: number;
  deadline_at: number | null;
  on_expiry: string;
  people: string[];
  groups: string[];
  quorum: number;
  deadline_s: number | null;
  remind_after_s: number[];
  escalation: EscalationStep[];
  may_send_back: boolean;
  status: "pending" | ApprovalFacts["ApprovalDecided"]["decision"] | "expired" | "withdrawn";
  votes: Vote[]; // for `subject`, and nothing that was asked before
  before: string; // the subject before it was edited
  edited: string;
  comment: string;
  by: string;
  by_name: string;
  decided_at: number;
  reminded: number;
  reminded_at: number;
  escalated: number; // steps of the escalation that were reached
  escalated_at: number;
  renewed: number; // times the deadline began anew
  used: boolean;
}

const after = (at: number, seconds: number | null | undefined) => (seconds == null ? null : at + Math.trunc(seconds * 1e6));

function find(state: RunState, event: { path: string; key: string }): ApprovalState {
  const approval = nodeOf(state, event.path).approvals.get(event.key);
  if (!approval) throw new Error(`The log speaks of ${event.key}, which was never asked.`);
  return approval;
}

function end(state: RunState, event: { path: string; key: string; at: number }, status: ApprovalState["status"]): ApprovalState {
  for (const timer of nodeOf(state, event.path).timers.values()) {
    if (timer.key.startsWith(`${event.key}/`)) timer.open = false;
  }
  return Object.assign(find(state, event), { status, decided_at: event.at });
}

const vote = (event: EventOf<"ApprovalVoted" | "ApprovalEdited">): Vote => ({
  by: event.by, by_name: event.by_name, at: event.at, comment: event.comment ?? "",
});

export const approvals = {
  ApprovalRequested(state: RunState, event: EventOf<"ApprovalRequested">) {
    nodeOf(state, event.path).approvals.set(event.key, {
      key: event.key, path: event.path, kind: event.kind, title: event.title, subject: event.subject,
      call: event.call ?? "", reason: event.reason ?? "", least_role: event.least_role ?? 20,
      launcher_may_decide: event.launcher_may_decide ?? true, requested_at: event.at,
      deadline_at: after(event.at, event.deadline_s), on_expiry: event.on_expiry ?? "reject",
      people: event.people ?? [], groups: event.groups ?? [], quorum: event.quorum ?? 1,
      deadline_s: event.deadline_s ?? null, remind_after_s: event.remind_after_s ?? [],
      escalation: (event.escalation ?? []).map((step) => ({ after_s: null, people: [], groups: [], least_role: 20, ...step })),
      may_send_back: event.may_send_back ?? false, status: "pending", votes: [], before: "", edited: "", comment: "",
      by: "", by_name: "", decided_at: 0, reminded: 0, reminded_at: 0, escalated: 0, escalated_at: 0, renewed: 0,
      used: false,
    });
  },
  ApprovalVoted(state: RunState, event: EventOf<"ApprovalVoted">) {
    find(state, event).votes.push(vote(event));
  },
  ApprovalEdited(state: RunState, event: EventOf<"ApprovalEdited">) {
    Object.assign(find(state, event), {
      before: event.subject, subject: event.becomes, edited: event.edited, votes: [vote(event)],
    });
  },
  ApprovalDecided(state: RunState, event: EventOf<"ApprovalDecided">) {
    Object.assign(end(state, event, event.decision), {
      edited: event.edited ?? "", comment: event.comment ?? "", by: event.by, by_name: event.by_name,
    });
  },
  ApprovalExpired(state: RunState, event: EventOf<"ApprovalExpired">) {
    end(state, event, "expired");
  },
  ApprovalReminded(state: RunState, event: EventOf<"ApprovalReminded">) {
    Object.assign(find(state, event), { reminded: event.number, reminded_at: event.at });
  },
  ApprovalEscalated(state: RunState, event: EventOf<"ApprovalEscalated">) {
    const approval = find(state, event);
    Object.assign(approval, { escalated: event.step + 1, escalated_at: event.at });
    if (event.deadline_s == null) return;
    approval.deadline_at = after(event.at, event.deadline_s);
    approval.renewed += 1;
  },
  NodeReopened(state: RunState, event: EventOf<"NodeReopened">) {
    const node = nodeOf(state, event.path);
    Object.assign(node, { status: "running", ended_at: 0, rejected_turn: node.turns, forgiven: node.corrections });
    state.running.set(event.path, null);
    node.notes.set(`correction ${node.turns}`, event.message);
    for (const [key, timer] of node.timers) if (timer.purpose === "latency") node.timers.delete(key);
    find(state, { path: event.gate, key: event.key }).used = true;
  },
};
