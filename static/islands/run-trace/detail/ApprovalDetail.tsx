// Something a person was asked in this run: exactly what, and what was decided.
import type { ApprovalState } from "../log/approvals";
import { Content } from "../parts/Content";
import { StateWord } from "../parts/StateWord";
import { useNames, useNow, useRun } from "../show/context";
import { clockTime, duration, span } from "../show/figures";
import { DECISIONS } from "../show/words";
import { DetailFrame, Facts, Gone, Section } from "./Detail";

const ROLES: Record<number, string> = { 10: "viewers", 20: "operators", 30: "designers", 40: "admins", 50: "owners" };

/** Those who were asked first, by name or by role. */
function whoMay({ people, groups, least_role }: ApprovalState): string {
  return [...groups, ...people].join(", ") || `${ROLES[least_role] ?? "people"} up`;
}

export function ApprovalDetail({ path, approvalKey }: { path: string; approvalKey: string }) {
  const { store } = useRun();
  const name = useNames();
  const now = useNow();
  const approval = store.state.nodes.get(path)?.approvals.get(approvalKey);
  if (!approval) return <Gone what="Approval" />;
  const pending = approval.status === "pending";
  const bad = ["reject", "abort", "expired"].includes(approval.status);
  const then = { reject: "it is rejected", fail: "the run fails", escalate: "it escalates" }[approval.on_expiry] ?? "";
  const status = pending ? (approval.kind === "doubt" ? "doubt" : "waiting") : bad ? "failed" : ["withdrawn", "send_back"].includes(approval.status) ? "cancelled" : "done";
  const word = pending ? "Needs a decision" : approval.status in DECISIONS ? DECISIONS[approval.status as keyof typeof DECISIONS] : approval.status;
  const left = approval.deadline_at ? (approval.deadline_at - now) / 1e6 : null;
  return (
    <DetailFrame icon="hand" title={name(path)}
      under={<>
        <p className="wrap-anywhere">{approval.title}</p>
        <div className="mt-1.5"><StateWord status={status} word={word} /></div>
        <Facts facts={[["Asked at", clockTime(approval.requested_at).slice(0, 8)], ["Waited", span(approval.requested_at, approval.decided_at, now)], ["Who may", whoMay(approval)]]} />
      </>}>
      {pending && left !== null && <p className="rt-said s-waiting">{left > 0 ? `${duration(left)} left, then ${then}.` : "The deadline has passed."}</p>}
      {approval.reason && <Section title="Why it asks"><p className="mono wrap-anywhere">{approval.reason}</p></Section>}
      {approval.quorum > 1 && (
        <Section title={`Approved by ${approval.votes.length + (["approve", "edit"].includes(approval.status) ? 1 : 0)} of ${approval.quorum}`}>
          {approval.votes.length ? approval.votes.map((vote) => (
            <p key={vote.by} className="wrap-anywhere">{vote.by_name}, {clockTime(vote.at).slice(0, 8)}{vote.comment && `: “${vote.comment}”`}</p>
          )) : <p className="text-dim">Nobody yet</p>}
        </Section>
      )}
      {approval.reminded_at > 0 && <p className="rt-said">Reminded at {clockTime(approval.reminded_at).slice(0, 8)}</p>}
      {approval.escalated_at > 0 && <p className="rt-said">Escalated at {clockTime(approval.escalated_at).slice(0, 8)}</p>}
      {approval.by_name && <Section title={`Decided by ${approval.by_name}`}><p className="wrap-anywhere">{approval.comment || <span className="text-dim">No comment</span>}</p></Section>}
      {approval.edited && <Section title="Approved instead"><Content digest={approval.edited} /></Section>}
      <Section title="What was asked" aside={<span className="mono">{approval.subject.slice(0, 12)}</span>}><Content digest={approval.subject} /></Section>
    </DetailFrame>
  );
}
