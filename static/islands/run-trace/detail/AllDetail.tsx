// A node that ran several times: its instances with what each did, cost and took; one opens its own details.
import { useState } from "react";
import { cardText } from "../../graph";
import { ZERO } from "../log/money";
import { StateWord } from "../parts/StateWord";
import { useNames, useNode, useNow, useRun } from "../show/context";
import { counted, money, span, tokens } from "../show/figures";
import { roundOf, titleOf } from "../show/names";
import { statusOf } from "../show/status";
import { summarize, sumsOf, type Summary } from "../show/summary";
import { DetailFrame, Facts, Gone, Section } from "./Detail";
import { Writing } from "../parts/Content";

const PAGE = 100;
const FILTERED_FROM = 12;
const STATES = ["running", "waiting", "doubt", "failed", "done", "cancelled", "skipped"] as const;
const WORDS: Record<(typeof STATES)[number], string> = {
  running: "at work", waiting: "waiting", doubt: "in doubt", failed: "failed", done: "done", cancelled: "stopped", skipped: "not taken",
};
type State = (typeof STATES)[number] | "";

export function AllDetail({ node: id }: { node: string }) {
  const { store, page } = useRun();
  const now = useNow();
  const authored = useNode(id);
  const [shown, setShown] = useState(PAGE);
  const [state, setState] = useState<State>("");
  if (!authored) return <Gone what={id} />;
  const all = summarize(store, id);
  const text = cardText(page.catalog, authored);
  const paths = state ? all.paths.filter((path) => statusOf(store.state, path) === state) : all.paths;
  const writing = [...store.trace.open.values()].filter((one) => one.kind === "model" && all.paths.includes(one.path) && store.textOf(one.key));
  return (
    <DetailFrame icon={text.kind.icon} title={text.name}
      under={<><p className="text-dim text-meta">{text.role}</p><div className="mt-1.5"><StateWord status={all.status} word={all.words} /></div><Facts facts={facts(all, now)} /></>}>
      {writing.slice(-1).map((one) => <Section key={one.key} title="Writing now"><Writing text={store.textOf(one.key)} /></Section>)}
      <Section title={all.rounds ? "Rounds" : "Instances"} aside={paths.length === all.paths.length ? counted(all.paths.length) : `${counted(paths.length)} of ${counted(all.paths.length)}`}>
        {all.paths.length >= FILTERED_FROM && <States all={all} state={state} onChoose={setState} />}
        <Instances paths={paths.slice(0, shown)} />
        {paths.length > shown && <button type="button" className="link px-1 pt-2" onClick={() => setShown(shown + 5 * PAGE)}>Show {Math.min(5 * PAGE, paths.length - shown)} more</button>}
      </Section>
    </DetailFrame>
  );
}

function facts(all: Summary, now: number): [string, string][] {
  const { sums } = all;
  return [
    [all.rounds ? "Rounds" : "Instances", counted(all.paths.length)],
    ["Tokens", sums ? tokens(sums.input + sums.output) : "–"],
    all.reserved !== ZERO && !sums ? ["Reserved", money(all.reserved)] : ["Cost", sums ? money(sums.unknown && sums.cost === ZERO ? null : sums.cost) : "–"],
    ["Time", all.started_at ? span(all.started_at, all.ended_at, now) : "–"],
  ];
}

function States({ all, state, onChoose }: { all: Summary; state: State; onChoose(state: State): void }) {
  const there = STATES.filter((one) => all.counts[one]);
  if (there.length < 2) return null;
  return (
    <div className="seg mb-2" role="group" aria-label="Which ones">
      <button type="button" aria-pressed={state === ""} onClick={() => onChoose("")}>all</button>
      {there.map((one) => <button key={one} type="button" aria-pressed={state === one} onClick={() => onChoose(one)}>{all.counts[one]} {WORDS[one]}</button>)}
    </div>
  );
}

/** A row for each instance; `own`: with the name of its node, too. */
export function Instances({ paths, own = false }: { paths: string[]; own?: boolean }) {
  const { store, page, select } = useRun();
  const name = useNames();
  const now = useNow();
  return (
    <div className="rt-steps">
      {paths.map((path) => {
        const node = store.state.nodes.get(path);
        const sums = sumsOf(store, [path]);
        const rounds = !path.includes("/");
        return (
          <button key={path} type="button" className="rt-step" onClick={() => select({ kind: "node", path })}>
            <span className="min-w-0 flex-1 truncate">{own ? name(path) : rounds ? `Round ${roundOf(path)}` : forWhom(name(path), titleOf(page, path))}</span>
            <StateWord status={statusOf(store.state, path)} bare />
            <span className="rt-step-fig num">{sums ? tokens(sums.input + sums.output) : ""}</span>
            <span className="rt-step-fig is-cost num">{sums ? money(sums.unknown && sums.cost === ZERO ? null : sums.cost) : ""}</span>
            <span className="rt-step-fig num">{node?.started_at ? span(node.started_at, node.ended_at, now) : ""}</span>
          </button>
        );
      })}
    </div>
  );
}

/** What a name says beside the node's own: `for Lead, round 2`, `12 for Look up orders`. */
function forWhom(name: string, title: string): string {
  const rest = name.slice(title.length).replace(/^[, ]+/, "");
  return rest ? rest.charAt(0).toUpperCase() + rest.slice(1) : name;
}
