// The run of a sub-team, from the node or event that speaks of it.
import { knownSums } from "../feed/costs";
import { CHILD, type Budget } from "../log/state";
import { Icon } from "../parts/icons";
import { StateWord } from "../parts/StateWord";
import { useRun } from "../show/context";
import { money, tokens } from "../show/figures";
import { Section } from "./Detail";

const shortId = (run: string): string => `r-${run.replaceAll("-", "").slice(0, 6)}`;

export function RunLink({ run, words = "Open its run" }: { run: string; words?: string }) {
  const { page } = useRun();
  return <a className="link inline-flex items-center gap-1" href={`${page.urls.runs}${run}/`}><Icon name="boxes" size={13} />{words}</a>;
}

/** What it may use, as far as this run has limits. */
function heldBack(budget: Budget, path: string): string {
  const held = budget.reserved.get(`${path}#0`);
  if (!held) return "";
  const [cost, most, calls] = held;
  const kinds = [
    budget.cost_limit === null ? "" : money(cost),
    budget.token_limit === null ? "" : `${tokens(most)} tokens`,
    budget.call_limit === null ? "" : `${calls} ${calls === 1 ? "call" : "calls"}`,
  ].filter(Boolean);
  return kinds.join(", ");
}

/** Nothing for a node that is no sub-team, or has not started. One that `waits` without a run finds nothing left to use. */
export function SubTeam({ path, waits }: { path: string; waits: boolean }) {
  const { store } = useRun();
  const run = store.state.nodes.get(path)?.notes.get(CHILD);
  if (!run) return waits ? <Section title="Sub-team"><p className="text-dim">All that is left of this run’s limits is held back for what is at work. It begins when something is given back.</p></Section> : null;
  const held = heldBack(store.state.budget, path);
  const part = store.parts.get(path);
  if (!part && store.looks > 0 && !store.events.some(({ type }) => type === "RunForked")) return <Section title="Sub-team"><p className="text-dim">Its run was deleted.</p></Section>;
  const sums = part && knownSums(part);
  return (
    <Section title="Sub-team" aside={<span className="mono">{shortId(run)}</span>}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {part && <><StateWord status={part.status} /><span>{part.title}</span></>}
        {sums && sums.billed > 0 && <span className="text-dim num">{money(part.cost === null && part.unknown ? null : sums.cost)} · {tokens(sums.input + sums.output)} tokens</span>}
        <RunLink run={run} />
      </div>
      {held && <p className="mt-1 text-dim">Until it has ended, this run holds back {held} for it.</p>}
    </Section>
  );
}
