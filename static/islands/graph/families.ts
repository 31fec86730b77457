// Workers hang below whoever delegates to them, its boss above the middle; peers that nothing else leads to stand
// below at the right. Such a family is placed as one box.
import { nodeSize } from "./geometry";
import { kindOf } from "./kinds";
import { shapeOf } from "./shape";
import type { Catalog, Graph, GraphNode } from "./types";

const GAP = { across: 24, down: 72, aside: 44, between: 28 };

export interface Family {
  root: GraphNode;
  width: number;
  height: number;
  members: { id: string; x: number; y: number }[]; // the root among them, places within the box
}

/** Every node is in one family; most are families of their own. */
export function families(graph: Graph, catalog: Catalog): Family[] {
  const { workers, peers, spawned } = shapeOf(graph, catalog);
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const leads = new Set(graph.edges.filter((edge) => edge.kind === "flow").map((edge) => edge.source));
  const boss = new Map<string, string>();
  const claim = (lists: ReadonlyMap<string, string[]>) => {
    for (const [id, list] of lists)
      for (const one of list)
        if (spawned.has(one) && !leads.has(one) && !boss.has(one) && !isAbove(boss, id, one)) boss.set(one, id);
  };
  claim(workers);
  claim(forwards(graph));
  const grow = (root: GraphNode): Family => {
    const of = (lists: ReadonlyMap<string, string[]>) =>
      (lists.get(root.id) ?? []).filter((id) => boss.get(id) === root.id).map((id) => grow(nodes.get(id)!));
    const below = of(workers);
    const beside = of(peers).filter((one) => !below.some((other) => other.root === one.root));
    return withPeers(withWorkers(root, nodeSize(kindOf(catalog, root)), below), beside);
  };
  return graph.nodes.filter((node) => !boss.has(node.id)).map(grow);
}

/** Who hands over to whom, as it was drawn. */
function forwards(graph: Graph): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const edge of graph.edges)
    if (edge.kind === "handoff") found.set(edge.source, [...(found.get(edge.source) ?? []), edge.target]);
  return found;
}

function withWorkers(root: GraphNode, own: { width: number; height: number }, below: Family[]): Family {
  if (!below.length) return { root, ...own, members: [{ id: root.id, x: 0, y: 0 }] };
  const row = below.reduce((sum, one) => sum + one.width, GAP.across * (below.length - 1));
  const width = Math.max(own.width, row);
  const top = own.height + GAP.down;
  const members = [{ id: root.id, x: (width - own.width) / 2, y: 0 }];
  let left = (width - row) / 2;
  for (const one of below) {
    members.push(...shifted(one, left, top));
    left += one.width + GAP.across;
  }
  return { root, width, height: top + Math.max(...below.map((one) => one.height)), members };
}

function withPeers(family: Family, beside: Family[]): Family {
  if (!beside.length) return family;
  const left = family.width + GAP.aside;
  let top = CARD + GAP.down;
  const members = [...family.members];
  for (const one of beside) {
    members.push(...shifted(one, left, top));
    top += one.height + GAP.between;
  }
  const width = left + Math.max(...beside.map((one) => one.width));
  return { ...family, width, height: Math.max(family.height, top - GAP.between), members };
}

const CARD = 102; // the height of a card
const shifted = ({ members }: Family, x: number, y: number) =>
  members.map((member) => ({ id: member.id, x: member.x + x, y: member.y + y }));

function isAbove(boss: Map<string, string>, id: string, wanted: string): boolean {
  for (let at: string | undefined = id; at !== undefined; at = boss.get(at)) if (at === wanted) return true;
  return false;
}
