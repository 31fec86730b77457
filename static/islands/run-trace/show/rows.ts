// The rows of the waterfall: a node, and under it its calls, back-offs and waits in order of time.
import { kindOf, type NodeStatus } from "../../graph";
import type { Store } from "../feed/store";
import { ZERO } from "../log/money";
import type { ApprovalState, NodeFacts } from "../log/state";
import type { Attempt, Backoff } from "../log/trace";
import type { Page } from "../page";
import { titleOf } from "./context";
import { money, span, tokens } from "./figures";
import { statusOf } from "./lighting";
import type { Interval } from "./scale";
import type { Selected } from "./selection";
import { DECISIONS } from "./words";

export interface Bar {
  kind: "model" | "tool" | "person" | "backoff" | "failed" | "stopped" | "group";
  from: number;
  to: number;
  live: boolean;
  words: string;
}
export interface Row {
  key: string;
  depth: number;
  icon: string;
  tone: "" | "model" | "tool" | "person";
  label: string;
  hint: string;
  status: NodeStatus | null; // said only when it is not simply done
  tokens: string;
  cost: string;
  unsettled: boolean;
  time: string;
  bars: Bar[];
  mark: number; // a moment without length, or 0
  select: Selected;
  foldable: boolean;
  open: boolean;
}

const OPEN_AT_MOST = 60; // rows of one node that are shown unasked
const BARS_AT_MOST = 300;

export function makeRows(store: Store, page: Page, opened: ReadonlyMap<string, boolean>, now: number): Row[] {
  const nodes = [...store.state.nodes.values()].filter((node) => node.status !== "skipped" && node.status !== "pending");
  const rows: Row[] = [];
  for (const node of nodes.sort((a, b) => a.started_at - b.started_at)) {
    const children = childrenOf(store, node, now);
    const foldable = children.length > 1;
    const open = foldable && (opened.get(node.path) ?? children.length <= OPEN_AT_MOST);
    rows.push(groupRow(store, page, node, children, open, foldable, now));
    if (open) rows.push(...children);
  }
  if (!store.state.ended) rows.push(...waitingRows(store, page));
  return rows;
}

function waitingRows(store: Store, page: Page): Row[] {
  const started = (path: string) => (store.state.nodes.get(path)?.status ?? "pending") !== "pending";
  return page.graph.nodes.filter((node) => !started(node.id)).map((node) => ({
    ...blank(`node:${node.id}`, { kind: "node", path: node.id }), icon: kindOf(page.catalog, node).icon,
    label: titleOf(page, node.id), status: "queued", time: "–", cost: "–",
  }));
}

function groupRow(store: Store, page: Page, node: NodeFacts, children: Row[], open: boolean, foldable: boolean, now: number): Row {
  const authored = page.graph.nodes.find((one) => one.id === node.path);
  const kind = authored ? kindOf(page.catalog, authored) : null;
  const sums = store.trace.sums.get(node.path);
  const reserved = store.trace.reserved(node.path);
  const status = statusOf(store.state, node.path);
  const to = node.ended_at || now;
  const bars = open
    ? [{ kind: "group", from: node.started_at, to, live: !node.ended_at, words: titleOf(page, node.path) } as Bar]
    : merge(children.flatMap((child) => child.bars));
  return {
    ...blank(`node:${node.path}`, { kind: "node", path: node.path }),
    icon: kind?.icon ?? "circle-dashed", label: titleOf(page, node.path), hint: kind && kind.title !== titleOf(page, node.path) ? kind.title.toLowerCase() : "",
    status: status === "done" ? null : status,
    tokens: sums ? tokens(sums.input + sums.output) : "",
    cost: sums ? (sums.unknown && sums.cost === ZERO ? "unknown" : money(sums.cost)) : reserved !== ZERO ? money(reserved) : "–",
    unsettled: !sums && reserved !== ZERO,
    time: span(node.started_at, node.ended_at, now),
    bars, mark: bars.length ? 0 : node.ended_at || node.started_at, foldable, open,
  };
}

function childrenOf(store: Store, node: NodeFacts, now: number): Row[] {
  const end = node.ended_at || store.state.ended_at || now;
  const rows: { at: number; row: Row }[] = [];
  for (const one of store.trace.byPath.get(node.path) ?? []) rows.push({ at: one.started_at, row: attemptRow(one, now) });
  for (const one of store.trace.backoffs.get(node.path) ?? []) rows.push({ at: one.started_at, row: backoffRow(one, end, now) });
  for (const one of node.approvals.values()) rows.push({ at: one.requested_at, row: waitRow(one, now) });
  return rows.sort((a, b) => a.at - b.at).map(({ row }) => row);
}

function attemptRow(one: Attempt, now: number): Row {
  const running = one.status === "running";
  const used = one.charge ? (one.charge.usage?.input_tokens ?? 0) + (one.charge.usage?.output_tokens ?? 0) : null;
  const kind = one.status === "cancelled" ? "stopped" : one.status === "failed" || one.status === "doubt" ? "failed" : one.kind;
  const name = one.kind === "model" ? `Turn ${one.turn}` : one.name;
  return {
    ...blank(`call:${one.key}`, { kind: "call", call: one.call, attempt: one.attempt }, 1),
    icon: one.kind === "model" ? "sparkles" : "wrench", tone: one.kind,
    label: one.attempt > 1 ? `${name}, attempt ${one.attempt}` : name,
    hint: (one.status === "cancelled" ? "" : one.code) || (one.kind === "model" && one.finish_reason === "length" ? "cut off" : ""),
    status: running ? "running" : one.status === "done" ? null : one.status,
    tokens: one.kind === "tool" ? "" : used === null ? (running ? "" : "0") : tokens(used),
    cost: one.kind === "tool" ? "–" : running ? (one.reserved === null ? "unknown" : money(one.reserved)) : one.charge ? money(one.cost) : "$0.00",
    unsettled: running && one.kind === "model",
    time: span(one.started_at, one.ended_at, now),
    bars: [{ kind, from: one.started_at, to: one.ended_at || now, live: running, words: one.message || name }],
  };
}

function backoffRow(one: Backoff, end: number, now: number): Row {
  const to = one.ended_at || Math.min(end, one.started_at + one.after_s * 1e6);
  return {
    ...blank(`backoff:${one.key}`, { kind: "call", call: one.call, attempt: 0 }, 1),
    icon: "timer", label: "Back-off", time: span(one.started_at, to, now), cost: "–",
    bars: [{ kind: "backoff", from: one.started_at, to, live: false, words: "Waits before it tries again" }],
  };
}

function waitRow(one: ApprovalState, now: number): Row {
  const pending = one.status === "pending";
  const words = one.status in DECISIONS ? DECISIONS[one.status as keyof typeof DECISIONS] : one.status;
  return {
    ...blank(`approval:${one.path}:${one.key}`, { kind: "approval", path: one.path, key: one.key }, 1),
    icon: "hand", tone: "person", label: one.kind === "doubt" ? "In doubt" : "Approval",
    hint: pending ? "" : `${words}${one.by_name ? ` by ${one.by_name}` : ""}`,
    status: pending ? (one.kind === "doubt" ? "doubt" : "waiting") : null,
    time: span(one.requested_at, one.decided_at, now), cost: "–",
    bars: [{ kind: "person", from: one.requested_at, to: one.decided_at || now, live: pending, words: one.title }],
  };
}

function blank(key: string, select: Selected, depth = 0): Row {
  return {
    key, depth, icon: "", tone: "", label: "", hint: "", status: null, tokens: "", cost: "", unsettled: false, time: "",
    bars: [], mark: 0, select, foldable: false, open: false,
  };
}

/** So many bars in one row cannot be told apart: neighbours of one kind become one. */
function merge(bars: Bar[]): Bar[] {
  if (bars.length <= BARS_AT_MOST) return bars;
  const first = bars[0]!.from;
  const last = Math.max(...bars.map((bar) => bar.to));
  const near = (last - first) / BARS_AT_MOST;
  const found: Bar[] = [];
  const newest = new Map<Bar["kind"], Bar>();
  for (const bar of bars) {
    const before = newest.get(bar.kind);
    if (before && bar.from - before.to < near) {
      before.to = Math.max(before.to, bar.to);
      before.live ||= bar.live;
    } else {
      const made = { ...bar };
      newest.set(bar.kind, made);
      found.push(made);
    }
  }
  return found;
}

/** When something was at work: calls in flight and back-offs. */
export function activeTimes(store: Store, now: number): Interval[] {
  const found: Interval[] = [];
  for (const attempts of store.trace.byPath.values()) for (const one of attempts) found.push([one.started_at, one.ended_at || now]);
  for (const list of store.trace.backoffs.values()) for (const one of list) found.push([one.started_at, one.ended_at || one.started_at + one.after_s * 1e6]);
  return found;
}

/** When somebody was waited for. */
export function waitTimes(store: Store, now: number): Interval[] {
  return [...store.state.nodes.values()].flatMap((node) =>
    [...node.approvals.values()].map((one): Interval => [one.requested_at, one.decided_at || now]));
}
