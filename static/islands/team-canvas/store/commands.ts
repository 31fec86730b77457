// What a person can do to the graph, however they ask for it: pointer, key, menu or outline.
import { nodeSize, type Rect } from "../../graph/geometry";
import { kindOf, nodeName } from "../../graph/kinds";
import { shapeOf } from "../../graph/shape";
import type { EdgeKind, Graph, Kind, Point } from "../../graph/types";
import { count } from "../../graph/words";
import * as clipboard from "../model/clipboard";
import * as edits from "../model/edits";
import { nodeFrom, withoutStrangers, type PaletteItem } from "../model/palette";
import { align as aligned, besides, freePlace, makeRoom, rects, snap, type Alignment } from "../model/place";
import { possible, whyNot } from "../model/wiring";
import type { Editor } from "./editor";

const only = (id: string): edits.Picked => ({ ...edits.NOTHING, nodes: new Set([id]) });

export function pickedCount(picked: edits.Picked): number {
  return picked.nodes.size + picked.edges.size + picked.notes.size;
}

/** The one picked node, or null. */
export function oneNode(editor: Editor): string | null {
  const { nodes, edges, notes } = editor.state.picked;
  return nodes.size === 1 && edges.size === 0 && notes.size === 0 ? [...nodes][0]! : null;
}

function centreOfView(editor: Editor): Point {
  const seen = editor.view?.centre();
  if (seen) return seen;
  const last = editor.graph.nodes.at(-1);
  return last ? { x: last.position.x + 240, y: last.position.y } : { x: 0, y: 0 };
}

function middle(kind: Kind, point: Point): Point {
  const { width, height } = nodeSize(kind);
  return { x: point.x - width / 2, y: point.y - height / 2 };
}

/** Adds an item: at a point if one is given, else after the picked node if it has no successor yet, else in view. */
export function add(editor: Editor, item: PaletteItem, at?: Point): void {
  if (item.type === "pattern") return addPattern(editor, item.graph, item.title, at);
  const { graph, catalog } = editor;
  const source = at ? null : oneNode(editor);
  const from = source ? graph.nodes.find((node) => node.id === source) : undefined;
  const free =
    from &&
    (kindOf(catalog, from).chooses || !graph.edges.some((edge) => edge.source === from.id && edge.kind === "flow"));
  const beside = source ? besides(graph, catalog, source, item.kind) : null;
  const place = at
    ? snap(middle(item.kind, at), nodeSize(item.kind))
    : (beside ??
      freePlace(graph, catalog, item.kind, snap(middle(item.kind, centreOfView(editor)), nodeSize(item.kind))));
  const node = nodeFrom(item, graph, catalog, place);
  const withNode = edits.addNode(graph, node);
  const leads = from && free && whyNot(withNode, catalog, from.id, node.id, "flow") === null;
  const label = leads ? `Add ${item.title} after ${nodeName(catalog, from)}` : `Add ${item.title}`;
  editor.edit(label, () => (leads ? edits.connect(withNode, from.id, node.id, "flow").graph : withNode), {
    pick: only(node.id),
  });
  editor.view?.reveal(node.id);
}

function addPattern(editor: Editor, part: Graph, title: string, at?: Point): void {
  const { catalog } = editor;
  const inner = edits.remove(part, {
    ...edits.NOTHING,
    nodes: new Set(
      part.nodes
        .filter((node) => {
          const kind = kindOf(catalog, node);
          const end = !kind.takes || kind.gives.length === 0;
          return end && editor.graph.nodes.some((one) => one.kind === node.kind);
        })
        .map((node) => node.id),
    ),
  });
  const made = clipboard.paste(editor.graph, withoutStrangers(inner, catalog), at ?? belowAll(editor));
  editor.edit(`Add ${title}`, () => made.graph, { pick: made.picked });
  editor.view?.revealAll([...made.picked.nodes]);
}

function belowAll(editor: Editor): Point {
  const all = [...rects(editor.graph, editor.catalog).values()];
  if (!all.length) return { x: 0, y: 0 };
  return { x: Math.min(...all.map((rect) => rect.x)), y: Math.max(...all.map((rect) => rect.y + rect.height)) + 72 };
}

/** Adds an item and leads to it from `source` by an edge of this kind. */
export function addAfter(editor: Editor, item: PaletteItem, source: string, kind: EdgeKind, at?: Point): void {
  if (item.type === "pattern") return add(editor, item, at);
  const { graph, catalog } = editor;
  const size = nodeSize(item.kind);
  const place = at
    ? snap(kind === "delegates" ? { x: at.x - size.width / 2, y: at.y } : { x: at.x, y: at.y - size.height / 2 }, size)
    : besides(graph, catalog, source, item.kind, kind === "delegates");
  const node = nodeFrom(item, graph, catalog, place ?? centreOfView(editor));
  const withNode = edits.addNode(graph, node);
  const refused = whyNot(withNode, catalog, source, node.id, kind);
  if (refused) return editor.toast(refused, "bad");
  editor.edit(`Add ${item.title}`, () => edits.connect(withNode, source, node.id, kind).graph, { pick: only(node.id) });
  editor.view?.reveal(node.id);
}

/** Whether a node of this kind may stand where an edge of that kind leads. */
export function fitsOn(kind: Kind, edge: EdgeKind): boolean {
  return kind.takes && (edge !== "delegates" || kind.works) && (edge !== "handoff" || kind.peers);
}

export function insert(editor: Editor, item: PaletteItem, edgeId: string): void {
  if (item.type === "pattern") return add(editor, item);
  const { graph, catalog } = editor;
  const edge = graph.edges.find((one) => one.id === edgeId);
  const room = edge && makeRoom(graph, catalog, edgeId, item.kind);
  if (!room || !fitsOn(item.kind, edge.kind))
    return editor.toast(`${item.title} cannot stand in the middle: nothing can lead into it.`, "bad");
  if (shapeOf(graph, catalog).backEdges.has(edgeId))
    return editor.toast("Put it into the loop itself: on the way back nothing runs.", "bad");
  const node = nodeFrom(item, graph, catalog, room.at);
  const gives = item.kind.gives.includes(edits.onward(edge.kind));
  editor.edit(`Insert ${item.title}`, () => edits.insertOn(edits.place(graph, room.places), edgeId, node, gives), {
    pick: only(node.id),
  });
}

const VERBS: Record<EdgeKind, string> = {
  flow: "Connect",
  error: "Connect the errors of",
  delegates: "Delegate from",
  handoff: "Hand off from",
};

/** Connects two nodes, or says why not; asks which kind is meant where only others are possible. */
export function connectOrAsk(editor: Editor, source: string, target: string, kind: EdgeKind): void {
  const { graph, catalog } = editor;
  const kinds = possible(graph, catalog, source, target);
  if (kinds.includes(kind) || !kinds.length) connect(editor, source, target, kind);
  else {
    editor.toast(whyNot(graph, catalog, source, target, kind) ?? "", "bad"); // why it is not what was meant
    editor.set({ picker: { mode: "kind", source, target, kinds } });
  }
}

/** Connects two nodes, or says why not. */
export function connect(editor: Editor, source: string, target: string, kind: EdgeKind): boolean {
  const refused = whyNot(editor.graph, editor.catalog, source, target, kind);
  if (refused) {
    editor.toast(refused, "bad");
    return false;
  }
  const name = (id: string) =>
    nodeName(
      editor.catalog,
      editor.graph.nodes.find((node) => node.id === id)!,
    );
  const made = edits.connect(editor.graph, source, target, kind);
  const back = shapeOf(made.graph, editor.catalog).backEdges.has(made.edge.id);
  editor.edit(`${VERBS[kind]} ${name(source)}${back ? " back" : ""} to ${name(target)}`, () => made.graph);
  return true;
}

export function addNote(editor: Editor, at?: Point): void {
  const where = at ?? centreOfView(editor);
  const made = edits.addNote(editor.graph, { x: Math.round(where.x - 100), y: Math.round(where.y - 20) });
  editor.edit("Add a note", () => made.graph, { pick: { ...edits.NOTHING, notes: new Set([made.note.id]) } });
  editor.set({ writing: made.note.id });
}

function describe(editor: Editor, picked: edits.Picked): string {
  const { graph, catalog } = editor;
  if (picked.nodes.size === 1 && !picked.notes.size) {
    const node = graph.nodes.find((one) => picked.nodes.has(one.id));
    return node ? nodeName(catalog, node) : "a node";
  }
  const parts = [
    picked.nodes.size && count(picked.nodes.size, "node"),
    picked.notes.size && count(picked.notes.size, "note"),
    !picked.nodes.size && picked.edges.size && count(picked.edges.size, "connection"),
  ].filter(Boolean);
  return parts.join(" and ");
}

export function removePicked(editor: Editor): void {
  const { picked } = editor.state;
  if (!editor.canEdit || pickedCount(picked) === 0) return;
  const label = `Delete ${describe(editor, picked)}`;
  const single = oneNode(editor);
  const { backEdges } = shapeOf(editor.graph, editor.catalog);
  const cut = (graph: Graph) =>
    single ? edits.removeAndMend(graph, single, backEdges) : edits.remove(graph, picked);
  editor.edit(label, cut, {
    pick: edits.NOTHING,
    quiet: true,
  });
  editor.toast(label.replace("Delete", "Deleted"), "plain", { label: "Undo", run: editor.undo });
}

export function duplicate(editor: Editor): void {
  const { picked } = editor.state;
  if (!picked.nodes.size && !picked.notes.size) return;
  const made = clipboard.paste(editor.graph, clipboard.fragment(editor.graph, picked));
  editor.edit(`Duplicate ${describe(editor, picked)}`, () => made.graph, { pick: made.picked });
}

/** The picked part as text for the clipboard; empty when there is nothing to copy. */
export function copyText(editor: Editor): string {
  const { picked } = editor.state;
  if (!picked.nodes.size && !picked.notes.size) return "";
  editor.say(`Copied ${describe(editor, picked)}`);
  return clipboard.toText(clipboard.fragment(editor.graph, picked));
}

export function pasteText(editor: Editor, text: string, at?: Point): boolean {
  const part = clipboard.fromText(text);
  if (!part || (!part.nodes.length && !part.notes.length)) return false;
  const made = clipboard.paste(editor.graph, part, at);
  editor.edit(`Paste ${describe(editor, made.picked) || "nothing"}`, () => made.graph, { pick: made.picked });
  return true;
}

export function pickAll(editor: Editor): void {
  editor.pick({
    nodes: new Set(editor.graph.nodes.map((node) => node.id)),
    edges: new Set(),
    notes: new Set(editor.graph.notes.map((note) => note.id)),
  });
  editor.say(`${count(editor.graph.nodes.length, "node")} selected`);
}

export function nudge(editor: Editor, dx: number, dy: number): void {
  const { nodes, notes } = editor.state.picked;
  const places = new Map<string, Point>();
  for (const item of editor.graph.nodes)
    if (nodes.has(item.id)) places.set(item.id, { x: item.position.x + dx, y: item.position.y + dy });
  for (const item of editor.graph.notes)
    if (notes.has(item.id)) places.set(item.id, { x: item.position.x + dx, y: item.position.y + dy });
  if (places.size) editor.edit("Move", (graph) => edits.place(graph, places), { key: "nudge" });
}

export function align(editor: Editor, how: Alignment): void {
  const { nodes } = editor.state.picked;
  const chosen = new Map<string, Rect>([...rects(editor.graph, editor.catalog)].filter(([id]) => nodes.has(id)));
  const word = how === "across" || how === "down" ? `Spread ${how}` : `Align ${how}`;
  editor.edit(word, (graph) => edits.place(graph, aligned(chosen, how)));
}

export async function tidy(editor: Editor): Promise<void> {
  if (editor.state.tidying) return;
  const before = editor.graph;
  editor.set({ tidying: true });
  try {
    const { tidy: layOut } = await import("../../graph/layout");
    const places = await layOut(before, editor.catalog);
    if (editor.graph !== before) return editor.toast("The team changed meanwhile; tidy again.", "plain");
    editor.edit("Tidy layout", (graph) => edits.place(graph, places));
    editor.view?.fit();
  } catch {
    editor.toast("The layout could not be worked out. Nothing was moved.", "bad");
  } finally {
    editor.set({ tidying: false });
  }
}
