// Turns a graph into what React Flow draws; what did not change stays the same object, so it is not drawn again.
import type { EdgeData, TeamEdge } from "./Edge";
import { centre, nodeRect, nodeSize, noteRect, type PortId, type Rect } from "./geometry";
import { cardText, kindOf, type CardText } from "./kinds";
import { handleBounds, type TeamNode } from "./Node";
import type { EdgeState, NodeState } from "./states";
import { shapeOf, type Shape } from "./shape";
import type { Catalog, EdgeKind, Graph, GraphEdge, GraphNode, Point, Problem } from "./types";
import { edgeLabel, edgeSentence, nodeLabel } from "./words";

const NONE: Problem[] = [];

export interface NodeLook {
  problems?: Problem[] | undefined;
  state?: NodeState | undefined;
  selected: boolean;
  at?: Point | undefined; // while it is dragged
}

interface Kept {
  node: GraphNode;
  catalog: Catalog;
  look: NodeLook;
  used: string;
  workers: number;
  text: CardText;
  flow: TeamNode;
}

export class NodeBuilder {
  private kept = new Map<string, Kept>();

  build(graph: Graph, catalog: Catalog, lookOf: (id: string) => NodeLook): TeamNode[] {
    const shape = shapeOf(graph, catalog);
    const used = usedPorts(graph, shape, catalog);
    const next = new Map<string, Kept>();
    const nodes = graph.nodes.map((node) => {
      const workers = shape.workers.get(node.id)?.length ?? 0;
      const made = this.one(node, catalog, lookOf(node.id), used.get(node.id) ?? "", workers);
      next.set(node.id, made);
      return made.flow;
    });
    this.kept = next;
    return nodes;
  }

  private one(node: GraphNode, catalog: Catalog, look: NodeLook, used: string, workers: number): Kept {
    const old = this.kept.get(node.id);
    const sameText = old && old.catalog === catalog && sameApartFromPlace(old.node, node);
    const sameLook =
      old &&
      old.look.problems === look.problems &&
      old.look.state === look.state &&
      old.look.selected === look.selected &&
      old.look.at === look.at;
    const sameWires = old && old.used === used && old.workers === workers;
    if (old && sameText && sameLook && sameWires && old.node === node) return old;
    const text = sameText ? old.text : cardText(catalog, node);
    const problems = look.problems ?? NONE;
    const sameData =
      old && sameText && sameWires && old.look.problems === look.problems && old.look.state === look.state;
    const { width, height } = nodeSize(text.kind);
    const flow: TeamNode = {
      id: node.id,
      type: "team",
      position: look.at ?? node.position,
      width,
      height,
      measured: { width, height },
      handles: handleBounds(text.kind),
      selected: look.selected,
      zIndex: look.selected ? 1 : 0,
      data: sameData ? old.flow.data : { text, problems, state: look.state, used, workers },
      ariaRole: "group",
      ariaLabel: nodeLabel(catalog, node, problems, look.state),
    };
    return { node, catalog, look, used, workers, text, flow };
  }
}

/** Where an edge leaves and enters. A hand-over goes both ways, and is drawn from whichever stands further left. */
interface Ends {
  from: GraphNode;
  to: GraphNode;
  sourcePort: PortId;
  targetPort: PortId;
}

const TARGETS: Record<EdgeKind, PortId> = { flow: "in", error: "in", delegates: "top", handoff: "peer" };

function endsOf(edge: GraphEdge, back: boolean, nodes: ReadonlyMap<string, GraphNode>, catalog: Catalog): Ends | null {
  const from = nodes.get(edge.source);
  const to = nodes.get(edge.target);
  if (!from || !to) return null;
  if (back) return { from, to, sourcePort: "back", targetPort: "top" };
  const turned =
    edge.kind === "handoff" &&
    centre(nodeRect(to, kindOf(catalog, to))).x < centre(nodeRect(from, kindOf(catalog, from))).x &&
    kindOf(catalog, to).gives.includes("handoff") &&
    kindOf(catalog, from).peers;
  const [first, second] = turned ? [to, from] : [from, to];
  return { from: first, to: second, sourcePort: edge.kind, targetPort: TARGETS[edge.kind] };
}

function usedPorts(graph: Graph, shape: Shape, catalog: Catalog): Map<string, string> {
  const used = new Map<string, Set<string>>();
  const use = (id: string, port: string) => used.set(id, (used.get(id) ?? new Set()).add(port));
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const edge of graph.edges) {
    const ends = endsOf(edge, shape.backEdges.has(edge.id), nodes, catalog);
    if (!ends) continue;
    use(ends.from.id, ends.sourcePort);
    use(ends.to.id, ends.targetPort);
  }
  return new Map([...used].map(([id, ports]) => [id, [...ports].sort().join(" ")]));
}

function sameApartFromPlace(a: GraphNode, b: GraphNode): boolean {
  return a === b || (a.kind === b.kind && a.name === b.name && a.config === b.config);
}

export interface EdgeLook {
  selected?: string | ReadonlySet<string> | undefined;
  hovered?: string | null | undefined;
  states?: Record<string, EdgeState> | undefined;
}

export class EdgeBuilder {
  private kept = new Map<string, { key: string; flow: TeamEdge; edge: GraphEdge }>();

  build(graph: Graph, catalog: Catalog, look: EdgeLook): TeamEdge[] {
    const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    const { backEdges } = shapeOf(graph, catalog);
    const delegating = new Set<string>();
    const next: typeof this.kept = new Map();
    const edges: TeamEdge[] = [];
    for (const edge of graph.edges) {
      const back = backEdges.has(edge.id);
      const ends = endsOf(edge, back, nodes, catalog);
      if (!ends) continue;
      const state = look.states?.[edge.id];
      const said = typeof state === "object" ? (state.label ?? "") : "";
      const own = said !== "" || edge.label !== "" || edge.when !== "";
      const first = edge.kind === "delegates" && !own && !delegating.has(edge.source);
      if (first) delegating.add(edge.source);
      const data: EdgeData = {
        kind: edge.kind,
        label: said || edgeLabel(catalog, graph, edge),
        rule: !said && !edge.label && edge.when !== "",
        back,
        own,
        first,
        tone: (typeof state === "object" ? state.tone : state) ?? null,
        from: kindOf(catalog, ends.from),
        to: kindOf(catalog, ends.to),
        hovered: look.hovered === edge.id,
      };
      const selected = typeof look.selected === "string" ? look.selected === edge.id : !!look.selected?.has(edge.id);
      const sentence = edgeSentence(catalog, graph, edge);
      const key = [
        data.label,
        data.rule,
        back,
        own,
        first,
        data.tone,
        data.from.name,
        data.to.name,
        data.hovered,
        selected,
        ends.from.id,
        sentence,
      ].join("|");
      const old = this.kept.get(edge.id);
      const flow: TeamEdge =
        old && old.key === key && old.edge === edge
          ? old.flow
          : {
              id: edge.id,
              type: "team",
              source: ends.from.id,
              target: ends.to.id,
              sourceHandle: ends.sourcePort,
              targetHandle: ends.targetPort,
              selected,
              data,
              ariaLabel: sentence,
            };
      next.set(edge.id, { key, flow, edge });
      edges.push(flow);
    }
    this.kept = next;
    return edges.sort((a, b) => Number(a.selected) - Number(b.selected)); // what is picked is drawn over the rest
  }
}

/**
 * Where cards and notes lie, for edges to go around; tiles carry their names below them. Gives `before` again
 * when nothing lies elsewhere, so that edges are not routed anew while somebody types.
 */
export function obstacles(graph: Graph, catalog: Catalog, before?: Map<string, Rect>): Map<string, Rect> {
  const found = new Map<string, Rect>();
  for (const node of graph.nodes) {
    const kind = kindOf(catalog, node);
    const rect = nodeRect(node, kind);
    found.set(node.id, kind.shape === "tile" ? { ...rect, height: rect.height + 18 } : rect);
  }
  for (const note of graph.notes) found.set(note.id, noteRect(note));
  return before && sameRects(before, found) ? before : found;
}

function sameRects(a: Map<string, Rect>, b: Map<string, Rect>): boolean {
  if (a.size !== b.size) return false;
  for (const [id, one] of a) {
    const two = b.get(id);
    if (!two || one.x !== two.x || one.y !== two.y || one.width !== two.width || one.height !== two.height)
      return false;
  }
  return true;
}
