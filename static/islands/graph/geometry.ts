// Sizes and ports of nodes. Everything is known without measuring the page, so edges draw at once.
import type { GraphNode, Kind, Point, StickyNote } from "./types";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Port {
  id: PortId;
  type: "source" | "target";
  side: "left" | "right" | "top" | "bottom";
  x: number;
  y: number;
}
export type PortId = "in" | "top" | "peer" | "flow" | "back" | "error" | "delegates" | "handoff";
const HIGH = 0.22; // of the height, where hand-overs leave and arrive
const LOW = 0.78;

export const SNAP = 6;
export const DOTS = 18;
export const NOTE_WIDTH = 206;
const PORT = 9;

export function nodeSize(kind: Pick<Kind, "shape" | "group">): { width: number; height: number } {
  if (kind.shape === "tile") return { width: 44, height: 44 };
  return { width: kind.group === "thinks" ? 180 : 156, height: 102 };
}

export function nodeRect(node: GraphNode, kind: Kind): Rect {
  return { ...node.position, ...nodeSize(kind) };
}

/** About how much room a note takes: its height follows its text. */
export function noteRect(note: StickyNote): Rect {
  const lines = note.text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 34)), 0);
  return { ...note.position, width: NOTE_WIDTH, height: 18 + 16 * lines };
}

/** Ports of a node, top left corners relative to the node; the order is the order in the page. */
export function ports(kind: Kind): Port[] {
  const { width, height } = nodeSize(kind);
  const middle = height / 2 - PORT / 2;
  const found: Port[] = [];
  if (kind.takes) {
    found.push({ id: "in", type: "target", side: "left", x: -PORT / 2, y: middle });
    found.push({ id: "top", type: "target", side: "top", x: width / 2 - PORT / 2, y: -PORT / 2 });
    if (kind.peers) found.push({ id: "peer", type: "target", side: "left", x: -PORT / 2, y: height * HIGH - PORT / 2 });
  }
  if (kind.gives.includes("flow"))
    found.push({ id: "flow", type: "source", side: "right", x: width - PORT / 2, y: middle });
  if (kind.gives.includes("error")) {
    found.push({ id: "error", type: "source", side: "right", x: width - PORT / 2, y: height * LOW - PORT / 2 });
  }
  if (kind.gives.includes("handoff")) {
    found.push({ id: "handoff", type: "source", side: "right", x: width - PORT / 2, y: height * HIGH - PORT / 2 });
  }
  if (kind.loops) found.push({ id: "back", type: "source", side: "top", x: width / 2 - PORT / 2, y: -PORT / 2 });
  if (kind.gives.includes("delegates")) {
    found.push({ id: "delegates", type: "source", side: "bottom", x: width / 2 - PORT / 2, y: height - PORT / 2 });
  }
  return found;
}

export const PORT_SIZE = PORT;

/** Where a node lies, told from where an edge leaves or enters it. */
export function rectAtPort(kind: Kind, id: PortId, point: Point): Rect {
  const port = ports(kind).find((one) => one.id === id);
  const { width, height } = nodeSize(kind);
  if (!port) return { x: point.x, y: point.y, width: 0, height: 0 };
  const dx = port.side === "right" ? PORT : port.side === "left" ? 0 : PORT / 2;
  const dy = port.side === "bottom" ? PORT : port.side === "top" ? 0 : PORT / 2;
  const round = (value: number) => Math.round(value * 100) / 100; // ports lie at parts of a height
  return { x: round(point.x - port.x - dx), y: round(point.y - port.y - dy), width, height };
}

export function boundsOf(rects: Rect[]): Rect {
  if (!rects.length) return { x: 0, y: 0, width: 0, height: 0 };
  const left = Math.min(...rects.map((rect) => rect.x));
  const top = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export const centre = (rect: Rect): Point => ({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });

export function overlap(a: Rect, b: Rect, gap = 0): boolean {
  return (
    a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap
  );
}
