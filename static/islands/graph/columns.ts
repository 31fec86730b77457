// Places for a graph that nobody has placed yet (an import, a file written by hand): columns by distance
// from the beginning, workers in the column of who delegates to them.
import { nodeSize } from "./geometry";
import { kindOf } from "./kinds";
import type { Catalog, Graph, GraphNode } from "./types";

const COLUMN = 250;
const ROW = 150;

/** Whether all nodes lie on one spot, as they do when a document says nothing of places. */
export function isUnplaced(graph: Graph): boolean {
  const [first, ...rest] = graph.nodes;
  return (
    first !== undefined &&
    rest.length > 0 &&
    rest.every(({ position }) => position.x === first.position.x && position.y === first.position.y)
  );
}

function depths(graph: Graph): Map<string, number> {
  const depth = new Map(graph.nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < graph.nodes.length; round += 1) {
    let changed = false;
    for (const edge of graph.edges) {
      const from = depth.get(edge.source);
      const to = depth.get(edge.target);
      if (from === undefined || to === undefined || edge.kind === "handoff") continue;
      const least = edge.kind === "delegates" ? from : from + 1;
      if (to >= least || least >= graph.nodes.length) continue;
      depth.set(edge.target, least);
      changed = true;
    }
    if (!changed) break;
  }
  return depth;
}

export function inColumns(graph: Graph, catalog: Catalog): Graph {
  const depth = depths(graph);
  const columns = new Map<number, GraphNode[]>();
  for (const node of graph.nodes) {
    const at = depth.get(node.id) ?? 0;
    columns.set(at, [...(columns.get(at) ?? []), node]);
  }
  const nodes = graph.nodes.map((node) => {
    const at = depth.get(node.id) ?? 0;
    const column = columns.get(at)!;
    const { height, width } = nodeSize(kindOf(catalog, node));
    const row = column.indexOf(node) - (column.length - 1) / 2;
    return { ...node, position: { x: at * COLUMN + (180 - width) / 2, y: Math.round(row * ROW - height / 2) } };
  });
  return { ...graph, nodes };
}
