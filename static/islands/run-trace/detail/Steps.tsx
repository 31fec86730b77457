// The steps of one node as a table: attempts, back-offs, tools and waits, each opens its own detail.
import { useMemo } from "react";
import { StateWord } from "../parts/StateWord";
import { Icon } from "../parts/icons";
import { useNow, useRun } from "../show/context";
import { makeRows } from "../show/rows";

const MOST = 60;

export function Steps({ path }: { path: string }) {
  const { store, page, select } = useRun();
  const now = useNow();
  const steps = useMemo(() => {
    const rows = makeRows(store, page, new Map([[path, true]]), now);
    const at = rows.findIndex((row) => row.key === `node:${path}`);
    const rest = rows.slice(at + 1);
    const end = rest.findIndex((row) => row.depth === 0);
    const mine = end < 0 ? rest : rest.slice(0, end);
    return mine.length || at < 0 ? mine : [{ ...rows[at]!, depth: 1 }];
  }, [store, store.version, page, path, now]);
  const only = steps.length === 1 && steps[0]!.depth === 1 && steps[0]!.select.kind === "node";
  const listed = only ? single(store.trace.byPath.get(path) ?? [], steps[0]!) : steps;
  return (
    <div className="rt-steps">
      {listed.length > MOST && <p className="text-dim text-label px-1 pb-1">The last {MOST} of {listed.length}; the timeline has all.</p>}
      {listed.slice(-MOST).map((row) => (
        <button key={row.key} type="button" className="rt-step" onClick={() => select(row.select)}>
          <span className={`wf-icon${row.tone ? ` is-${row.tone}` : ""}`}><Icon name={row.icon} size={14} /></span>
          <span className="min-w-0 flex-1"><span className="block truncate">{row.label}</span>{row.hint && <span className="block truncate text-dim text-label">{row.hint}</span>}</span>
          {row.status && <StateWord status={row.status} bare />}
          <span className="rt-step-fig num">{row.tokens}</span>
          <span className={`rt-step-fig is-cost num${row.unsettled ? " italic text-dim" : ""}`}>{row.cost === "–" ? "" : row.cost}</span>
          <span className="rt-step-fig num">{row.time}</span>
        </button>
      ))}
    </div>
  );
}

/** A node with one step shows that step, not itself. */
function single(attempts: { call: string; attempt: number }[], row: ReturnType<typeof makeRows>[number]) {
  const one = attempts[0];
  return one ? [{ ...row, icon: "sparkles", tone: "model" as const, label: "Turn 1", hint: "", select: { kind: "call" as const, call: one.call, attempt: one.attempt } }] : [];
}
