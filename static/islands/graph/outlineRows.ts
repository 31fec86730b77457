// A graph as an indented list: what follows stays level, branches, workers and error paths go one deeper,
// and where branches meet again the list returns to the level of their fork.
import { shapeOf } from "./shape";
import type { Catalog, Graph, GraphEdge } from "./types";

export interface OutlineRow {
  id: string;
  depth: number;
  via: GraphEdge | null; // the edge that says why it is there
}

class Walk {
  rows: OutlineRow[] = [];
  private depth = new Map<string, number>();
  private dominator = new Map<string, string>();
  private place = new Map<string, number>();
  private waiting = new Map<string, number>();
  private out = new Map<string, GraphEdge[]>();

  constructor(graph: Graph, catalog: Catalog) {
    const { backEdges } = shapeOf(graph, catalog);
    const at = new Map(graph.nodes.map((node) => [node.id, node.position]));
    const known = graph.edges.filter(
      (edge) => at.has(edge.source) && at.has(edge.target) && edge.source !== edge.target && !backEdges.has(edge.id),
    );
    for (const node of graph.nodes) {
      this.out.set(node.id, []);
      this.waiting.set(node.id, 0);
    }
    for (const edge of known) {
      this.out.get(edge.source)!.push(edge);
      this.waiting.set(edge.target, this.waiting.get(edge.target)! + 1);
    }
    const rank = { delegates: 0, error: 1, handoff: 2, flow: 3 };
    for (const edges of this.out.values()) {
      edges.sort((a, b) => rank[a.kind] - rank[b.kind] || at.get(a.target)!.y - at.get(b.target)!.y);
    }
    const beginnings = graph.nodes.filter((node) => this.waiting.get(node.id) === 0);
    for (const node of beginnings) this.visit(node.id, 0, null);
    for (const node of graph.nodes) if (!this.depth.has(node.id)) this.visit(node.id, 0, null);
  }

  private visit(id: string, depth: number, via: GraphEdge | null): void {
    this.depth.set(id, depth);
    this.place.set(id, this.rows.length);
    this.rows.push({ id, depth, via });
    const edges = this.out.get(id)!;
    const flows = edges.filter((edge) => edge.kind === "flow").length;
    for (const edge of edges) {
      const seen = this.dominator.get(edge.target);
      const dominator = seen === undefined ? id : this.common(seen, id);
      this.dominator.set(edge.target, dominator);
      const left = this.waiting.get(edge.target)! - 1;
      this.waiting.set(edge.target, left);
      if (left > 0 || this.depth.has(edge.target)) continue;
      const meets = seen !== undefined;
      const level = this.depth.get(dominator)!;
      const deeper = edge.kind !== "flow" || flows > 1;
      this.visit(edge.target, meets ? level : level + (deeper ? 1 : 0), meets ? null : edge);
    }
  }

  /** The nearest node that both came through. */
  private common(a: string, b: string): string {
    let one = a;
    let two = b;
    for (let steps = 0; one !== two && steps < 1000; steps += 1) {
      const [later, other] = this.place.get(one)! > this.place.get(two)! ? [one, two] : [two, one];
      const up = this.dominator.get(later);
      if (up === undefined) return other;
      one = up;
      two = other;
    }
    return one;
  }
}

export function outline(graph: Graph, catalog: Catalog): OutlineRow[] {
  return new Walk(graph, catalog).rows;
}
