// Instances in words: `Draft`, `Draft, round 2`, `Researcher for Lead`, `Worker 12 for Look up orders`.
import { nodeName } from "../../graph";
import type { Store } from "../feed/store";
import { nodeIdOf } from "../log/state";
import type { Page } from "../page";
import type { Selected } from "./selection";

/** The name of the node that `path` is an instance of. */
export function titleOf(page: Page, path: string): string {
  const id = nodeIdOf(path);
  const node = page.graph.nodes.find((one) => one.id === id);
  return node ? nodeName(page.catalog, node) : id || "Run";
}

const kept = new WeakMap<Store, Map<string, string>>();

export function nameOf(store: Store, page: Page, path: string): string {
  const node = store.state.nodes.get(path);
  if (!path.includes("/") && !path.includes("@")) return titleOf(page, path);
  if (!node) return titleOf(page, path);
  let names = kept.get(store);
  if (!names) kept.set(store, (names = new Map()));
  let name = names.get(path);
  if (name === undefined) names.set(path, (name = inWords(store, page, path, node.parent)));
  return name;
}

function inWords(store: Store, page: Page, path: string, parent: string): string {
  const own = `${titleOf(page, path)}${roundWords(path)}`;
  if (!parent) return own;
  return `${own}${keyWords(store, path, parent)} for ${titleOf(page, parent)}${roundWords(parent)}`;
}

export const roundOf = (path: string): number => Number(path.split("/").pop()?.split("@")[1] ?? 1);

const roundWords = (path: string): string => (roundOf(path) > 1 ? `, round ${roundOf(path)}` : "");

/** What tells an instance from others of the same parent: its number, or its round. */
function keyWords(store: Store, path: string, parent: string): string {
  const key = path.slice(parent.length + 1).split("/")[0] ?? "";
  const round = /^r(\d+)$/.exec(key);
  if (round) return `, round ${round[1]},`;
  if (/^\d+$/.test(key)) return ` ${key}`;
  const place = store.instances.place(path);
  return place > 1 ? ` ${place}` : "";
}

/** The instance a call belongs to: the longest part of its id that is one and knows it. */
export function pathOfCall(store: Store, call: string): string {
  const { nodes } = store.state;
  let path = call;
  for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/")) {
    path = path.slice(0, cut);
    if (nodes.get(path)?.calls.has(call)) return path;
  }
  return path;
}

/** The instance that anything selected belongs to; of a node with several, the latest. */
export function pathOfSelected(store: Store, selected: Selected | null): string | null {
  switch (selected?.kind) {
    case "all":
      return store.instances.of(selected.node).at(-1) ?? selected.node;
    case "node":
    case "approval":
      return selected.path;
    case "call":
      return pathOfCall(store, selected.call);
    default:
      return null;
  }
}

const chosen = new WeakMap<Store, { from: string; to: Selected }>();

/** What was selected as a node before it began, as what it became: its one instance, or all of them. */
export function found(store: Store, selected: Selected | null): Selected | null {
  if (selected?.kind !== "node" || store.state.nodes.has(selected.path)) return selected;
  const [path, more] = store.instances.of(selected.path);
  if (path === undefined) return selected;
  const key = `${selected.path} ${more ? "all" : path}`;
  const before = chosen.get(store);
  if (before?.from === key) return before.to;
  const to: Selected = more ? { kind: "all", node: selected.path } : { kind: "node", path };
  chosen.set(store, { from: key, to });
  return to;
}

/** The name of the model or tool behind a call's id; where it went to a colleague, theirs. */
export function nameOfCall(store: Store, page: Page, call: string): string {
  const path = pathOfCall(store, call);
  const known = store.state.nodes.get(path)?.calls.get(call);
  if (!known?.name) return call;
  const spawned = spawnedFor(store, path, call)[0];
  if (!spawned) return toolName(page, known.name);
  return `${known.effect === "hands over" ? "Hands over to" : "Delegates to"} ${titleOf(page, spawned)}`;
}

/** The instances that were spawned to answer a call. */
export function spawnedFor(store: Store, path: string, call: string): string[] {
  return (store.state.children.get(path) ?? []).filter((child) => child.startsWith(`${call}/`));
}

/** Colleagues are offered to models as tools; people read what is done. */
export function toolName(page: Page, name: string): string {
  if (name === "delegate" && page.graph.edges.some((edge) => edge.kind === "delegates")) return "Delegates";
  const [, verb, id = ""] = /^(delegate|transfer)_to_(\w+)$/.exec(name) ?? [];
  if (!verb || !page.graph.nodes.some((node) => node.id === id)) return name;
  return `${verb === "delegate" ? "Delegates to" : "Hands over to"} ${titleOf(page, id)}`;
}
