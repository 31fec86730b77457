// The authored graph, lit by the run; on a phone its outline.
import { useCallback, useMemo, useRef } from "react";
import { Outline, TeamGraph, type Selection } from "../../graph";
import type { Store } from "../feed/store";
import { nodeIdOf } from "../log/state";
import { useNow, useRun } from "../show/context";
import { EdgeLights } from "../show/edgeLights";
import { NodeLights } from "../show/lighting";
import { pathOfSelected } from "../show/names";
import type { Selected } from "../show/selection";

export function GraphView({ narrow }: { narrow: boolean }) {
  const { store, page, selected, select } = useRun();
  const now = useNow();
  const nodeLights = useRef(new NodeLights());
  const edgeLights = useRef(new EdgeLights());
  const states = nodeLights.current.build(store, page.graph, page.catalog, now);
  const edgeStates = edgeLights.current.build(store, page.graph, page.catalog);
  const path = nodeOfSelected(store, selected);
  const chosen = useMemo<Selection | null>(() => (path ? { kind: "node", id: path } : null), [path]);
  const onSelect = useCallback((selection: Selection | null) => {
    if (!selection) select(null);
    else if (selection.kind === "node") select(selectNode(store, selection.id));
  }, [select, store]);
  if (narrow) {
    return (
      <div className="rt-outline">
        <Outline graph={page.graph} catalog={page.catalog} states={states} selected={path} onSelect={(id) => select(selectNode(store, id))} />
      </div>
    );
  }
  return (
    <div className="rt-graph">
      <TeamGraph graph={page.graph} catalog={page.catalog} states={states} edgeStates={edgeStates} selected={chosen} onSelect={onSelect} label={`${page.run.team}, as it runs`} />
    </div>
  );
}

/** A node of the graph: its one instance, or all of them. */
function selectNode(store: Store, id: string): Selected {
  const [path = id, more] = store.instances.of(id);
  return more ? { kind: "all", node: id } : { kind: "node", path };
}

/** The node that anything selected belongs to. */
function nodeOfSelected(store: Store, selected: Selected | null): string | null {
  const path = pathOfSelected(store, selected);
  return path === null ? null : nodeIdOf(path);
}
