// The names that templates and rules of a node may use, and how a changed name is followed.
import { inputNames, isObject, kindOf, nodeName } from "../../graph/kinds";
import type { Catalog, Graph, Json } from "../../graph/types";

export interface Reference {
  name: string; // as it is written: input.topic, nodes.triage.output
  title: string; // as people call it
  icon: string;
  source: "input" | "node" | "value";
}

/** Nodes whose output exists by the time `id` runs: everything flow or error edges lead from. */
export function upstream(graph: Graph, id: string): Set<string> {
  const found = new Set<string>();
  const stack = [id];
  while (stack.length) {
    const at = stack.pop()!;
    for (const edge of graph.edges) {
      const carries = edge.kind === "flow" || edge.kind === "error";
      if (carries && edge.target === at && !found.has(edge.source)) {
        found.add(edge.source);
        stack.push(edge.source);
      }
    }
  }
  found.delete(id);
  return found;
}

/** What text of node `id` can refer to; a rule on an edge leaving it may also read its own output. */
export function references(graph: Graph, catalog: Catalog, id: string, own = false): Reference[] {
  const found: Reference[] = inputNames(catalog, graph.nodes).map((name) => ({
    name: `input.${name}`,
    title: name.replaceAll("_", " "),
    icon: "log-in",
    source: "input",
  }));
  const before = upstream(graph, id);
  for (const node of graph.nodes) {
    const kind = kindOf(catalog, node);
    if (!(before.has(node.id) || (own && node.id === id)) || !kind.takes) continue;
    found.push({ name: `nodes.${node.id}.output`, title: nodeName(catalog, node), icon: kind.icon, source: "node" });
  }
  found.push({ name: "value", title: "What comes in", icon: "arrow-right", source: "value" });
  return found;
}

/** Every `nodes.from` in the strings of `value` becomes `nodes.to`; the same object when nothing changed. */
export function renameReferences(value: Json, from: string, to: string): Json {
  if (typeof value === "string") {
    return value
      .replace(new RegExp(`\\bnodes\\.${from}\\b`, "g"), `nodes.${to}`)
      .replaceAll(`nodes["${from}"]`, `nodes["${to}"]`);
  }
  if (Array.isArray(value)) {
    const list = value.map((item) => renameReferences(item, from, to));
    return list.every((item, at) => item === value[at]) ? value : list;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, renameReferences(item, from, to)] as const);
  return entries.every(([key, item]) => item === value[key]) ? value : Object.fromEntries(entries);
}
