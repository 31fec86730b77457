// Workers hang below whoever delegates to them: such a family is placed as one box, its boss above the middle.
import { nodeSize } from "./geometry";
import { kindOf } from "./kinds";
import { shapeOf } from "./shape";
import type { Catalog, Graph, GraphNode } from "./types";

const GAP = { across: 24, down: 72 };

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
  for (const [id, list] of workers) {
    for (const worker of list) {
      const only = spawned.has(worker) && !leads.has(worker) && !peers.has(worker);
      if (only && !boss.has(worker) && !isAbove(boss, id, worker)) boss.set(worker, id);
    }
  }
  const grow = (root: GraphNode): Family => {
    const own = nodeSize(kindOf(catalog, root));
    const below = (workers.get(root.id) ?? []).filter((id) => boss.get(id) === root.id).map((id) => grow(nodes.get(id)!));
    if (!below.length) return { root, ...own, members: [{ id: root.id, x: 0, y: 0 }] };
    const row = below.reduce((sum, one) => sum + one.width, GAP.across * (below.length - 1));
    const width = Math.max(own.width, row);
    const top = own.height + GAP.down;
    const members = [{ id: root.id, x: (width - own.width) / 2, y: 0 }];
    let left = (width - row) / 2;
    for (const one of below) {
      for (const member of one.members) members.push({ id: member.id, x: left + member.x, y: top + member.y });
      left += one.width + GAP.across;
    }
    return { root, width, height: top + Math.max(...below.map((one) => one.height)), members };
  };
  return graph.nodes.filter((node) => !boss.has(node.id)).map(grow);
}

function isAbove(boss: Map<string, string>, id: string, wanted: string): boolean {
  for (let at: string | undefined = id; at !== undefined; at = boss.get(at)) if (at === wanted) return true;
  return false;
}
