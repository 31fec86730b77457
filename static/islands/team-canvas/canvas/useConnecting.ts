// Connecting by pointer: what may be connected, what happens where a connection is dropped.
import type { Connection, FinalConnectionState, IsValidConnection, OnConnectStart } from "@xyflow/react";
import { useReactFlow } from "@xyflow/react";
import { useCallback, useRef, useState } from "react";
import { kindAt, type TeamEdge } from "../../graph/Edge";
import type { EdgeKind } from "../../graph/types";
import { changeEdge } from "../model/edits";
import { whyNot } from "../model/wiring";
import { connect, connectOrAsk } from "../store/commands";
import { useEditor } from "../store/hooks";

function pointOf(event: MouseEvent | TouchEvent): { x: number; y: number } {
  const touch = "changedTouches" in event ? event.changedTouches[0] : undefined;
  const at = touch ?? (event as MouseEvent);
  return { x: at.clientX, y: at.clientY };
}

interface Wiring {
  kind: EdgeKind;
  from: "source" | "target";
}

/** The kind an edge gets: that of the port where it was begun; drawn backwards, that of the port where it ends. */
function kindOfConnection(connection: { sourceHandle?: string | null }, begun: Wiring | null): EdgeKind {
  return begun?.kind === "flow" && begun.from === "target" ? kindAt(connection.sourceHandle) : (begun?.kind ?? "flow");
}

export function useConnecting() {
  const editor = useEditor();
  const flow = useReactFlow();
  const [wiring, setWiring] = useState<Wiring | null>(null);
  const begun = useRef<Wiring | null>(null);

  const isValidConnection = useCallback<IsValidConnection<TeamEdge>>(
    (connection) => {
      const { source, target } = connection;
      const moved = editor.graph.edges.find((edge) => "id" in connection && edge.id === connection.id);
      const kind = moved?.kind ?? kindOfConnection(connection, begun.current);
      return whyNot(editor.graph, editor.catalog, source, target, kind, moved?.id) === null;
    },
    [editor],
  );

  const onConnect = useCallback(
    (connection: Connection) => {
      connect(editor, connection.source, connection.target, kindOfConnection(connection, begun.current));
    },
    [editor],
  );

  const onConnectStart = useCallback<OnConnectStart>((_, { handleId, handleType }) => {
    begun.current = { kind: kindAt(handleId), from: handleType === "target" ? "target" : "source" };
    setWiring(begun.current);
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
        if (forwards) connectOrAsk(editor, fromNode.id, other, kind);
        else connectOrAsk(editor, other, fromNode.id, kind);
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
