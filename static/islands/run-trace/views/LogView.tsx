// Every event of the run, filtered by kind, node and text; the newest at the end, followed while one is there.
import { useDeferredValue, useMemo, useState } from "react";
import { Icon } from "../../graph";
import type { Event } from "../log/events";
import { nodeIdOf } from "../log/state";
import { VirtualRows } from "../parts/VirtualRows";
import { useCalled, useRun } from "../show/context";
import { titleOf } from "../show/names";
import { clockTime, counted } from "../show/figures";
import { say, type Called, type Said } from "../show/words";

const ROW = 30;
const KINDS: { id: string; words: string; fits(type: string): boolean }[] = [
  { id: "", words: "all", fits: () => true },
  { id: "run", words: "run", fits: (type) => /^(Run|Cancel)/.test(type) },
  { id: "node", words: "nodes", fits: (type) => /^(Node|LoopRepeated|VariablesWritten|OutputGiven)/.test(type) },
  { id: "model", words: "model calls", fits: (type) => /^(Model|CallAbandoned|FellBack|OutputRejected)/.test(type) },
  { id: "tool", words: "tool calls", fits: (type) => type.startsWith("Tool") },
  { id: "person", words: "approvals", fits: (type) => type.startsWith("Approval") },
  { id: "time", words: "timers", fits: (type) => type.startsWith("Timer") },
  { id: "money", words: "limits", fits: (type) => /^(Budget|Limits)/.test(type) },
  { id: "trouble", words: "trouble", fits: (type) => /(Failed|Rejected|Refused|InDoubt|Abandoned|Expired|Exceeded|Overrun|Held|FellBack)$/.test(type) },
];

interface Wanted {
  kind: string;
  path: string;
  text: string;
}

export function LogView() {
  const { store, page, selected, select } = useRun();
  const [wanted, setWanted] = useState<Wanted>({ kind: "", path: "", text: "" });
  const [atEnd, setAtEnd] = useState(true);
  const text = useDeferredValue(wanted.text);
  const total = store.events.length;
  const called = useCalled();
  const titles = useMemo(() => new Map(page.graph.nodes.map((node) => [node.id, titleOf(page, node.id)])), [page]);
  const shown = useMemo(
    () => filter(store.events, { ...wanted, text }, called),
    [store.events, total, wanted.kind, wanted.path, text, called],
  );
  const current = selected?.kind === "event" ? shown.findIndex((event) => event.seq === selected.seq) : -1;
  const row = (index: number) => {
    const event = shown[index]!;
    return <LogRow key={event.seq} event={event} said={say(event, called)} start={store.origin} title={event.path ? called.node(event.path) : ""}
      chosen={index === current} onSelect={() => select({ kind: "event", seq: event.seq })} />;
  };
  return (
    <div className="rt-fill">
      <div className="rt-tools">
        <label className="filter-chip">{<Icon name="search" />}<input type="search" value={wanted.text} placeholder="Find in the log" aria-label="Find in the log" data-key="/" onChange={(e) => setWanted({ ...wanted, text: e.target.value })} /></label>
        <label className="filter-chip">Kind<select value={wanted.kind} aria-label="Kind of event" onChange={(e) => setWanted({ ...wanted, kind: e.target.value })}>{KINDS.map((kind) => <option key={kind.id} value={kind.id}>{kind.words}</option>)}</select></label>
        <label className="filter-chip">Node<select value={wanted.path} aria-label="Node" onChange={(e) => setWanted({ ...wanted, path: e.target.value })}><option value="">all</option>{[...titles].map(([id, title]) => <option key={id} value={id}>{title}</option>)}</select></label>
        <span className="flex-1" />
        <span className="text-dim text-meta num">{shown.length === total ? `${counted(total)} events` : `${counted(shown.length)} of ${counted(total)}`}</span>
        {!atEnd && !store.state.ended && <span className="chip">{<Icon name="arrow-down" />}more below</span>}
      </div>
      {shown.length ? (
        <VirtualRows count={shown.length} height={ROW} label="Events" className="rt-log" current={current} follow={!store.state.ended}
          onEnd={setAtEnd} onMove={(index) => select({ kind: "event", seq: shown[index]!.seq })} row={row} />
      ) : (
        <p className="rt-none">{total ? "No event fits these filters." : "Nothing has happened yet."}</p>
      )}
    </div>
  );
}

function filter(events: Event[], wanted: Wanted, called: Called): Event[] {
  const kind = KINDS.find((one) => one.id === wanted.kind) ?? KINDS[0]!;
  const text = wanted.text.trim().toLowerCase();
  if (!wanted.kind && !wanted.path && !text) return events.slice();
  return events.filter((event) => {
    if (!kind.fits(event.type) || (wanted.path && !isOf(event.path, wanted.path))) return false;
    if (!text) return true;
    const { words, text: more } = say(event, called);
    const call = "call" in event ? event.call : "";
    return `${words} ${more} ${event.path && called.node(event.path)} ${call} ${event.type}`.toLowerCase().includes(text);
  });
}

const isOf = (path: string, id: string): boolean => path === id || (path.includes(id) && nodeIdOf(path) === id);

function LogRow({ event, said, start, title, chosen, onSelect }: { event: Event; said: Said; start: number; title: string; chosen: boolean; onSelect(): void }) {
  const { icon, words, text, tone } = said;
  const after = ((event.at - start) / 1e6).toFixed(3);
  return (
    <button type="button" tabIndex={-1} className={`rt-log-row${tone ? ` s-${tone}` : ""}`} aria-current={chosen || undefined} onClick={onSelect}>
      <span className="rt-log-seq num">{event.seq}</span>
      <span className="rt-log-at num" title={clockTime(event.at)}>+{after}s</span>
      <span className="rt-log-icon"><Icon name={icon} size={14} /></span>
      <span className="rt-log-type">{words}</span>
      <span className="rt-log-node">{title}</span>
      <span className="rt-log-text">{text}</span>
    </button>
  );
}
