// Tidy layout by ELK, which works in its own thread: graph in, new positions out.
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import { centre, nodeRect, nodeSize, noteRect, overlap, SNAP } from "./geometry";
import { kindOf } from "./kinds";
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
const WORKER_GAP = { across: 24, down: 72 };

interface Group {
  workers: string[];
  width: number;
  height: number;
}

/** Positions for every node, top left at the graph's present top left. */
export async function tidy(graph: Graph, catalog: Catalog): Promise<Map<string, Point>> {
  const { default: ELK } = await import("elkjs/lib/elk-api.js");
  const elk = new ELK({ workerUrl: WORKER });
  try {
    const { tree, offsets } = describe(graph, catalog);
    const placed = await elk.layout(tree, { layoutOptions: OPTIONS });
    return withNotes(positions(placed, offsets, graph), graph, catalog);
  } finally {
    elk.terminateWorker();
  }
}

/** Workers hang below whoever delegates to them, so ELK places each such family as one box. */
function families(graph: Graph, catalog: Catalog): { boss: Map<string, string>; of: Map<string, Group> } {
  const flows = new Set(graph.edges.filter((e) => e.kind !== "delegates").flatMap((e) => [e.source, e.target]));
  const boss = new Map<string, string>();
  for (const edge of graph.edges) {
    if (edge.kind === "delegates" && !boss.has(edge.target) && !flows.has(edge.target))
      boss.set(edge.target, edge.source);
  }
  const of = new Map<string, Group>();
  const size = (id: string, seen: Set<string>): { width: number; height: number } => {
    const node = graph.nodes.find((one) => one.id === id)!;
    const own = nodeSize(kindOf(catalog, node));
    const workers = graph.nodes.map((one) => one.id).filter((other) => boss.get(other) === id && !seen.has(other));
    if (!workers.length) return own;
    workers.forEach((worker) => seen.add(worker));
    const sizes = workers.map((worker) => size(worker, seen));
    const row = sizes.reduce((sum, one) => sum + one.width, 0) + WORKER_GAP.across * (workers.length - 1);
    const group = {
      workers,
      width: Math.max(own.width, row),
      height: own.height + WORKER_GAP.down + Math.max(...sizes.map((one) => one.height)),
    };
    of.set(id, group);
    return group;
  };
  for (const node of graph.nodes) if (!boss.has(node.id)) size(node.id, new Set([node.id]));
  return { boss, of };
}

type Offsets = Map<string, { anchor: string; x: number; y: number }>;

function describe(graph: Graph, catalog: Catalog): { tree: ElkNode; offsets: Offsets } {
  const { boss, of } = families(graph, catalog);
  const offsets: Offsets = new Map();
  const widths = (id: string) =>
    of.get(id)?.width ??
    nodeSize(
      kindOf(
        catalog,
        graph.nodes.find((n) => n.id === id)!,
      ),
    ).width;
  const place = (id: string, anchor: string, x: number, y: number): void => {
    const node = graph.nodes.find((one) => one.id === id)!;
    const own = nodeSize(kindOf(catalog, node));
    offsets.set(id, { anchor, x: x + (widths(id) - own.width) / 2, y });
    let left = x;
    for (const worker of of.get(id)?.workers ?? []) {
      place(worker, anchor, left, y + own.height + WORKER_GAP.down);
      left += widths(worker) + WORKER_GAP.across;
    }
  };
  const roots = graph.nodes.filter(
    (node) => !boss.has(node.id) || !of.get(boss.get(node.id)!)?.workers.includes(node.id),
  );
  const children = roots.map((node): ElkNode => {
    place(node.id, node.id, 0, 0);
    const own = nodeSize(kindOf(catalog, node));
    const group = of.get(node.id);
    const width = group?.width ?? own.width;
    const tile = own.height < 60 ? 20 : 0; // the name below
    return {
      id: node.id,
      width,
      height: (group?.height ?? own.height) + tile,
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: [
        { id: `${node.id}:in`, x: 0, y: own.height / 2 },
        { id: `${node.id}:flow`, x: width, y: own.height / 2 },
        { id: `${node.id}:error`, x: width, y: own.height * 0.78 },
      ],
    };
  });
  const known = new Set(roots.map((node) => node.id));
  const edges = graph.edges
    .filter((edge) => known.has(edge.source) && known.has(edge.target) && edge.source !== edge.target)
    .map((edge): ElkExtendedEdge => {
      const label = edgeLabel(catalog, graph, edge);
      return {
        id: edge.id,
        sources: [`${edge.source}:${edge.kind === "error" ? "error" : "flow"}`],
        targets: [`${edge.target}:in`],
        labels: label ? [{ text: label, width: Math.min(150, 16 + label.length * 6.4), height: 20 }] : [],
      };
    });
  return { tree: { id: "team", children, edges }, offsets };
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

function positions(placed: ElkNode, offsets: Offsets, graph: Graph): Map<string, Point> {
  const at = new Map((placed.children ?? []).map((child) => [child.id, child]));
  const left = Math.min(...graph.nodes.map((node) => node.position.x));
  const top = Math.min(...graph.nodes.map((node) => node.position.y));
  const least = { x: Infinity, y: Infinity };
  for (const child of at.values()) {
    least.x = Math.min(least.x, child.x ?? 0);
    least.y = Math.min(least.y, child.y ?? 0);
  }
  const round = (value: number) => Math.round(value / SNAP) * SNAP;
  const found = new Map<string, Point>();
  for (const [id, offset] of offsets) {
    const anchor = at.get(offset.anchor);
    if (!anchor) continue;
    const x = (anchor.x ?? 0) - least.x + left + offset.x;
    const y = (anchor.y ?? 0) - least.y + top + offset.y;
    found.set(id, { x: round(x), y: Math.round(y) });
  }
  return found;
}
