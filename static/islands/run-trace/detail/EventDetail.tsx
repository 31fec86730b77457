// One event of the log: its fields as stored, and the content it refers to.
import { useState } from "react";
import type { Event } from "../log/events";
import { Content } from "../parts/Content";
import { Icon } from "../parts/icons";
import { Json } from "../parts/Json";
import { useCalled, useNames, useRun } from "../show/context";
import { clockTime } from "../show/figures";
import { say } from "../show/words";
import { DetailFrame, Facts, Gone, Section } from "./Detail";
import { ForkLinks } from "./ForkLinks";
import { RunLink } from "./SubTeam";

const HIDDEN = new Set(["seq", "type", "at", "path"]);
const NO_CONTENT = new Set(["request", "plan_digest"]); // digests over things that are not stored as content

export function EventDetail({ seq }: { seq: number }) {
  const { store, select } = useRun();
  const name = useNames();
  const called = useCalled();
  const event = store.events[seq - 1];
  if (!event) return <Gone what={`Event ${seq}`} />;
  const { icon, words, text } = say(event, called);
  const fields = Object.fromEntries(Object.entries(event).filter(([key]) => !HIDDEN.has(key)));
  return (
    <DetailFrame icon={icon} title={words} beside={<span className="text-dim num">#{event.seq}</span>}
      under={<>
        {text && <p className="text-dim text-meta wrap-anywhere">{text}</p>}
        <Facts facts={[["At", clockTime(event.at)], ["After", `${((event.at - store.origin) / 1e6).toFixed(3)}s`], ["Type", <span key="t" className="mono text-label">{event.type}</span>]]} />
      </>}>
      <div className="rt-block flex flex-wrap gap-3">
        {event.path && <button type="button" className="link" onClick={() => select({ kind: "node", path: event.path })}>{name(event.path)}</button>}
        {"call" in event && event.call && <button type="button" className="link" onClick={() => select({ kind: "call", call: event.call ?? "", attempt: 0 })}>Its call</button>}
        {(event.type === "ChildRunStarted" || event.type === "ChildLimitsRaised" || event.type === "ChildRunEnded") && <RunLink run={event.child} />}
        {event.type === "ApprovalDecided" ? <ForkLinks seq={seq - 1} words="Fork with another answer" /> : <ForkLinks seq={seq} />}
      </div>
      {Object.keys(fields).length > 0 && <Section title="Fields"><Json value={fields} /></Section>}
      {digests(event).map(([name, digest]) => <Referred key={`${name}${digest}`} name={name} digest={digest} />)}
    </DetailFrame>
  );
}

function digests(event: Event): [string, string][] {
  const found: [string, string][] = [];
  for (const [key, value] of Object.entries(event)) {
    if (NO_CONTENT.has(key)) continue;
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) if (typeof one === "string" && /^[0-9a-f]{64}$/.test(one)) found.push([key, one]);
  }
  return found;
}

function Referred({ name, digest }: { name: string; digest: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Section title={name.replaceAll("_", " ")} aside={<button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide" : "Show"} <Icon name={open ? "chevron-up" : "chevron-down"} size={12} /></button>}>
      {open ? <Content digest={digest} /> : <span className="mono text-dim text-label">{digest.slice(0, 16)}…</span>}
    </Section>
  );
}
