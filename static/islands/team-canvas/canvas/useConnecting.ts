// Connecting by pointer: what may be connected, what happens where a connection is dropped.
import type { Connection, FinalConnectionState, IsValidConnection, OnConnectStart } from "@xyflow/react";
import { useReactFlow } from "@xyflow/react";
import { useCallback, useState } from "react";
import type { TeamEdge } from "../../graph/Edge";
import type { EdgeKind } from "../../graph/types";
import { changeEdge } from "../model/edits";
import { whyNot } from "../model/wiring";
import { connect } from "../store/commands";
import { useEditor } from "../store/hooks";

function kindAt(handle: string | null | undefined): EdgeKind {
  return handle === "error" || handle === "delegates" || handle === "handoff" ? handle : "flow";
}

/** The kind an edge gets: its source's port decides; a top port asks for delegation when dragged backwards. */
function kindOfConnection(connection: { sourceHandle?: string | null; targetHandle?: string | null }): EdgeKind {
  return kindAt(connection.sourceHandle);
}

function pointOf(event: MouseEvent | TouchEvent): { x: number; y: number } {
  const touch = "changedTouches" in event ? event.changedTouches[0] : undefined;
  const at = touch ?? (event as MouseEvent);
  return { x: at.clientX, y: at.clientY };
}

export function useConnecting() {
  const editor = useEditor();
  const flow = useReactFlow();
  const [wiring, setWiring] = useState<EdgeKind | null>(null);

  const isValidConnection = useCallback<IsValidConnection<TeamEdge>>(
    (connection) => {
      const { source, target } = connection;
      const moved = "id" in connection ? connection.id : undefined;
      return whyNot(editor.graph, editor.catalog, source, target, kindOfConnection(connection), moved) === null;
    },
    [editor],
  );

  const onConnect = useCallback(
    (connection: Connection) => {
      connect(editor, connection.source, connection.target, kindOfConnection(connection));
    },
    [editor],
  );

  const onConnectStart = useCallback<OnConnectStart>((_, { handleId, handleType }) => {
    setWiring(handleType === "target" ? "flow" : kindAt(handleId));
  }, []);

  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      setWiring(null);
      const { fromHandle, fromNode } = state;
      if (!fromHandle || !fromNode || state.isValid) return;
      const forwards = fromHandle.type === "source";
      const at = pointOf(event);
      const over = document.elementFromPoint(at.x, at.y)?.closest<HTMLElement>(".react-flow__node");
      const other = state.toNode?.id ?? over?.dataset.id;
      const kind = kindAt(fromHandle.id);
      if (other && other !== fromNode.id) {
        if (forwards) connect(editor, fromNode.id, other, kind);
        else connect(editor, other, fromNode.id, fromHandle.id === "top" ? "delegates" : "flow");
      } else if (!other && forwards && Math.hypot(at.x - (state.from?.x ?? at.x), 1) > 0) {
        const pane = document.elementFromPoint(at.x, at.y)?.closest(".react-flow__pane");
        if (pane)
          editor.set({ picker: { mode: "after", source: fromNode.id, kind, at: flow.screenToFlowPosition(at) } });
      }
    },
    [editor, flow],
  );

  const onReconnect = useCallback(
    (edge: TeamEdge, connection: Connection) => {
      if (edge.source === connection.source && edge.target === connection.target) return;
      const refused = whyNot(
        editor.graph,
        editor.catalog,
        connection.source,
        connection.target,
        edge.data?.kind ?? "flow",
        edge.id,
      );
      if (refused) return editor.toast(refused, "bad");
      editor.edit("Move a connection", (graph) =>
        changeEdge(graph, edge.id, { source: connection.source, target: connection.target }),
      );
    },
    [editor],
  );

  return { wiring, isValidConnection, onConnect, onConnectStart, onConnectEnd, onReconnect };
}
