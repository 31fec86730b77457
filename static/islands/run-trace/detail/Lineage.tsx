// Where an instance comes from and what came of it: who asked for it, what it had to go on, whom it asked, what it wrote.
import { useMemo } from "react";
import { flows } from "../../graph/shape";
import type { EventOf } from "../log/events";
import { instanceOf, nodeIdOf, type NodeFacts } from "../log/state";
import { Content } from "../parts/Content";
import { Icon } from "../parts/icons";
import { useNames, useRun } from "../show/context";
import { roundOf } from "../show/names";
import { Instances } from "./AllDetail";
import { Section } from "./Detail";

const MOST = 50;

/** Which of several it is, with the ones before and after. */
export function Place({ path }: { path: string }) {
  const { store, select } = useRun();
  const all = store.instances.of(nodeIdOf(path));
  if (all.length < 2) return null;
  const at = all.indexOf(path);
  const go = (to: string | undefined, icon: string, label: string) => (
    <button type="button" className="btn btn-xs btn-ghost btn-square" aria-label={label} disabled={!to} onClick={() => to && select({ kind: "node", path: to })}><Icon name={icon} /></button>
  );
  return (
    <div className="rt-place">
      <button type="button" className="link" onClick={() => select({ kind: "all", node: nodeIdOf(path) })}>{path.includes("/") ? `${at + 1} of ${all.length}` : `Round ${roundOf(path)} of ${all.length}`}</button>
      {go(all[at - 1], "chevron-left", "The one before")}
      {go(all[at + 1], "chevron-right", "The one after")}
    </div>
  );
}

export function Lineage({ node, listed }: { node: NodeFacts; listed: boolean }) {
  const { store } = useRun();
  const children = store.state.children.get(node.path) ?? [];
  return (
    <>
      {node.task && <Section title="Its task"><Content digest={node.task} /></Section>}
      <Given node={node} />
      {children.length > 0 && !listed && (
        <Section title="Asked" aside={`${children.length}`}>
          {children.length > MOST && <p className="text-dim text-label px-1 pb-1">The last {MOST}; the timeline has all.</p>}
          <Instances paths={children.slice(-MOST)} own />
        </Section>
      )}
      <Wrote path={node.path} />
    </>
  );
}

function Given({ node }: { node: NodeFacts }) {
  const { store, select } = useRun();
  const name = useNames();
  const sources = useSources(node);
  const call = node.path.slice(0, node.path.lastIndexOf("/"));
  const asked = node.parent && store.state.nodes.get(node.parent)?.calls.has(call);
  if (!node.parent && !sources.length && !node.given) return null;
  const link = (key: string, icon: string, words: string, open: () => void) => (
    <button key={key} type="button" className="rt-step" onClick={open}><Icon name={icon} size={14} /><span className="flex-1 truncate">{words}</span><Icon name="chevron-right" size={14} /></button>
  );
  return (
    <Section title="Based on">
      <div className="rt-steps">
        {node.parent && link(node.parent, "users", `Asked by ${name(node.parent)}`, () => select({ kind: "node", path: node.parent }))}
        {asked && link(call, "wrench", "The call that asked for it", () => select({ kind: "call", call, attempt: 0 }))}
        {sources.map((path) => link(path, "arrow-right", name(path), () => select({ kind: "node", path })))}
      </div>
      {node.given && <div className="rt-given"><Content digest={node.given} /></div>}
    </Section>
  );
}

/** What it started from: as recorded, or else the live ends of the edges that lead to it. */
function useSources(node: NodeFacts): string[] {
  const { store, page } = useRun();
  return useMemo(() => {
    if (node.sources.length || node.parent) return node.sources;
    const round = roundOf(node.path);
    const into = page.graph.edges.filter((edge) => flows(edge.kind) && edge.target === nodeIdOf(node.path));
    return into.flatMap((edge) => {
      const same = round > 1 ? `${edge.source}@${round}` : edge.source;
      const path = store.state.nodes.has(same) ? same : instanceOf(store.state, edge.source);
      const source = store.state.nodes.get(path);
      const live = source?.status === "done" && edge.kind === "flow" && (source.chosen?.includes(edge.id) ?? true);
      return live || (source?.status === "failed" && edge.kind === "error") ? [path] : [];
    });
  }, [store, store.version, page, node, node.sources]);
}

function Wrote({ path }: { path: string }) {
  const { store } = useRun();
  const total = store.events.length;
  const writes = useMemo(
    () => store.events.filter((event): event is EventOf<"VariablesWritten"> => event.type === "VariablesWritten" && event.path === path),
    [store, total, path],
  );
  return writes.flatMap((event) => Object.entries(event.writes)).map(([name, digest]) => (
    <Section key={name} title={`Wrote ${name}`}><Content digest={digest} /></Section>
  ));
}
