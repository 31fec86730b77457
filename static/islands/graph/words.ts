// What is said of nodes and edges to people who do not see the drawing.
import { cardText, kindOf, nodeName } from "./kinds";
import { shapeOf } from "./shape";
import { stateWord, type NodeState } from "./states";
import type { Catalog, Graph, GraphEdge, GraphNode, Problem } from "./types";

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export function nodeLabel(catalog: Catalog, node: GraphNode, problems: Problem[] = [], state?: NodeState): string {
  const text = cardText(catalog, node);
  const parts = [`${text.kind.title}: ${text.name}`, text.role];
  if (state) parts.push([stateWord(state), state.time, state.cost, state.note].filter(Boolean).join(", "));
  if (problems.length)
    parts.push(`${count(problems.length, "problem")}: ${problems.map((one) => one.message).join(" ")}`);
  return parts
    .filter(Boolean)
    .map((part) => part.replace(/[.…]$/, ""))
    .join(". ");
}

const VERBS = { flow: "leads to", error: "on error leads to", delegates: "delegates to", handoff: "hands off to" };
const KIND_LABELS = { flow: "", error: "on error", delegates: "delegates", handoff: "handoff" };

export function edgeSentence(catalog: Catalog, graph: Graph, edge: GraphEdge): string {
  const name = (id: string) => {
    const node = graph.nodes.find((one) => one.id === id);
    return node ? nodeName(catalog, node) : id;
  };
  const back = shapeOf(graph, catalog).backEdges.has(edge.id);
  const label = edge.kind === "flow" ? edgeLabel(catalog, graph, edge) : edge.label || edge.when;
  const verb = back ? "leads back to" : VERBS[edge.kind];
  return `${name(edge.source)} ${verb} ${name(edge.target)}${label ? `, ${label}` : ""}`;
}

/** The words on an edge: its label or rule; "otherwise" where a rule was given to a neighbour only. */
export function edgeLabel(catalog: Catalog, graph: Graph, edge: GraphEdge): string {
  if (edge.label) return edge.label;
  if (edge.when && (edge.kind === "flow" || edge.kind === "delegates")) return edge.when;
  if (edge.kind !== "flow") return KIND_LABELS[edge.kind];
  if (shapeOf(graph, catalog).backEdges.has(edge.id)) return "again";
  const source = graph.nodes.find((node) => node.id === edge.source);
  if (!source || !kindOf(catalog, source).chooses) return "";
  const others = graph.edges.filter((other) => other.source === edge.source && other.kind === "flow");
  return others.some((other) => other.when) ? "otherwise" : "";
}
