// What is selected, in full, at the right; on a phone in a sheet.
import type { ReactNode } from "react";
import { Icon } from "../parts/icons";
import { useRun } from "../show/context";
import type { Selected } from "../show/selection";
import { AllDetail } from "./AllDetail";
import { ApprovalDetail } from "./ApprovalDetail";
import { CallDetail } from "./CallDetail";
import { EventDetail } from "./EventDetail";
import { NodeDetail } from "./NodeDetail";

export function Detail({ selected }: { selected: Selected }) {
  switch (selected.kind) {
    case "node":
      return <NodeDetail path={selected.path} />;
    case "all":
      return <AllDetail key={selected.node} node={selected.node} />;
    case "call":
      return <CallDetail key={selected.call} call={selected.call} attempt={selected.attempt} />;
    case "approval":
      return <ApprovalDetail path={selected.path} approvalKey={selected.key} />;
    case "event":
      return <EventDetail seq={selected.seq} />;
  }
}

interface FrameProps {
  icon: string;
  title: string;
  beside?: ReactNode; // beside the title
  under?: ReactNode; // below it
  children: ReactNode;
}

export function DetailFrame({ icon, title, beside, under, children }: FrameProps) {
  const { select } = useRun();
  return (
    <>
      <div className="rt-detail-head">
        <div className="flex items-center gap-2">
          <Icon name={icon} />
          <h2 className="truncate font-semibold">{title}</h2>
          {beside}
          <span className="flex-1" />
          <button type="button" className="btn btn-xs btn-ghost btn-square" aria-label="Close" onClick={() => select(null)}><Icon name="x" /></button>
        </div>
        {under}
      </div>
      <div className="rt-detail-body scroll-y" tabIndex={0}>{children}</div>
    </>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="rt-section">
      <div className="rt-section-head"><h3>{title}</h3>{aside && <span className="text-dim text-label">{aside}</span>}</div>
      {children}
    </section>
  );
}

export function Facts({ facts }: { facts: [label: string, value: ReactNode][] }) {
  return (
    <dl className="rt-facts">
      {facts.map(([label, value]) => <div key={label}><dt className="label">{label}</dt><dd className={typeof value === "string" && !/^[\d$–]/.test(value) ? undefined : "num"}>{value}</dd></div>)}
    </dl>
  );
}

export function Gone({ what }: { what: string }) {
  return <DetailFrame icon="circle-dashed" title={what}><p className="rt-none">This is not in the part of the log that has been read so far.</p></DetailFrame>;
}
