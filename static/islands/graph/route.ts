// Orthogonal edges that go around cards: a few candidate ways are tried, the cheapest is taken.
import type { Rect } from "./geometry";
import type { Point } from "./types";

const STUB = 16; // how far an edge leaves a port before it turns
const RISE = 30; // how far an edge that leads back rises above what it connects
const CLEAR = 8; // distance kept from cards
const LEVEL = 4; // what differs by less is drawn in one stroke, a hair aslant
const BEND = 14; // what a turn costs, in pixels of length
const CROSS = 900; // what crossing a card costs

export interface Way {
  points: Point[];
  label: Point;
}

const flip = (point: Point): Point => ({ x: point.y, y: point.x });
const flipRect = (rect: Rect): Rect => ({ x: rect.y, y: rect.x, width: rect.height, height: rect.width });

function crosses(a: Point, b: Point, rect: Rect): boolean {
  return (
    Math.max(a.x, b.x) > rect.x &&
    Math.min(a.x, b.x) < rect.x + rect.width &&
    Math.max(a.y, b.y) > rect.y &&
    Math.min(a.y, b.y) < rect.y + rect.height
  );
}

function cost(points: Point[], obstacles: Rect[]): number {
  let total = (points.length - 2) * BEND;
  for (let at = 1; at < points.length; at += 1) {
    const a = points[at - 1]!;
    const b = points[at]!;
    total += Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
    for (const rect of obstacles) if (crosses(a, b, rect)) total += CROSS;
  }
  return total;
}

/** Ways from a port that faces right to a port that faces left. */
function candidates(from: Point, to: Point, obstacles: Rect[]): Point[][] {
  const out = from.x + STUB;
  const into = to.x - STUB;
  const found: Point[][] = [];
  if (into >= out - STUB) {
    if (Math.abs(from.y - to.y) < LEVEL) found.push([from, to]);
    const columns = new Set([(from.x + to.x) / 2, Math.min(out, to.x - 8), Math.max(into, from.x + 8)]);
    for (const x of columns) found.push([from, { x, y: from.y }, { x, y: to.y }, to]);
  }
  const lanes = new Set([(from.y + to.y) / 2]);
  const left = Math.min(out, into);
  const right = Math.max(out, into);
  for (const rect of obstacles) {
    if (rect.x > right || rect.x + rect.width < left) continue;
    lanes.add(rect.y - CLEAR);
    lanes.add(rect.y + rect.height + CLEAR);
  }
  for (const y of lanes) {
    found.push([from, { x: out, y: from.y }, { x: out, y }, { x: into, y }, { x: into, y: to.y }, to]);
  }
  return found;
}

function straighten(points: Point[]): Point[] {
  return points.filter((point, at) => {
    const before = points[at - 1];
    const after = points[at + 1];
    if (!before || !after) return true;
    const sameColumn = before.x === point.x && point.x === after.x;
    const sameRow = before.y === point.y && point.y === after.y;
    return !sameColumn && !sameRow;
  });
}

/** The middle of the segment where a label is read best: a long upright one, else the longest. */
function labelPoint(points: Point[]): Point {
  let best = points[0]!;
  let score = -1;
  for (let at = 1; at < points.length; at += 1) {
    const a = points[at - 1]!;
    const b = points[at]!;
    const upright = a.x === b.x;
    const length = Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
    const value = upright && length > 34 ? length * 1.6 + 60 : length;
    if (value > score) {
      score = value;
      best = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    }
  }
  return best;
}

/** Which way ports face: from right to left, from a bottom to a top, or from top to top over what lies between. */
export type Facing = "across" | "down" | "over";

export function route(from: Point, to: Point, obstacles: Rect[], facing: Facing = "across"): Way {
  if (facing === "over") return routeOver(from, to, obstacles);
  if (facing === "down") {
    const way = routeDown(flip(from), flip(to), obstacles.map(flipRect));
    return { points: way.points.map(flip), label: flip(way.label) };
  }
  const near = nearby(from, to, obstacles);
  return cheapest(candidates(from, to, near), near);
}

/** Delegation: straight down, across just above the workers, down. All of one supervisor share their trunk. */
function routeDown(from: Point, to: Point, obstacles: Rect[]): Way {
  const near = nearby(from, to, obstacles);
  const ways = candidates(from, to, near);
  if (to.x - from.x > 48) {
    const x = Math.max(to.x - 35, from.x + STUB);
    const trunk = [from, { x, y: from.y }, { x, y: to.y }, to];
    if (cost(trunk, near) < CROSS) return finish(trunk);
  }
  return cheapest(ways, near);
}

/** What leads back: up, across above all cards in between, and down again. */
function routeOver(from: Point, to: Point, obstacles: Rect[]): Way {
  const left = Math.min(from.x, to.x) - CLEAR;
  const right = Math.max(from.x, to.x) + CLEAR;
  const least = Math.min(from.y, to.y) - RISE;
  const lanes = new Set([least]);
  for (const rect of obstacles) {
    const lane = rect.y - 2 * CLEAR;
    if (lane < least && rect.x < right && rect.x + rect.width > left) lanes.add(lane);
  }
  const ways = [...lanes].map((y) => [from, { x: from.x, y }, { x: to.x, y }, to]);
  const way = cheapest(ways, obstacles);
  const [, a = from, b = to] = way.points;
  return { points: way.points, label: { x: (a.x + b.x) / 2, y: a.y } };
}

function nearby(from: Point, to: Point, obstacles: Rect[]): Rect[] {
  const reach = 240;
  const left = Math.min(from.x, to.x) - reach;
  const right = Math.max(from.x, to.x) + reach;
  const top = Math.min(from.y, to.y) - reach;
  const bottom = Math.max(from.y, to.y) + reach;
  return obstacles.filter((r) => r.x < right && r.x + r.width > left && r.y < bottom && r.y + r.height > top);
}

function cheapest(ways: Point[][], obstacles: Rect[]): Way {
  let best = ways[0]!;
  let least = Infinity;
  for (const way of ways) {
    const points = straighten(way);
    const price = cost(points, obstacles);
    if (price < least) {
      least = price;
      best = points;
    }
  }
  return finish(best);
}

function finish(way: Point[]): Way {
  const points = straighten(way);
  return { points, label: labelPoint(points) };
}

/** An SVG path through the points, with corners rounded by at most `radius`. */
export function roundedPath(points: Point[], radius = 10): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x} ${first.y}`;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    const before = points[at]!;
    if (!next) {
      path += `L${point.x} ${point.y}`;
      return;
    }
    const one = Math.abs(point.x - before.x) + Math.abs(point.y - before.y);
    const two = Math.abs(next.x - point.x) + Math.abs(next.y - point.y);
    const r = Math.min(radius, one / 2, two / 2);
    const a = towards(point, before, r);
    const b = towards(point, next, r);
    path += `L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`;
  });
  return path;
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) / length) * distance, y: from.y + ((to.y - from.y) / length) * distance };
}
