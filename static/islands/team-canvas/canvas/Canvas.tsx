// The drawing that is edited: React Flow, told what to draw by the editor.
import { Background, BackgroundVariant, ReactFlow, SelectionMode, useReactFlow, ViewportPortal } from "@xyflow/react";
import { useEffect, useMemo, useRef, useState, type DragEvent, type MouseEvent } from "react";
import { Corner, ZOOM } from "../../graph/Corner";
import { ActionsContext, ConnectionLine, edgeTypes, Markers, ObstacleContext } from "../../graph/Edge";
import { DOTS } from "../../graph/geometry";
import { nodeTypes as teamNodes } from "../../graph/Node";
import { opening } from "../../graph/opening";
import type { PaletteItem } from "../model/palette";
import type { Guide } from "../model/place";
import { add, insert } from "../store/commands";
import { useEditor, useEditorState } from "../store/hooks";
import { openInspector } from "../store/keys";
import { EmptyCanvas, isBlank } from "./EmptyCanvas";
import { NoteNode } from "./NoteNode";
import { useConnecting } from "./useConnecting";
import { useFlow } from "./useFlow";
import { useView } from "./useView";

const nodeTypes = { ...teamNodes, note: NoteNode };
export const DRAG_TYPE = "application/x-troupe-item";
const COARSE = window.matchMedia("(pointer: coarse)").matches;

function Guides({ guides }: { guides: Guide[] }) {
  return (
    <ViewportPortal>
      {guides.map((guide) => {
        const across = guide.axis === "y";
        const style = across
          ? { left: guide.from - 12, top: guide.at, width: guide.to - guide.from + 24, height: 1 }
          : { left: guide.at, top: guide.from - 12, width: 1, height: guide.to - guide.from + 24 };
        return <i key={guide.axis} className="tc-guide" style={style} />;
      })}
    </ViewportPortal>
  );
}

/** Hovering an edge offers its plus a little longer than the pointer stays, so that it can be reached. */
function useHover(setHovered: (id: string | null) => void) {
  const timer = useRef(0);
  return useMemo(
    () => (id: string | null) => {
      window.clearTimeout(timer.current);
      if (id) setHovered(id);
      else timer.current = window.setTimeout(() => setHovered(null), 260);
    },
    [setHovered],
  );
}

export function Canvas({ items }: { items: PaletteItem[] }) {
  const editor = useEditor();
  const { canEdit } = editor;
  const flow = useReactFlow();
  const { nodes, edges, rectangles, guides, onNodesChange, onEdgesChange, setHovered } = useFlow();
  const connecting = useConnecting();
  const [first] = useState(() => opening(nodes));
  const empty = useEditorState((state) => isBlank(state.history.present.graph, editor.catalog));
  const frame = useRef<HTMLDivElement>(null);
  const hover = useHover(setHovered);
  useView(frame);

  const actions = useMemo(
    () => ({
      select: (id: string) => editor.pickEdge(id),
      hover,
      ...(canEdit ? { insert: (edge: string) => editor.set({ picker: { mode: "insert", edge } }) } : {}),
    }),
    [editor, canEdit, hover],
  );

  const onDrop = (event: DragEvent) => {
    const item = items.find((one) => one.key === event.dataTransfer.getData(DRAG_TYPE));
    if (!item || !canEdit) return;
    event.preventDefault();
    const at = { x: event.clientX, y: event.clientY };
    const edge = document
      .elementsFromPoint(at.x, at.y)
      .map((one) => one.closest<HTMLElement>(".react-flow__edge"))
      .find(Boolean);
    if (edge?.dataset.id) insert(editor, item, edge.dataset.id);
    else add(editor, item, flow.screenToFlowPosition(at));
  };
  const onDoubleClick = (event: MouseEvent) => {
    if (!canEdit || !(event.target as Element).classList.contains("react-flow__pane")) return;
    editor.set({ picker: { mode: "add", at: flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }) } });
  };

  useEffect(() => () => editor.set({ writing: null }), [editor]);
  const classes = [
    "tg",
    canEdit && "is-editable",
    connecting.wiring && "is-wiring",
    connecting.wiring?.from === "source" && `is-wiring-${connecting.wiring.kind}`,
  ];
  return (
    <div
      ref={frame}
      className="tc-canvas"
      onPointerMove={(event) => (editor.pointer = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }))}
      onPointerLeave={() => (editor.pointer = null)}
      onDoubleClick={onDoubleClick}
      onDrop={onDrop}
      onDragOver={(event) => event.dataTransfer.types.includes(DRAG_TYPE) && event.preventDefault()}
    >
      <ActionsContext value={actions}>
        <ObstacleContext value={rectangles}>
          <Markers />
          <ReactFlow
            className={classes.filter(Boolean).join(" ")}
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            onNodesChange={onNodesChange}
            onEdgesChange={onEdgesChange}
            onConnect={connecting.onConnect}
            onConnectStart={connecting.onConnectStart}
            onConnectEnd={connecting.onConnectEnd}
            onReconnect={connecting.onReconnect}
            isValidConnection={connecting.isValidConnection}
            connectionLineComponent={ConnectionLine}
            connectionRadius={26}
            nodesDraggable={canEdit}
            nodesConnectable={canEdit}
            edgesReconnectable={canEdit}
            onNodeDoubleClick={() => openInspector(editor)}
            onEdgeMouseEnter={(_, edge) => hover(edge.id)}
            onEdgeMouseLeave={() => hover(null)}
            deleteKeyCode={null}
            multiSelectionKeyCode={["Shift", "Meta", "Control"]}
            selectionKeyCode={null}
            selectionMode={SelectionMode.Partial}
            selectionOnDrag={!COARSE}
            panOnDrag={COARSE ? true : [1, 2]}
            panOnScroll={!COARSE}
            zoomOnDoubleClick={false}
            zIndexMode="manual"
            attributionPosition="bottom-left"
            {...ZOOM}
            fitView
            fitViewOptions={first}
            nodeDragThreshold={3}
            aria-label="The team's graph. Tab moves between nodes; press C on a node to connect it."
          >
            <Background variant={BackgroundVariant.Dots} gap={DOTS} size={1.6} color="var(--canvas-dot)" />
            <Guides guides={guides} />
            <Corner map={!empty && !COARSE} />
          </ReactFlow>
        </ObstacleContext>
      </ActionsContext>
      {empty && <EmptyCanvas items={items} />}
    </div>
  );
}
