// What the run has cost with its sub-teams, by agent, model, node and run: sums over the ledger, fetched again when a
// call is settled.
import { useEffect, useState, type ReactNode } from "react";
import { fetchCosts, type Costs, type Group, type Part, type Sums } from "../feed/costs";
import { parseMoney, toNumber, writeMoney, ZERO } from "../log/money";
import { nodeIdOf } from "../log/state";
import { useRun } from "../show/context";
import { counted, money } from "../show/figures";
import { titleOf } from "../show/names";
import { Loading } from "../parts/Content";
import { StateWord } from "../parts/StateWord";

export function CostView() {
  const { store, page } = useRun();
  const costs = useCosts(page.urls.cost, store.trace.total.billed + store.looks + store.trace.open.size / 1000);
  if (costs === "failed") return <p className="rt-none" role="alert">The costs could not be loaded. Choose the view again to try once more.</p>;
  if (!costs) return <div className="rt-scroll"><div className="rt-output"><Loading /></div></div>;
  const agent = ({ key }: Group) => `${key[1] || "No agent"}${key[2] ? ` v${key[2]}` : ""}`;
  return (
    <div className="rt-scroll scroll-y" tabIndex={0}>
      <div className="rt-output is-wide">
        <Summary costs={costs} />
        {costs.parts.length > 0 && <Table title="By run" first="Run" groups={byRun(costs)} costs={costs} name={({ key }) => <RunName part={costs.parts[Number(key[0])]} />} />}
        <Table title="By agent" first="Agent" groups={costs.agents} costs={costs} name={agent} />
        <Table title="By model" first="Model" groups={costs.models} costs={costs} name={({ key }) => `${key[1]} on ${key[0]}`} />
        <Table title="By node" first="Node" groups={byNode(costs.nodes)} costs={costs} name={({ key }) => `${titleOf(page, String(key[0]))}${Number(key[1]) > 1 ? ` ×${key[1]}` : ""}`} />
      </div>
    </div>
  );
}

/** The run itself, then the runs of its sub-teams; the key is their place. */
const byRun = (costs: Costs): Group[] => [{ ...costs.own, key: [-1] }, ...costs.parts.map((part, at) => ({ ...part, key: [at] }))];

function RunName({ part }: { part: Part | undefined }) {
  const { page } = useRun();
  if (!part) return <>This run itself</>;
  return (
    <span className="flex items-center gap-2">
      <StateWord status={part.status} bare />
      {part.there ? <a className="link" href={`${page.urls.runs}${part.run}/`}>{part.title}</a> : <span className="text-dim">about to start</span>}
      {part.node !== part.title && <span className="text-dim max-md:hidden">{part.node}</span>}
    </span>
  );
}

/** The instances of each node together; the key gets their number. */
function byNode(groups: Group[]): Group[] {
  const found = new Map<string, Group>();
  for (const group of groups) {
    const id = nodeIdOf(String(group.key[0]));
    const before = found.get(id);
    found.set(id, before ? plus(before, group) : { ...group, key: [id, 1] });
  }
  return [...found.values()];
}

function plus(a: Group, b: Group): Group {
  const costs = [a.cost, b.cost].flatMap((cost) => (cost === null ? [] : [parseMoney(cost)]));
  return {
    key: [a.key[0]!, Number(a.key[1]) + 1],
    cost: costs.length ? writeMoney(costs.reduce((sum, cost) => sum + cost, ZERO)) : null,
    simulated_cost: writeMoney(parseMoney(a.simulated_cost) + parseMoney(b.simulated_cost)),
    calls: a.calls + b.calls, unknown: a.unknown + b.unknown, estimated: a.estimated + b.estimated, input: a.input + b.input,
    cached: a.cached + b.cached, output: a.output + b.output, reasoning: a.reasoning + b.reasoning,
  };
}

function useCosts(url: string, moved: number): Costs | "failed" | null {
  const [costs, setCosts] = useState<Costs | "failed" | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    fetchCosts(url, stop.signal)
      .then((found) => setCosts(found ?? "failed"))
      .catch(() => stop.signal.aborted || setCosts("failed"));
    return () => stop.abort();
  }, [url, moved]);
  return costs;
}

const amountOf = (sums: Sums, costs: Costs): string | null => (costs.simulated ? sums.simulated_cost : sums.cost);
const shown = (sums: Sums, costs: Costs): string => {
  const amount = amountOf(sums, costs);
  return amount === null ? "unknown" : money(parseMoney(amount));
};

function Summary({ costs }: { costs: Costs }) {
  const spent = amountOf(costs.total, costs);
  const limit = costs.limit ? toNumber(parseMoney(costs.limit)) : 0;
  const part = (amount: string | null) => (limit && amount ? Math.min(100, (toNumber(parseMoney(amount)) / limit) * 100) : 0);
  return (
    <section className="panel">
      <div className="figures">
        <div><div className="label">{costs.simulated ? "It would have cost" : "Spent"}</div><div className="figure-big" title={spent ?? ""}>{shown(costs.total, costs)}</div>
          <div className="text-dim text-meta">{costs.limit ? `of ${money(parseMoney(costs.limit))}` : "no limit"}{costs.total.unknown > 0 && `, and ${costs.total.unknown} ${costs.total.unknown === 1 ? "call" : "calls"} of unknown cost`}</div></div>
        <div><div className="label">Reserved</div><div className="figure-big text-dim italic">{money(parseMoney(costs.reserved))}</div><div className="text-dim text-meta">for calls in flight</div></div>
        <div><div className="label">Billed calls</div><div className="figure-big">{costs.total.calls}</div>{costs.total.estimated > 0 && <div className="text-dim text-meta">{costs.total.estimated} estimated: cut off before their usage arrived</div>}</div>
        <div><div className="label">Tokens</div><div className="figure-big">{counted(costs.total.input + costs.total.output)}</div><div className="text-dim text-meta">{costs.total.input ? `${Math.round((100 * costs.total.cached) / costs.total.input)} % of the input cached` : ""}</div></div>
      </div>
      {limit > 0 && <div className="px-4 pb-3.5"><div className="meter meter-lg"><span className="fill" style={{ width: `${part(spent)}%` }} /><span className="fill-reserved" style={{ width: `${part(costs.reserved)}%` }} /></div></div>}
    </section>
  );
}

function Table({ title, first, groups, costs, name }: { title: string; first: string; groups: Group[]; costs: Costs; name(group: Group): ReactNode }) {
  const cell = (sums: Sums) => (
    <>
      <td className="right num">{sums.calls}</td>
      <td className="right num max-md:hidden">{counted(sums.input - sums.cached)}</td>
      <td className="right num max-md:hidden">{counted(sums.cached)}</td>
      <td className="right num">{counted(sums.output)}</td>
      <td className="right num max-md:hidden">{counted(sums.reasoning)}</td>
      <td className="right num" title={amountOf(sums, costs) ?? ""}>{shown(sums, costs)}{sums.unknown > 0 && sums.cost !== null && <span className="text-dim"> + {sums.unknown} unknown</span>}</td>
    </>
  );
  return (
    <section className="panel">
      <div className="panel-head"><h2>{title}</h2></div>
      {groups.length === 0 ? <p className="panel-body text-dim">No call was billed yet.</p> : (
        <div className="scroll-x"><table className="table table-dense rt-costs">
          <thead><tr><th scope="col">{first}</th><th className="right">Calls</th><th className="right max-md:hidden">Input</th><th className="right max-md:hidden">Cached</th><th className="right">Output</th><th className="right max-md:hidden">of it reasoning</th><th className="right">Cost</th></tr></thead>
          <tbody>{groups.map((group) => <tr key={group.key.join("|")}><td>{name(group)}</td>{cell(group)}</tr>)}</tbody>
          <tfoot><tr><td>All</td>{cell(costs.total)}</tr></tfoot>
        </table></div>
      )}
    </section>
  );
}
