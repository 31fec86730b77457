// Places for a graph that nobody has placed yet (an import, a file written by hand): columns by distance
// from the beginning, workers below who delegates to them.
import { families, type Family } from "./families";
import { nodeSize } from "./geometry";
import { kindOf } from "./kinds";
import { shapeOf } from "./shape";
import type { Catalog, Graph } from "./types";

const GAP = { across: 70, down: 48 };
const CARD = 180; // a column is at least as wide as the widest card

/** Whether all nodes lie on one spot, as they do when a document says nothing of places. */
export function isUnplaced(graph: Graph): boolean {
  const [first, ...rest] = graph.nodes;
  return (
    first !== undefined &&
    rest.length > 0 &&
    rest.every(({ position }) => position.x === first.position.x && position.y === first.position.y)
  );
}

/** How far each family is from the beginning, along the flow and from one peer to the next. */
function depths(graph: Graph, catalog: Catalog, family: Map<string, string>): Map<string, number> {
  const { backEdges } = shapeOf(graph, catalog);
  const depth = new Map<string, number>();
  for (let round = 0; round < graph.nodes.length; round += 1) {
    let changed = false;
    for (const edge of graph.edges) {
      const from = family.get(edge.source);
      const to = family.get(edge.target);
      if (from === undefined || to === undefined || from === to || backEdges.has(edge.id)) continue;
      const least = (depth.get(from) ?? 0) + 1;
      const now = depth.get(to) ?? 0;
      if (now >= least || least >= graph.nodes.length || (edge.kind === "handoff" && now > 0)) continue;
      depth.set(to, least);
      changed = true;
    }
    if (!changed) break;
  }
  return depth;
}

export function inColumns(graph: Graph, catalog: Catalog): Graph {
  const all = families(graph, catalog);
  const of = new Map(all.flatMap((one) => one.members.map((member) => [member.id, one.root.id])));
  const depth = depths(graph, catalog, of);
  const columns = new Map<number, Family[]>();
  for (const one of all) {
    const at = depth.get(one.root.id) ?? 0;
    columns.set(at, [...(columns.get(at) ?? []), one]);
  }
  const places = new Map<string, { x: number; y: number }>();
  let left = 0;
  for (const [, column] of [...columns].sort((a, b) => a[0] - b[0])) {
    const width = Math.max(CARD, ...column.map((one) => one.width));
    let top = -(column.reduce((sum, one) => sum + one.height, GAP.down * (column.length - 1))) / 2;
    if (column.length === 1) top = -nodeSize(kindOf(catalog, column[0]!.root)).height / 2; // in line with what leads in
    for (const one of column) {
      for (const { id, x, y } of one.members)
        places.set(id, { x: Math.round(left + (width - one.width) / 2 + x), y: Math.round(top + y) });
      top += one.height + GAP.down;
    }
    left += width + GAP.across;
  }
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, position: places.get(node.id) ?? node.position })) };
}
