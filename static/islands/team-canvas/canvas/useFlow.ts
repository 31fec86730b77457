// The editor's graph as React Flow wants it, and React Flow's changes as edits.
import type { EdgeChange, NodeChange } from "@xyflow/react";
import { useCallback, useMemo, useRef, useState } from "react";
import type { TeamEdge } from "../../graph/Edge";
import { EdgeBuilder, NodeBuilder, obstacles } from "../../graph/flow";
import { nodeRect, NOTE_WIDTH, noteRect, type Rect } from "../../graph/geometry";
import { kindOf } from "../../graph/kinds";
import type { TeamNode } from "../../graph/Node";
import type { Graph, Point } from "../../graph/types";
import { place, type Picked } from "../model/edits";
import { pull, rects, snap, type Guide } from "../model/place";
import type { Editor } from "../store/editor";
import { useEditor, useGraph, usePicked, useProblems } from "../store/hooks";
import type { NoteFlow } from "./NoteNode";

export type FlowNode = TeamNode | NoteFlow;
const NOTE = "note:"; // no node id has a colon
export const idOf = (flowId: string): string => (flowId.startsWith(NOTE) ? flowId.slice(NOTE.length) : flowId);

interface Drag {
  places: Map<string, Point>;
  guides: Guide[];
}

function noteNodes(
  graph: Graph,
  picked: Picked,
  drag: Drag | null,
  kept: Map<string, NoteFlow>,
  heights: Map<string, number>,
): NoteFlow[] {
  return graph.notes.map((note) => {
    const position = drag?.places.get(note.id) ?? note.position;
    const selected = picked.notes.has(note.id);
    const height = heights.get(note.id) ?? noteRect(note).height;
    const old = kept.get(note.id);
    if (
      old &&
      old.position === position &&
      old.selected === selected &&
      old.data.text === note.text &&
      old.measured?.height === height
    )
      return old;
    const made: NoteFlow = {
      id: NOTE + note.id,
      type: "note",
      position,
      selected,
      data: { id: note.id, text: note.text },
      zIndex: -1,
      ariaRole: "group",
      ariaLabel: `Note: ${note.text || "empty"}`,
      measured: { width: NOTE_WIDTH, height }, // a guess at first: what has no size is not shown, and takes no focus
    };
    kept.set(note.id, made);
    return made;
  });
}

export function useFlow() {
  const editor = useEditor();
  const graph = useGraph();
  const picked = usePicked();
  const problems = useProblems();
  const [drag, setDrag] = useState<Drag | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const [heights, setHeights] = useState<Map<string, number>>(new Map());
  const dragging = useRef<Drag | null>(null);
  const builders = useRef({ nodes: new NodeBuilder(), edges: new EdgeBuilder(), notes: new Map<string, NoteFlow>() });
  const { catalog } = editor;

  const nodes = useMemo<FlowNode[]>(() => {
    const team = builders.current.nodes.build(graph, catalog, (id) => ({
      problems: problems.byNode.get(id),
      selected: picked.nodes.has(id),
      at: drag?.places.get(id),
    }));
    return [...noteNodes(graph, picked, drag, builders.current.notes, heights), ...team];
  }, [graph, catalog, picked, problems, drag, heights]);
  const edges = useMemo(
    () => builders.current.edges.build(graph, catalog, { selected: picked.edges, hovered }),
    [graph, catalog, picked, hovered],
  );
  const lying = useRef<Map<string, Rect> | undefined>(undefined);
  const rectangles = useMemo(() => (lying.current = obstacles(graph, catalog, lying.current)), [graph, catalog]);

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      applySelection(editor, changes, "nodes");
      const sizes = changes.filter((change) => change.type === "dimensions" && change.id.startsWith(NOTE));
      if (sizes.length) {
        setHeights((before) => {
          const next = new Map(before);
          for (const change of sizes)
            if (change.type === "dimensions" && change.dimensions) next.set(idOf(change.id), change.dimensions.height);
          return next;
        });
      }
      const moves = changes.flatMap((change) => (change.type === "position" && change.position ? [change] : []));
      if (!moves.length) return;
      if (moves.some((move) => move.dragging)) {
        dragging.current = dragged(editor, new Map(moves.map((move) => [idOf(move.id), move.position!])));
        setDrag(dragging.current);
      } else if (dragging.current) {
        const { places } = dragging.current;
        dragging.current = null;
        setDrag(null);
        editor.edit(places.size === 1 ? "Move" : `Move ${places.size}`, (before) => place(before, places), {
          quiet: true,
        });
      }
    },
    [editor],
  );

  const onEdgesChange = useCallback(
    (changes: EdgeChange<TeamEdge>[]) => applySelection(editor, changes, "edges"),
    [editor],
  );

  return { nodes, edges, rectangles, guides: drag?.guides ?? [], onNodesChange, onEdgesChange, hovered, setHovered };
}

/** Where what is dragged lies: on the grid, and in line with neighbours that are near. */
function dragged(editor: Editor, raw: Map<string, Point>): Drag {
  const { graph, catalog } = editor;
  const leader = graph.nodes.find((node) => raw.has(node.id));
  if (!leader)
    return {
      places: new Map([...raw].map(([id, at]) => [id, { x: Math.round(at.x), y: Math.round(at.y) }])),
      guides: [],
    };
  const size = nodeRect(leader, kindOf(catalog, leader));
  const at = raw.get(leader.id)!;
  const others = [...rects(graph, catalog)].filter(([id]) => !raw.has(id)).map(([, rect]) => rect);
  const drawn: Rect = { ...size, ...at };
  const found = pull(drawn, others);
  const grid = snap(at, size);
  const to = { x: found.dx ? at.x + found.dx : grid.x, y: found.dy ? at.y + found.dy : grid.y };
  const by = { x: to.x - at.x, y: to.y - at.y };
  const guides = found.guides.filter((guide) => Math.abs(guide.axis === "x" ? found.dx : found.dy) <= 5);
  return {
    places: new Map([...raw].map(([id, p]) => [id, { x: Math.round(p.x + by.x), y: Math.round(p.y + by.y) }])),
    guides,
  };
}

function applySelection(
  editor: Editor,
  changes: (NodeChange<FlowNode> | EdgeChange<TeamEdge>)[],
  what: "nodes" | "edges",
): void {
  const selects = changes.flatMap((change) => (change.type === "select" ? [change] : []));
  if (!selects.length) return;
  const { picked } = editor.state;
  const next = { nodes: new Set(picked.nodes), edges: new Set(picked.edges), notes: new Set(picked.notes) };
  for (const { id, selected } of selects) {
    const set = what === "edges" ? next.edges : id.startsWith(NOTE) ? next.notes : next.nodes;
    if (selected) set.add(idOf(id));
    else set.delete(idOf(id));
  }
  editor.pick(next);
}
