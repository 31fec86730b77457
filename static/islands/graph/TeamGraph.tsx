// A team's graph to look at: the run page lights it with states. The canvas builds on the same parts.
import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider, type NodeChange } from "@xyflow/react";
import { useCallback, useMemo, useRef, useState } from "react";
import { inColumns, isUnplaced } from "./columns";
import { Corner, ZOOM } from "./Corner";
import { ActionsContext, edgeTypes, Markers, ObstacleContext } from "./Edge";
import { EdgeBuilder, NodeBuilder, obstacles } from "./flow";
import { DOTS } from "./geometry";
import { nodeTypes, type TeamNode } from "./Node";
import { NotesLayer } from "./Notes";
import { opening } from "./opening";
import type { EdgeState, NodeState } from "./states";
import type { Catalog, Graph } from "./types";

export interface Selection {
  kind: "node" | "edge";
  id: string;
}

export interface TeamGraphProps {
  graph: Graph;
  catalog: Catalog;
  states?: Record<string, NodeState>;
  edgeStates?: Record<string, EdgeState>;
  selected?: Selection | null;
  onSelect?(selection: Selection | null): void;
  label?: string;
  map?: boolean;
}

function Drawing({ graph: given, catalog, states, edgeStates, selected, onSelect, label, map }: TeamGraphProps) {
  const graph = useMemo(() => (isUnplaced(given) ? inColumns(given, catalog) : given), [given, catalog]);
  const nodeBuilder = useRef(new NodeBuilder());
  const edgeBuilder = useRef(new EdgeBuilder());
  const chosen = selected?.kind === "node" ? selected.id : null;
  const chosenEdge = selected?.kind === "edge" ? selected.id : undefined;
  const nodes = useMemo(
    () => nodeBuilder.current.build(graph, catalog, (id) => ({ state: states?.[id], selected: id === chosen })),
    [graph, catalog, states, chosen],
  );
  const edges = useMemo(
    () => edgeBuilder.current.build(graph, catalog, { states: edgeStates, selected: chosenEdge }),
    [graph, catalog, edgeStates, chosenEdge],
  );
  const rects = useMemo(() => obstacles(graph, catalog), [graph, catalog]);
  const actions = useMemo(() => ({ select: (id: string) => onSelect?.({ kind: "edge", id }) }), [onSelect]);
  const onNodesChange = useCallback(
    (changes: NodeChange<TeamNode>[]) => {
      const change = changes.find((one) => one.type === "select" && one.selected);
      if (change?.type === "select") onSelect?.({ kind: "node", id: change.id });
    },
    [onSelect],
  );

  const [first] = useState(() => opening(nodes));
  return (
    <ActionsContext value={actions}>
      <ObstacleContext value={rects}>
        <Markers />
        <ReactFlow
          className="tg"
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={onNodesChange}
          onEdgeClick={(_, edge) => onSelect?.({ kind: "edge", id: edge.id })}
          onPaneClick={() => onSelect?.(null)}
          nodesDraggable={false}
          nodesConnectable={false}
          deleteKeyCode={null}
          multiSelectionKeyCode={null}
          selectionKeyCode={null}
          zIndexMode="manual"
          attributionPosition="bottom-left"
          {...ZOOM}
          fitView
          fitViewOptions={first}
          zoomOnDoubleClick={false}
          aria-label={label ?? "The team's graph"}
        >
          <Background variant={BackgroundVariant.Dots} gap={DOTS} size={1.6} color="var(--canvas-dot)" />
          <NotesLayer notes={graph.notes} />
          <Corner map={map ?? true} />
        </ReactFlow>
      </ObstacleContext>
    </ActionsContext>
  );
}

export function TeamGraph(props: TeamGraphProps) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}
