// Copy and paste as JSON text, within a team, between teams, or into a chat window and back.
import { completeGraph, type Graph, type Json, type LooseGraph, type Point } from "../../graph/types";
import type { Picked } from "./edits";
import { freeKey, nodeIds, noteId } from "./ids";
import { renameReferences } from "./references";

const FORMAT = "troupe.fragment/v1";

/** The picked part of a graph: nodes, the edges between them, the variables they write, notes. */
export function fragment(graph: Graph, picked: Picked): Graph {
  const nodes = graph.nodes.filter((node) => picked.nodes.has(node.id));
  const written = new Set(nodes.flatMap((node) => Object.keys(node.writes)));
  return {
    nodes,
    variables: graph.variables.filter((variable) => written.has(variable.name)),
    edges: graph.edges.filter((edge) => picked.nodes.has(edge.source) && picked.nodes.has(edge.target)),
    notes: graph.notes.filter((note) => picked.notes.has(note.id)),
    limits: {},
  };
}

export function toText(part: Graph): string {
  return JSON.stringify({ format: FORMAT, nodes: part.nodes, edges: part.edges, notes: part.notes, variables: part.variables }, null, 2);
}

/** A fragment, a graph or a whole team file; null when the text is something else. */
export function fromText(text: string): Graph | null {
  if (!text.trimStart().startsWith("{") || text.length > 2_000_000) return null;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== "object" || data === null) return null;
  const document = data as { format?: unknown; graph?: unknown };
  const loose = (document.graph ?? document) as LooseGraph;
  const looksRight =
    (Array.isArray(loose.nodes) &&
      loose.nodes.every((node) => typeof node?.id === "string" && typeof node.kind === "string")) ||
    (loose.nodes === undefined && document.format === FORMAT);
  if (!looksRight) return null;
  const edges = Array.isArray(loose.edges)
    ? loose.edges.filter((edge) => typeof edge?.source === "string" && typeof edge.target === "string")
    : [];
  const variables = Array.isArray(loose.variables)
    ? loose.variables.filter((variable) => typeof variable?.name === "string")
    : [];
  return completeGraph({ ...loose, edges, variables });
}

/** `part` laid into `graph` under free names, its top left at `at` (or a step away from where it was). */
export function paste(graph: Graph, part: Graph, at?: Point): { graph: Graph; picked: Picked } {
  const names = new Map<string, string>();
  const taken = new Set(nodeIds(graph));
  for (const node of part.nodes) {
    const key = freeKey(node.id, taken);
    names.set(node.id, key);
    taken.add(key);
  }
  const shift = offset(part, at);
  const moved = ({ x, y }: Point): Point => ({ x: x + shift.x, y: y + shift.y });
  const rename = <T extends Json>(value: T): T =>
    [...names].reduce((text, [from, to]) => (from === to ? text : (renameReferences(text, from, to) as T)), value);
  const nodes = part.nodes.map((node) => ({
    ...node,
    id: names.get(node.id)!,
    position: moved(node.position),
    config: rename(node.config),
    writes: rename(node.writes),
  }));
  const edgeIds = new Set(graph.edges.map((edge) => edge.id));
  const edges = part.edges.flatMap((edge) => {
    const source = names.get(edge.source);
    const target = names.get(edge.target);
    if (!source || !target) return [];
    const id = free(`${source}-${edge.kind === "flow" ? "" : `${edge.kind}-`}${target}`, edgeIds);
    return [{ ...edge, id, source, target, when: rename(edge.when) }];
  });
  const noteIds = new Set(graph.notes.map((note) => note.id));
  const notes = part.notes.map((note) => {
    const id = noteId(noteIds);
    noteIds.add(id);
    return { ...note, id, position: moved(note.position) };
  });
  return {
    graph: {
      ...graph,
      nodes: [...graph.nodes, ...nodes],
      edges: [...graph.edges, ...edges],
      notes: [...graph.notes, ...notes],
      variables: [
        ...graph.variables,
        ...part.variables.filter((one) => !graph.variables.some((other) => other.name === one.name)),
      ],
    },
    picked: {
      nodes: new Set(nodes.map((node) => node.id)),
      edges: new Set<string>(),
      notes: new Set(notes.map((note) => note.id)),
    },
  };
}

const STEP = 36;

function offset(part: Graph, at?: Point): Point {
  if (!at) return { x: STEP, y: STEP };
  const places = [...part.nodes, ...part.notes].map((item) => item.position);
  return { x: at.x - Math.min(...places.map((p) => p.x)), y: at.y - Math.min(...places.map((p) => p.y)) };
}

function free(wanted: string, taken: Set<string>): string {
  let id = wanted.slice(0, 110);
  for (let n = 2; taken.has(id); n += 1) id = `${wanted.slice(0, 110)}-${n}`;
  taken.add(id);
  return id;
}
