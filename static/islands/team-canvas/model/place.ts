// Where things go: a good spot for a new node, snapping while dragging, and lining up what is selected.
import { boundsOf, centre, nodeRect, nodeSize, noteRect, overlap, SNAP, type Rect } from "../../graph/geometry";
import { kindOf } from "../../graph/kinds";
import type { Catalog, Graph, Kind, Point } from "../../graph/types";

const GAP = { x: 68, y: 48 };

export function rects(graph: Graph, catalog: Catalog): Map<string, Rect> {
  const found = new Map<string, Rect>();
  for (const node of graph.nodes) found.set(node.id, nodeRect(node, kindOf(catalog, node)));
  for (const note of graph.notes) found.set(note.id, noteRect(note));
  return found;
}

/** Snaps so that the middles of cards and tiles share one grid, and edges between them run straight. */
export function snap(point: Point, size: { height: number }): Point {
  const half = size.height / 2;
  return { x: Math.round(point.x / SNAP) * SNAP, y: Math.round((point.y + half) / SNAP) * SNAP - half };
}

/** The nearest free place to `wanted` for a node of this kind, looking down, then right. */
export function freePlace(graph: Graph, catalog: Catalog, kind: Kind, wanted: Point): Point {
  const size = nodeSize(kind);
  const taken = [...rects(graph, catalog).values()];
  const fits = (point: Point) => !taken.some((rect) => overlap({ ...point, ...size }, rect, 16));
  for (let ring = 0; ring < 40; ring += 1) {
    for (const point of around(wanted, ring)) if (fits(point)) return point;
  }
  return wanted;
}

function around(start: Point, ring: number): Point[] {
  if (ring === 0) return [start];
  const d = ring * 30;
  return [
    { x: start.x, y: start.y + d },
    { x: start.x, y: start.y - d },
    { x: start.x + d, y: start.y },
    { x: start.x + d, y: start.y + d },
    { x: start.x + d, y: start.y - d },
  ];
}

/** Beside a node: right of it for what follows, below it for its workers. */
export function besides(graph: Graph, catalog: Catalog, id: string, kind: Kind, below = false): Point | null {
  const node = graph.nodes.find((one) => one.id === id);
  if (!node) return null;
  const from = nodeRect(node, kindOf(catalog, node));
  const size = nodeSize(kind);
  const wanted = below
    ? { x: from.x + (from.width - size.width) / 2, y: from.y + from.height + 72 }
    : { x: from.x + from.width + GAP.x, y: centre(from).y - size.height / 2 };
  return freePlace(graph, catalog, kind, wanted);
}

/** Everything right of an edge's middle moves right, so that a node fits in between. */
export function makeRoom(
  graph: Graph,
  catalog: Catalog,
  edgeId: string,
  kind: Kind,
): { at: Point; places: Map<string, Point> } | null {
  const edge = graph.edges.find((one) => one.id === edgeId);
  const all = rects(graph, catalog);
  const from = edge && all.get(edge.source);
  const to = edge && all.get(edge.target);
  if (!edge || !from || !to) return null;
  const size = nodeSize(kind);
  const left = from.x + from.width;
  const y = (centre(from).y + centre(to).y) / 2;
  const level = Math.abs(centre(from).y - centre(to).y) < 60 ? centre(to).y : y;
  const lack = size.width + 2 * 34 - (to.x - left);
  const places = new Map<string, Point>();
  if (lack > 0 && to.x >= left) {
    const shift = Math.ceil(lack / SNAP) * SNAP;
    for (const item of [...graph.nodes, ...graph.notes]) {
      if (item.position.x >= to.x - 1) places.set(item.id, { x: item.position.x + shift, y: item.position.y });
    }
  }
  const right = to.x + Math.max(0, places.size ? lack : 0);
  return { at: { x: Math.round((left + right - size.width) / 2), y: level - size.height / 2 }, places };
}

export type Alignment = "left" | "centre" | "right" | "top" | "middle" | "bottom" | "across" | "down";

/** New places for the picked rectangles: lined up on one side, or spread evenly across or down. */
export function align(picked: ReadonlyMap<string, Rect>, how: Alignment): Map<string, Point> {
  const items = [...picked];
  const box = boundsOf(items.map(([, rect]) => rect));
  if (how === "across" || how === "down") return spread(items, how === "across" ? ["x", "width"] : ["y", "height"]);
  const put: Record<Exclude<Alignment, "across" | "down">, (rect: Rect) => Point> = {
    left: (r) => ({ x: box.x, y: r.y }),
    centre: (r) => ({ x: box.x + (box.width - r.width) / 2, y: r.y }),
    right: (r) => ({ x: box.x + box.width - r.width, y: r.y }),
    top: (r) => ({ x: r.x, y: box.y }),
    middle: (r) => ({ x: r.x, y: box.y + (box.height - r.height) / 2 }),
    bottom: (r) => ({ x: r.x, y: box.y + box.height - r.height }),
  };
  return new Map(items.map(([id, rect]) => [id, put[how](rect)]));
}

function spread(items: [string, Rect][], [axis, length]: ["x" | "y", "width" | "height"]): Map<string, Point> {
  const sorted = [...items].sort((a, b) => a[1][axis] - b[1][axis]);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (!first || !last || sorted.length < 3) return new Map(sorted.map(([id, rect]) => [id, { x: rect.x, y: rect.y }]));
  const used = sorted.reduce((sum, [, rect]) => sum + rect[length], 0);
  const gap = (last[1][axis] + last[1][length] - first[1][axis] - used) / (sorted.length - 1);
  let at = first[1][axis];
  return new Map(
    sorted.map(([id, rect]) => {
      const point = { x: rect.x, y: rect.y, [axis]: at };
      at += rect[length] + gap;
      return [id, { x: point.x, y: point.y }];
    }),
  );
}

export interface Guide {
  axis: "x" | "y";
  at: number;
  from: number;
  to: number;
}
const PULL = 5;

/** Pulls a dragged rectangle into line with a neighbour's left edge, middle, or row; says which lines to show. */
export function pull(moving: Rect, others: Rect[]): { dx: number; dy: number; guides: Guide[] } {
  let dx = 0;
  let dy = 0;
  let nearX = PULL + 1;
  let nearY = PULL + 1;
  const guides: Partial<Record<"x" | "y", Guide>> = {};
  const mine = centre(moving);
  for (const rect of others) {
    const theirs = centre(rect);
    for (const [from, to] of [
      [moving.x, rect.x],
      [mine.x, theirs.x],
      [moving.x + moving.width, rect.x + rect.width],
    ] as const) {
      if (Math.abs(to - from) < nearX) {
        nearX = Math.abs(to - from);
        dx = to - from;
        guides.x = {
          axis: "x",
          at: to,
          from: Math.min(moving.y, rect.y),
          to: Math.max(moving.y + moving.height, rect.y + rect.height),
        };
      }
    }
    if (Math.abs(theirs.y - mine.y) < nearY) {
      nearY = Math.abs(theirs.y - mine.y);
      dy = theirs.y - mine.y;
      guides.y = {
        axis: "y",
        at: theirs.y,
        from: Math.min(moving.x, rect.x),
        to: Math.max(moving.x + moving.width, rect.x + rect.width),
      };
    }
  }
  return { dx, dy, guides: Object.values(guides) };
}
