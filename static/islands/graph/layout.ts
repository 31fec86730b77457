// Tidy layout by ELK, which works in its own thread: graph in, new positions out.
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import { families, type Family } from "./families";
import { centre, nodeRect, nodeSize, noteRect, overlap, SNAP } from "./geometry";
import { kindOf } from "./kinds";
import { shapeOf } from "./shape";
import type { Catalog, Graph, GraphNode, Point } from "./types";
import { edgeLabel } from "./words";

const WORKER = new URL("elk-worker.js", import.meta.url).href;
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.spacing.nodeNode": "48",
  "elk.layered.spacing.nodeNodeBetweenLayers": "48",
  "elk.layered.spacing.edgeNodeBetweenLayers": "18",
  "elk.spacing.edgeNode": "24",
  "elk.spacing.edgeLabel": "4",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.crossingMinimization.forceNodeModelOrder": "false",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.separateConnectedComponents": "true",
};
const OVER = 40; // room for an edge that leads back over the cards

/** Positions for every node, top left at the graph's present top left. */
export async function tidy(graph: Graph, catalog: Catalog): Promise<Map<string, Point>> {
  const { default: ELK } = await import("elkjs/lib/elk-api.js");
  const elk = new ELK({ workerUrl: WORKER });
  try {
    const { tree, all } = describe(graph, catalog);
    const placed = await elk.layout(tree, { layoutOptions: OPTIONS });
    return withNotes(positions(placed, all, graph), graph, catalog);
  } finally {
    elk.terminateWorker();
  }
}

function describe(graph: Graph, catalog: Catalog): { tree: ElkNode; all: Family[] } {
  const { backEdges } = shapeOf(graph, catalog);
  const all = families(graph, catalog);
  const above = new Set([...backEdges].flatMap((id) => graph.edges.find((edge) => edge.id === id)?.target ?? []));
  const children = all.map(({ root, width, height }): ElkNode => {
    const own = nodeSize(kindOf(catalog, root));
    const tile = own.height < 60 ? 20 : 0; // the name below
    return {
      id: root.id,
      width,
      height: height + tile,
      layoutOptions: {
        "elk.portConstraints": "FIXED_POS",
        ...(above.has(root.id) ? { "elk.margins": `[top=${OVER},left=0,bottom=0,right=0]` } : {}),
      },
      ports: [
        { id: `${root.id}:in`, x: 0, y: own.height / 2 },
        { id: `${root.id}:peer`, x: 0, y: own.height * 0.22 },
        { id: `${root.id}:flow`, x: width, y: own.height / 2 },
        { id: `${root.id}:handoff`, x: width, y: own.height * 0.22 },
        { id: `${root.id}:error`, x: width, y: own.height * 0.78 },
      ],
    };
  });
  const family = new Map(all.flatMap((one) => one.members.map((member) => [member.id, one.root.id])));
  const edges = graph.edges
    .filter((edge) => edge.kind !== "delegates" && !backEdges.has(edge.id))
    .filter((edge) => family.has(edge.source) && family.has(edge.target))
    .filter((edge) => family.get(edge.source) !== family.get(edge.target))
    .map((edge): ElkExtendedEdge => {
      const label = edgeLabel(catalog, graph, edge);
      const from = edge.kind === "error" || edge.kind === "handoff" ? edge.kind : "flow";
      return {
        id: edge.id,
        sources: [`${family.get(edge.source)}:${from}`],
        targets: [`${family.get(edge.target)}:${edge.kind === "handoff" ? "peer" : "in"}`],
        labels: label ? [{ text: label, width: Math.min(150, 16 + label.length * 6.4), height: 20 }] : [],
      };
    });
  return { tree: { id: "team", children, edges }, all };
}

/** Notes go where the node nearest to them goes, and then down until they cover nothing. */
function withNotes(places: Map<string, Point>, graph: Graph, catalog: Catalog): Map<string, Point> {
  const cards = graph.nodes.map((node) => ({
    ...(places.get(node.id) ?? node.position),
    ...nodeSize(kindOf(catalog, node)),
  }));
  for (const note of graph.notes) {
    const box = noteRect(note);
    const distance = (node: GraphNode) => {
      const a = centre(nodeRect(node, kindOf(catalog, node)));
      const b = centre(box);
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    const [first, ...rest] = graph.nodes;
    if (!first) continue;
    const near = rest.reduce((best, node) => (distance(node) < distance(best) ? node : best), first);
    const to = places.get(near.id) ?? near.position;
    const moved = { ...box, x: note.position.x + to.x - near.position.x, y: note.position.y + to.y - near.position.y };
    while (cards.some((card) => overlap(moved, card, 12))) moved.y += SNAP;
    cards.push(moved);
    places.set(note.id, { x: moved.x, y: moved.y });
  }
  return places;
}

function positions(placed: ElkNode, all: Family[], graph: Graph): Map<string, Point> {
  const at = new Map((placed.children ?? []).map((child) => [child.id, child]));
  const left = Math.min(...graph.nodes.map((node) => node.position.x));
  const top = Math.min(...graph.nodes.map((node) => node.position.y));
  const least = { x: Infinity, y: Infinity };
  for (const child of at.values()) {
    least.x = Math.min(least.x, child.x ?? 0);
    least.y = Math.min(least.y, child.y ?? 0);
  }
  const found = new Map<string, Point>();
  for (const { root, members } of all) {
    const box = at.get(root.id);
    if (!box) continue;
    for (const member of members) {
      const x = (box.x ?? 0) - least.x + left + member.x;
      const y = (box.y ?? 0) - least.y + top + member.y;
      found.set(member.id, { x: Math.round(x / SNAP) * SNAP, y: Math.round(y) });
    }
  }
  return found;
}
