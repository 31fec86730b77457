// The critical path: the chain of steps that decided how long the run took. Each began when the one before it had
// ended, so that a shorter one anywhere on it would have ended the run sooner. Read from the end backwards.
import type { GraphEdge } from "../../graph";
import type { NodeFacts } from "../log/state";
import type { Trace } from "../log/trace";

export interface Step {
  key: string; // of its row in the waterfall
  path: string; // the node it belongs to
  person: boolean;
  from: number; // microseconds
  to: number;
}
export interface CriticalPath {
  steps: Step[]; // in order of time
  keys: ReadonlySet<string>;
  paths: ReadonlySet<string>;
  people: number; // how long people held the run up, in microseconds
}
interface Piece {
  step: Step;
  child: NodeFacts | null; // an instance this one spawned: its own steps take the place
}

const CLOSE = 50_000; // what lies between an end and the beginning it caused, at most
const MOST = 5_000;

export function criticalPath(nodes: Map<string, NodeFacts>, trace: Trace, edges: GraphEdge[], now: number): CriticalPath {
  const walk = new Walk(nodes, trace, edges, now);
  const steps = walk.back().reverse();
  const people = steps.reduce((sum, step) => sum + (step.person ? step.to - step.from : 0), 0);
  return { steps, keys: new Set(steps.map((step) => step.key)), paths: walk.paths, people };
}

/** The longest waits on the path, by node: what it would have paid to speed up. */
export function longest(path: CriticalPath, most: number): { path: string; micros: number }[] {
  const sums = new Map<string, number>();
  for (const step of path.steps) sums.set(step.path, (sums.get(step.path) ?? 0) + step.to - step.from);
  return [...sums].map(([of, micros]) => ({ path: of, micros })).sort((a, b) => b.micros - a.micros).slice(0, most);
}

class Walk {
  readonly paths = new Set<string>();
  private found: Step[] = [];

  constructor(private nodes: Map<string, NodeFacts>, private trace: Trace, private edges: GraphEdge[], private now: number) {}

  back(): Step[] {
    const started = [...this.nodes.values()].filter((node) => node.started_at && !node.parent && node.status !== "skipped");
    let node = latest(started, (one) => this.end(one), Infinity);
    while (node && !this.paths.has(node.path) && this.found.length < MOST) {
      this.within(node, this.end(node));
      node = this.cause(node);
    }
    return this.found;
  }

  private end(node: NodeFacts): number {
    return node.ended_at || this.now;
  }

  /** The steps of a node, from `until` back to its beginning. */
  private within(node: NodeFacts, until: number): void {
    this.paths.add(node.path);
    const pieces = this.pieces(node);
    let at = until;
    // a sub-team or a wait has no steps here: all of it is one
    if (!pieces.length && until - node.started_at > CLOSE) this.found.push({ key: `node:${node.path}`, path: node.path, person: false, from: node.started_at, to: until });
    while (pieces.length && this.found.length < MOST) {
      const piece = latest(pieces, (one) => one.step.to, at + CLOSE);
      if (!piece) break;
      pieces.splice(pieces.indexOf(piece), 1);
      if (piece.child) this.within(piece.child, piece.step.to);
      else this.found.push(piece.step);
      at = piece.step.from;
    }
  }

  private pieces(node: NodeFacts): Piece[] {
    const end = this.end(node);
    const made = (key: string, from: number, to: number, person = false, child: NodeFacts | null = null): Piece => ({
      step: { key, path: node.path, person, from, to: Math.min(to || this.now, end) }, child,
    });
    return [
      ...(this.trace.byPath.get(node.path) ?? []).map((one) => made(`call:${one.key}`, one.started_at, one.ended_at)),
      ...(this.trace.backoffs.get(node.path) ?? []).map((one) => made(`backoff:${one.key}`, one.started_at, one.ended_at)),
      ...[...node.approvals.values()].map((one) => made(`approval:${one.path}:${one.key}`, one.requested_at, one.decided_at, true)),
      ...[...this.nodes.values()].filter((one) => one.parent === node.path && one.started_at).map((one) => made(`node:${one.path}`, one.started_at, this.end(one), false, one)),
    ];
  }

  /** The node whose end let this one begin: one that leads to it, or else one it had to wait for all the same. */
  private cause(node: NodeFacts): NodeFacts | undefined {
    const sources = new Set(this.edges.filter((edge) => edge.target === nodeOf(node.path)).map((edge) => edge.source));
    const ended = [...this.nodes.values()].filter((one) => one.ended_at && one.status !== "skipped" && !one.parent && one !== node);
    const source = latest(ended.filter((one) => sources.has(nodeOf(one.path))), (one) => one.ended_at, node.started_at + CLOSE);
    if (source && node.started_at - source.ended_at <= CLOSE) return source;
    return latest(ended, (one) => one.ended_at, node.started_at + CLOSE);
  }
}

/** The node of the graph that an instance stands for: `lead/m1/t2/researcher@2` is one of `researcher`. */
const nodeOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1).replace(/@\d+$/, "");

/** What ended last, at `until` or before; of several that did, the one that came later in the list. */
function latest<T>(all: T[], ended: (one: T) => number, until: number): T | undefined {
  let found: T | undefined;
  for (const one of all) if (ended(one) <= until && (found === undefined || ended(one) >= ended(found))) found = one;
  return found;
}
