// What can be added: agents of the workspace, patterns, node kinds; searched together.
import { agentKind, kindFields, kindOf, nodeName } from "../../graph/kinds";
import { getAt, leaves, setAt } from "../../graph/schema";
import {
  completeGraph,
  type AgentInfo,
  type Catalog,
  type Graph,
  type GraphNode,
  type Kind,
  type LooseGraph,
  type Point,
} from "../../graph/types";
import { freeKey, keyFrom, nodeIds } from "./ids";

export type PaletteItem =
  | {
      type: "agent";
      key: string;
      title: string;
      hint: string;
      icon: string;
      group: Kind["group"];
      kind: Kind;
      agent: AgentInfo;
    }
  | { type: "kind"; key: string; title: string; hint: string; icon: string; group: Kind["group"]; kind: Kind }
  | { type: "pattern"; key: string; title: string; hint: string; icon: string; group: Kind["group"]; graph: Graph };

export interface PatternInfo {
  name: string;
  title: string;
  icon: string;
  summary: string;
  graph: LooseGraph;
}

export function paletteItems(catalog: Catalog, patterns: PatternInfo[]): PaletteItem[] {
  const host = agentKind(catalog);
  const agents: PaletteItem[] = host
    ? [...catalog.agents.values()].map((agent) => ({
        type: "agent",
        key: `agent:${agent.key}`,
        title: agent.name,
        hint: agent.role || agent.model.model,
        icon: host.kind.icon,
        group: host.kind.group,
        kind: host.kind,
        agent,
      }))
    : [];
  const ready: PaletteItem[] = patterns.map((pattern) => ({
    type: "pattern",
    key: `pattern:${pattern.name}`,
    title: pattern.title,
    hint: pattern.summary,
    icon: pattern.icon || "workflow",
    group: "routes",
    graph: completeGraph(pattern.graph),
  }));
  const kinds: PaletteItem[] = [...catalog.kinds.values()].map((kind) => ({
    type: "kind",
    key: `kind:${kind.name}`,
    title: kind.title,
    hint: kind.summary,
    icon: kind.icon,
    group: kind.group,
    kind,
  }));
  return [...agents, ...ready, ...kinds];
}

/** Words in any order, each of which begins or occurs in title or hint; titles first. */
export function search<T extends { title: string; hint: string; words?: string }>(items: T[], query: string): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return items;
  const score = (item: T): number => {
    const title = item.title.toLowerCase();
    const rest = `${item.hint} ${item.words ?? ""}`.toLowerCase();
    let total = 0;
    for (const word of words) {
      if (title.startsWith(word)) total += 4;
      else if (title.includes(` ${word}`)) total += 3;
      else if (title.includes(word)) total += 2;
      else if (rest.includes(word)) total += 1;
      else return 0;
    }
    return total;
  };
  return items
    .map((item) => ({ item, value: score(item) }))
    .filter((one) => one.value > 0)
    .sort((a, b) => b.value - a.value)
    .map((one) => one.item);
}

const AROUND = 28;

/** Where the query occurs in a longer text, with a little of what stands around it; empty when it does not. */
export function excerpt(text: string, query: string): string {
  const word = query.trim().toLowerCase().split(/\s+/)[0] ?? "";
  const at = word ? text.toLowerCase().indexOf(word) : -1;
  if (at < 0) return "";
  const from = Math.max(0, at - AROUND);
  const to = Math.min(text.length, at + word.length + 2 * AROUND);
  return `${from ? "…" : ""}${text.slice(from, to).trim()}${to < text.length ? "…" : ""}`;
}

/** Kinds of which a team has exactly one are not offered again: where runs begin, and where they end. */
export function stillUseful(item: PaletteItem, graph: Graph, catalog: Catalog): boolean {
  if (item.type !== "kind") return true;
  const end = !item.kind.takes || item.kind.gives.length === 0;
  return !end || !graph.nodes.some((node) => kindOf(catalog, node) === item.kind);
}

/** A node as it comes from the palette, with an id that templates can speak of and a name for people. */
export function nodeFrom(
  item: Extract<PaletteItem, { kind: Kind }>,
  graph: Graph,
  catalog: Catalog,
  position: Point,
): GraphNode {
  const wanted = item.type === "agent" ? keyFrom(item.agent.key, "agent") : keyFrom(item.kind.name);
  const host = agentKind(catalog);
  const config = item.type === "agent" && host ? setAt({}, host.field.path, item.agent.key) : {};
  const names = new Set(graph.nodes.map((node) => nodeName(catalog, node)));
  return {
    id: freeKey(wanted, nodeIds(graph)),
    kind: item.kind.name,
    name: freeName(item.title, names),
    position,
    config,
    writes: {},
  };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let n = 2; ; n += 1) if (!taken.has(`${wanted} ${n}`)) return `${wanted} ${n}`;
}

/** A pattern without agents that this workspace does not have: they are chosen here. */
export function withoutStrangers(part: Graph, catalog: Catalog): Graph {
  const nodes = part.nodes.map((node) => {
    const config = leaves(kindFields(kindOf(catalog, node))).reduce((before, field) => {
      const key = field.widget === "agent" ? getAt(before, field.path) : undefined;
      return typeof key === "string" && !catalog.agents.has(key) ? setAt(before, field.path, undefined) : before;
    }, node.config);
    return config === node.config ? node : { ...node, config };
  });
  return { ...part, nodes };
}
