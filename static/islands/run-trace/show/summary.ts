// A node over all its instances: how many, in which states, what they used together.
import type { NodeStatus } from "../../graph";
import { knownSums } from "../feed/costs";
import type { Store } from "../feed/store";
import { ZERO, type Money } from "../log/money";
import { newSums, type Sums } from "../log/trace";
import { statusOf } from "./status";

export interface Summary {
  paths: string[];
  rounds: boolean; // one follows the other, in a loop; else others run them
  counts: Partial<Record<NodeStatus, number>>;
  status: NodeStatus;
  words: string;
  sums: Sums | null;
  reserved: Money;
  started_at: number;
  ended_at: number; // 0: some are at work
}

const OPEN: NodeStatus[] = ["waiting", "doubt", "running"];

export function summarize(store: Store, id: string): Summary {
  const paths = store.instances.of(id).filter((path) => store.state.nodes.has(path));
  const rounds = paths.length > 1 && !paths.some((path) => path.includes("/"));
  const counts: Summary["counts"] = {};
  let started = 0;
  let ended = 0;
  let open = false;
  let last: NodeStatus = "queued";
  for (const path of paths) {
    const node = store.state.nodes.get(path)!;
    last = statusOf(store.state, path);
    counts[last] = (counts[last] ?? 0) + 1;
    if (node.started_at && (!started || node.started_at < started)) started = node.started_at;
    ended = Math.max(ended, node.ended_at);
    open ||= OPEN.includes(last);
  }
  const status = OPEN.find((one) => counts[one]) ?? (rounds ? last : worst(counts, last));
  return {
    paths, rounds, counts, status, words: inWords(paths.length, rounds, counts, open), sums: sumsOf(store, paths),
    reserved: reservedOf(store, new Set(paths)), started_at: started, ended_at: open ? 0 : ended,
  };
}

/** Once all are settled: done while any is, for those who asked have been answered. */
function worst(counts: Summary["counts"], last: NodeStatus): NodeStatus {
  return (["done", "failed", "cancelled"] as const).find((one) => counts[one]) ?? last;
}

function inWords(all: number, rounds: boolean, counts: Summary["counts"], open: boolean): string {
  const done = counts.done ?? 0;
  const failed = counts.failed ? `, ${counts.failed} failed` : "";
  if (rounds) return open ? `Round ${all}` : `${all} rounds${failed}`;
  const waits = (counts.waiting ?? 0) + (counts.doubt ?? 0);
  if (open) return waits ? `${waits} of ${all} wait` : `${done + (counts.failed ?? 0)} of ${all} done`;
  if (counts.cancelled) return `${done} done${failed}, ${counts.cancelled} stopped`;
  return `${done} done${failed}`;
}

/** What instances used themselves, and through the runs of sub-teams. */
export function sumsOf(store: Store, paths: Iterable<string>): Sums | null {
  let found: Sums | null = null;
  for (const path of paths) {
    const part = store.parts.get(path);
    for (const one of [store.trace.sums.get(path), part?.calls ? knownSums(part) : undefined]) {
      if (!one) continue;
      found ??= newSums();
      found.cost += one.cost;
      for (const key of ["billed", "unknown", "input", "cached", "output", "reasoning"] as const) found[key] += one[key];
    }
  }
  return found;
}

export function reservedOf(store: Store, paths: ReadonlySet<string>): Money {
  let sum = ZERO;
  for (const one of store.trace.open.values()) if (paths.has(one.path)) sum += one.reserved ?? ZERO;
  return sum;
}

/** The instance and all that it, and they, have spawned. */
export function familyOf(store: Store, path: string): string[] {
  const found = [path];
  for (const one of found) found.push(...(store.state.children.get(one) ?? []));
  return found;
}
