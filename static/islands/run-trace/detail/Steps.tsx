// The steps of one node as a table: attempts, back-offs, tools and waits, each opens its own detail.
import { useMemo } from "react";
import { StateWord } from "../parts/StateWord";
import { Icon } from "../parts/icons";
import { useNow, useRun } from "../show/context";
import { stepsOf } from "../show/rows";

const MOST = 60;

export function Steps({ path }: { path: string }) {
  const { store, page, select } = useRun();
  const now = useNow();
  const listed = useMemo(() => stepsOf(store, page, path, now), [store, store.version, page, path, now]);
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
