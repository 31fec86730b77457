// Names for new nodes, edges and notes: short, readable, unique, and valid as template names.
import type { Graph } from "../../graph/types";

const LONGEST = 48;

/** "Billing agent" → "billing_agent"; what is left of a text that a node may be called. */
export function keyFrom(text: string, fallback = "node"): string {
  const key = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "") // accents, parted from their letters
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return key.slice(0, LONGEST) || fallback;
}

export function isKey(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,47}$/.test(text);
}

/** `wanted`, or `wanted_2`, `wanted_3`, … when it is taken. */
export function freeKey(wanted: string, taken: Iterable<string>): string {
  const used = new Set(taken);
  if (!used.has(wanted)) return wanted;
  const stem = wanted.replace(/_\d+$/, "");
  for (let n = 2; ; n += 1) {
    const ending = `_${n}`;
    const key = stem.slice(0, LONGEST - ending.length) + ending;
    if (!used.has(key)) return key;
  }
}

export const nodeIds = (graph: Graph): string[] => graph.nodes.map((node) => node.id);

export function edgeId(graph: Graph, source: string, target: string, kind: string): string {
  const wanted = kind === "flow" ? `${source}-${target}` : `${source}-${kind}-${target}`;
  return freeName(
    wanted.slice(0, 110),
    graph.edges.map((edge) => edge.id),
  );
}

/** Notes are called by a name that no node can have, so that both may be spoken of in one breath. */
export function noteId(taken: Iterable<string>): string {
  const used = new Set(taken);
  for (let n = 1; ; n += 1) if (!used.has(`note-${n}`)) return `note-${n}`;
}

function freeName(wanted: string, taken: string[]): string {
  const used = new Set(taken);
  if (!used.has(wanted)) return wanted;
  for (let n = 2; ; n += 1) if (!used.has(`${wanted}-${n}`)) return `${wanted}-${n}`;
}
