// One node in this run: what it was asked to do, every step it took, what it says now, what it gave on.
import { agentOf } from "../../graph/kinds";
import { cardText } from "../../graph";
import { Content, Writing } from "../parts/Content";
import { Icon } from "../parts/icons";
import { StateWord } from "../parts/StateWord";
import { NodeForkLinks } from "./ForkLinks";
import { ZERO } from "../log/money";
import { CHILD_NOTES } from "../log/state";
import { useNames, useNode, useNow, useRun } from "../show/context";
import { money, span, tokens } from "../show/figures";
import { doing } from "../show/lighting";
import { statusOf } from "../show/status";
import { sumsOf } from "../show/summary";
import { DetailFrame, Facts, Gone, Section } from "./Detail";
import { Lineage, Place } from "./Lineage";
import { Steps } from "./Steps";
import { SubTeam } from "./SubTeam";

export function NodeDetail({ path }: { path: string }) {
  const { store, page } = useRun();
  const now = useNow();
  const name = useNames();
  const authored = useNode(path);
  if (!authored) return <Gone what={path} />;
  const node = store.state.nodes.get(path);
  const text = cardText(page.catalog, authored);
  const agent = agentOf(page.catalog, authored);
  const status = statusOf(store.state, path);
  const sums = sumsOf(store, [path]);
  const reserved = store.trace.reserved(path);
  const attempts = store.trace.byPath.get(path) ?? [];
  const writing = [...store.trace.open.values()].filter((one) => one.path === path && one.kind === "model" && store.textOf(one.key));
  const calls = new Set(attempts.map((one) => one.call)).size;
  const facts: [string, string | React.ReactElement][] = [
    ["Calls", String(calls + (store.parts.get(path)?.calls ?? 0))],
    ["Tokens", sums ? tokens(sums.input + sums.output) : "–"],
    reserved !== ZERO ? ["Reserved", <span className="italic text-dim" key="r">{money(reserved)}</span>] : ["Cost", sums ? money(sums.unknown && sums.cost === ZERO ? null : sums.cost) : "–"],
    ["Time", node?.started_at ? span(node.started_at, node.ended_at, now) : "–"],
  ];
  const word = status === "skipped" ? (node?.upstream_failed ? "Not reached" : "Not taken") : status === "running" && node ? doing(store, node, "running") : undefined;
  return (
    <DetailFrame icon={text.kind.icon} title={name(path)}
      beside={agent?.version ? <span className="chip chip-fill">v{agent.version}</span> : null}
      under={<><p className="text-dim text-meta">{text.role}</p><div className="mt-1.5 flex items-center gap-2"><StateWord status={status} word={word} /><span className="flex-1" /><Place path={path} /></div><Facts facts={facts} /></>}>
      {node?.over_latency && <p className="rt-said s-warning"><Icon name="timer" /> It worked for longer than its latency budget. Nothing was stopped.</p>}
      {node?.message && <p className={`rt-said ${node.status === "failed" ? "s-failed" : ""}`}>{node.message}</p>}
      {(calls > 0 || (node && node.approvals.size > 0)) && <Section title="Steps" aside={node && node.turns > 1 ? `${node.turns} turns` : ""}><Steps path={path} /></Section>}
      {writing.map((one) => <Section key={one.key} title="Writing now" aside={speed(store.textOf(one.key), one.started_at, now)}><Writing text={store.textOf(one.key)} /></Section>)}
      <SubTeam path={path} waits={authored.kind === "team" && status === "running"} />
      {node && <Lineage node={node} listed={calls > 0} />}
      {node && notes(node.notes).map(([key, note]) => <Section key={key} title="Noted" aside={key}><p className="wrap-anywhere">{note}</p></Section>)}
      {node?.output && <Section title="Output"><Content digest={node.output} /></Section>}
      <NodeForkLinks path={path} />
      {!node && <p className="rt-none"><Icon name="circle-dashed" /> Not begun yet.</p>}
    </DetailFrame>
  );
}

/** Notes for people; those that hold a digest are shown with the call they belong to. */
const notes = (all: Map<string, string>): [string, string][] => [...all].filter(([key, text]) => !CHILD_NOTES.has(key) && !/^[0-9a-f]{64}$/.test(text));

function speed(text: string, started: number, now: number): string {
  const seconds = (now - started) / 1e6;
  return seconds > 1 ? `about ${Math.max(1, Math.round(text.length / 4 / seconds))} tokens/s` : "";
}
