// The authored graph, lit by the run; on a phone its outline.
import { useCallback, useMemo, useRef } from "react";
import { Outline, TeamGraph, type Selection } from "../../graph";
import { useNow, useRun } from "../show/context";
import { EdgeLights, NodeLights } from "../show/lighting";

export function GraphView({ narrow }: { narrow: boolean }) {
  const { store, page, selected, select } = useRun();
  const now = useNow();
  const nodeLights = useRef(new NodeLights());
  const edgeLights = useRef(new EdgeLights());
  const states = nodeLights.current.build(store, page.graph, page.catalog, now);
  const edgeStates = edgeLights.current.build(store.state, page.graph);
  const path = pathOf(selected);
  const chosen = useMemo<Selection | null>(() => (path ? { kind: "node", id: path } : null), [path]);
  const onSelect = useCallback((selection: Selection | null) => {
    if (!selection) select(null);
    else if (selection.kind === "node") select({ kind: "node", path: selection.id });
  }, [select]);
  if (narrow) {
    return (
      <div className="rt-outline">
        <Outline graph={page.graph} catalog={page.catalog} states={states} selected={path} onSelect={(id) => select({ kind: "node", path: id })} />
      </div>
    );
  }
  return (
    <div className="rt-graph">
      <TeamGraph graph={page.graph} catalog={page.catalog} states={states} edgeStates={edgeStates} selected={chosen} onSelect={onSelect} label={`${page.run.team}, as it runs`} />
    </div>
  );
}

type Path = string | null;

/** The node that anything selected belongs to. */
export function pathOf(selected: ReturnType<typeof useRun>["selected"]): Path {
  switch (selected?.kind) {
    case "node":
    case "approval":
      return selected.path;
    case "call":
      return selected.call.split("/")[0] ?? null;
    default:
      return null;
  }
}
