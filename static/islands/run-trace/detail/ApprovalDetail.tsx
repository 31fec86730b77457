// Something a person was asked in this run: exactly what, and what was decided.
import { Content } from "../parts/Content";
import { StateWord } from "../parts/StateWord";
import { titleOf, useNow, useRun } from "../show/context";
import { clockTime, duration, span } from "../show/figures";
import { DECISIONS } from "../show/words";
import { DetailFrame, Facts, Gone, Section } from "./Detail";

const ROLES: Record<number, string> = { 10: "viewers", 20: "operators", 30: "designers", 40: "admins", 50: "owners" };

export function ApprovalDetail({ path, approvalKey }: { path: string; approvalKey: string }) {
  const { store, page } = useRun();
  const now = useNow();
  const approval = store.state.nodes.get(path)?.approvals.get(approvalKey);
  if (!approval) return <Gone what="Approval" />;
  const pending = approval.status === "pending";
  const bad = ["reject", "abort", "expired"].includes(approval.status);
  const status = pending ? (approval.kind === "doubt" ? "doubt" : "waiting") : bad ? "failed" : approval.status === "withdrawn" ? "cancelled" : "done";
  const word = pending ? "Needs a decision" : approval.status in DECISIONS ? DECISIONS[approval.status as keyof typeof DECISIONS] : approval.status;
  const left = approval.deadline_at ? (approval.deadline_at - now) / 1e6 : null;
  return (
    <DetailFrame icon="hand" title={titleOf(page, path)}
      under={<>
        <p className="wrap-anywhere">{approval.title}</p>
        <div className="mt-1.5"><StateWord status={status} word={word} /></div>
        <Facts facts={[["Asked at", clockTime(approval.requested_at).slice(0, 8)], ["Waited", span(approval.requested_at, approval.decided_at, now)], ["Who may", `${ROLES[approval.least_role] ?? "people"} up`]]} />
      </>}>
      {pending && left !== null && <p className="rt-said s-waiting">{left > 0 ? `${duration(left)} left, then it is ${approval.on_expiry === "reject" ? "rejected" : "failed"}.` : "The deadline has passed."}</p>}
      {approval.reason && <Section title="Why it asks"><p className="mono wrap-anywhere">{approval.reason}</p></Section>}
      {approval.by_name && <Section title={`Decided by ${approval.by_name}`}><p className="wrap-anywhere">{approval.comment || <span className="text-dim">No comment</span>}</p></Section>}
      {approval.edited && <Section title="Approved instead"><Content digest={approval.edited} /></Section>}
      <Section title="What was asked" aside={<span className="mono">{approval.subject.slice(0, 12)}</span>}><Content digest={approval.subject} /></Section>
    </DetailFrame>
  );
}
