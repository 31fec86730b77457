// The names that templates and rules of a node may use, and how a changed name is followed.
import { inputNames, isObject, kindOf, nodeName } from "../../graph/kinds";
import { flows, shapeOf } from "../../graph/shape";
import type { Catalog, Graph, Json } from "../../graph/types";

export interface Reference {
  name: string; // as it is written: input.topic, nodes.triage.output
  title: string; // as people call it
  icon: string;
  source: "input" | "node" | "value" | "variable";
}

/** Nodes whose output may exist by the time `id` runs: what leads to it, the loops it is in, and what those read
 * that run it. As `readable` in agents/topology/view.py. */
export function upstream(graph: Graph, catalog: Catalog, id: string, runners: ReadonlySet<string> = new Set()): Set<string> {
  const { backEdges, loops } = shapeOf(graph, catalog);
  const found = new Set<string>();
  const stack = [id];
  while (stack.length) {
    const at = stack.pop();
    for (const edge of graph.edges) {
      if (edge.target !== at || !flows(edge.kind) || backEdges.has(edge.id) || found.has(edge.source)) continue;
      found.add(edge.source);
      stack.push(edge.source);
    }
  }
  for (const loop of loops.values()) if (loop.body.has(id)) for (const one of loop.body) found.add(one);
  const seen = new Set([...runners, id]);
  for (const edge of graph.edges) {
    if (edge.target !== id || flows(edge.kind) || seen.has(edge.source)) continue;
    for (const one of upstream(graph, catalog, edge.source, seen)) found.add(one);
  }
  return found;
}

/** What text of node `id` can refer to; a rule that is asked when it is done may also read what it gives. */
export function references(graph: Graph, catalog: Catalog, id: string, own = false): Reference[] {
  const found: Reference[] = inputNames(catalog, graph.nodes).map((name) => ({
    name: `input.${name}`,
    title: name.replaceAll("_", " "),
    icon: "log-in",
    source: "input",
  }));
  const before = upstream(graph, catalog, id);
  for (const node of graph.nodes) {
    const kind = kindOf(catalog, node);
    if (!before.has(node.id) || !kind.takes || kind.loops) continue;
    found.push({ name: `nodes.${node.id}.output`, title: nodeName(catalog, node), icon: kind.icon, source: "node" });
  }
  for (const { name } of graph.variables)
    found.push({ name: `vars.${name}`, title: name.replaceAll("_", " "), icon: "variable", source: "variable" });
  const here = graph.nodes.find((node) => node.id === id);
  const kind = here && kindOf(catalog, here);
  if (own && !kind?.chooses) found.push({ name: "output", title: "What it gives", icon: "log-out", source: "value" });
  if (!own && kind?.loops) found.push({ name: "iteration", title: "Round", icon: "repeat", source: "value" });
  found.push({ name: "value", title: "What comes in", icon: "arrow-right", source: "value" });
  return found;
}

/** Every `nodes.from` in the strings of `value` becomes `nodes.to`; the same object when nothing changed. */
export const renameReferences = (value: Json, from: string, to: string): Json =>
  renameNames(value, `nodes.${from}`, `nodes.${to}`);

/** The same for any name of two words, such as `vars.score`. */
export function renameNames(value: Json, from: string, to: string): Json {
  if (typeof value === "string") {
    const quoted = (name: string) => name.replace(/\.(.*)/, '["$1"]');
    return value
      .replace(new RegExp(`\\b${from.replace(".", "\\.")}\\b`, "g"), to)
      .replaceAll(quoted(from), quoted(to));
  }
  if (Array.isArray(value)) {
    const list = value.map((item) => renameNames(item, from, to));
    return list.every((item, at) => item === value[at]) ? value : list;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, renameNames(item, from, to)] as const);
  return entries.every(([key, item]) => item === value[key]) ? value : Object.fromEntries(entries);
}
