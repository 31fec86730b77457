// The rows of the waterfall: a node, and under it in order of time its calls, back-offs and waits, and those it spawned.
import { kindOf, type NodeStatus } from "../../graph";
import { shapeOf } from "../../graph/shape";
import type { Store } from "../feed/store";
import { ZERO } from "../log/money";
import { CHILD, nodeIdOf, type ApprovalState, type NodeFacts } from "../log/state";
import type { Attempt, Backoff } from "../log/trace";
import type { Page } from "../page";
import { money, span, tokens } from "./figures";
import { nameOf, roundOf, titleOf } from "./names";
import type { Interval } from "./scale";
import type { Selected } from "./selection";
import { statusOf } from "./status";
import { familyOf, reservedOf, summarize, sumsOf } from "./summary";
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
const DEEP = 3; // levels that open unasked
const BARS_AT_MOST = 300;
const MOMENT = 20_000; // microseconds; what is shorter and calls nothing is a mark without length

/** All rows of a run. `opened` holds by row key what the reader folded or unfolded. */
export function makeRows(store: Store, page: Page, opened: ReadonlyMap<string, boolean>, now: number): Row[] {
  return new Rows(store, page, opened, now).all();
}

/** What one instance did, in order of time; those it spawned as folded groups. */
export function stepsOf(store: Store, page: Page, path: string, now: number): Row[] {
  const node = store.state.nodes.get(path);
  return node ? new Rows(store, page, NOTHING_OPEN, now).steps(node, 1) : [];
}

const NOTHING_OPEN: ReadonlyMap<string, boolean> = { get: () => false } as never;

class Rows {
  constructor(private store: Store, private page: Page, private opened: ReadonlyMap<string, boolean>, private now: number) {}

  all(): Row[] {
    const rows: Row[] = [];
    const rounds = new Map<string, NodeFacts[]>();
    for (const node of this.store.state.nodes.values()) {
      if (node.parent || node.status === "pending" || node.status === "skipped") continue;
      const id = nodeIdOf(node.path);
      const list = rounds.get(id);
      if (list) list.push(node);
      else rounds.set(id, [node]);
    }
    const groups = [...rounds.values()].sort((a, b) => a[0]!.started_at - b[0]!.started_at);
    for (const nodes of groups) rows.push(...(nodes.length > 1 ? this.rounds(nodes) : this.instance(nodes[0]!, 0)));
    if (!this.store.state.ended) rows.push(...waitingRows(this.store, this.page));
    return rows;
  }

  /** The rounds of one node under a row for all of them. */
  private rounds(nodes: NodeFacts[]): Row[] {
    const id = nodeIdOf(nodes[0]!.path);
    const key = `all:${id}`;
    const open = this.opened.get(key) ?? nodes.length <= OPEN_AT_MOST;
    const all = summarize(this.store, id);
    const to = all.ended_at || this.now;
    const bars = open
      ? [this.span("group", all.started_at, to, !all.ended_at, all.words)]
      : nodes.map((node) => this.span("group", node.started_at, node.ended_at || this.now, !node.ended_at, nameOf(this.store, this.page, node.path)));
    const row: Row = {
      ...blank(key, { kind: "all", node: id }), icon: this.icon(id), label: titleOf(this.page, id),
      hint: `${nodes.length} rounds`, status: all.status === "done" ? null : all.status,
      ...this.money(nodes.flatMap((node) => familyOf(this.store, node.path))),
      time: span(all.started_at, all.ended_at, this.now), bars: merge(bars), foldable: true, open,
    };
    return open ? [row, ...nodes.flatMap((node) => this.instance(node, 1))] : [row];
  }

  private instance(node: NodeFacts, depth: number): Row[] {
    const count = this.count(node);
    const foldable = count > 1 || this.children(node).length > 0;
    const key = `node:${node.path}`;
    const open = foldable && (this.opened.get(key) ?? (count <= OPEN_AT_MOST && depth <= DEEP));
    const row = this.group(node, key, depth, open, foldable);
    return open ? [row, ...this.steps(node, depth + 1)] : [row];
  }

  private children(node: NodeFacts): string[] {
    return this.store.state.children.get(node.path) ?? [];
  }

  private count(node: NodeFacts): number {
    const { trace } = this.store;
    const own = (trace.byPath.get(node.path)?.length ?? 0) + (trace.backoffs.get(node.path)?.length ?? 0);
    return own + node.approvals.size + this.children(node).length;
  }

  private group(node: NodeFacts, key: string, depth: number, open: boolean, foldable: boolean): Row {
    const id = nodeIdOf(node.path);
    const status = statusOf(this.store.state, node.path);
    const to = node.ended_at || this.now;
    const name = nameOf(this.store, this.page, node.path);
    const whole = this.span("group", node.started_at, to, !node.ended_at, name);
    const inner = open ? [whole] : merge(this.bars(node));
    const bars = inner.length || to - node.started_at < MOMENT ? inner : [whole]; // a sub-team, a wait: it calls nothing itself
    const kind = this.kind(id);
    return {
      ...blank(key, { kind: "node", path: node.path }, depth), icon: this.icon(id),
      label: this.label(node, depth), hint: kind && kind !== titleOf(this.page, id) && !depth ? kind.toLowerCase() : "",
      status: status === "done" ? null : status, ...this.money(familyOf(this.store, node.path)),
      time: span(node.started_at, node.ended_at, this.now),
      bars, mark: bars.length ? 0 : node.ended_at || node.started_at, foldable, open,
    };
  }

  /** Below who spawned it an instance need not say for whom it is. */
  private label(node: NodeFacts, depth: number): string {
    const name = nameOf(this.store, this.page, node.path);
    if (!depth) return name;
    if (node.parent) return name.replace(/,? for [^]*$/, "");
    return `Round ${roundOf(node.path)}`;
  }

  private bars(node: NodeFacts): Bar[] {
    const own = this.own(node).flatMap(({ row }) => row.bars);
    return own.concat(this.children(node).flatMap((path) => {
      const child = this.store.state.nodes.get(path)!;
      return this.span("group", child.started_at, child.ended_at || this.now, !child.ended_at, nameOf(this.store, this.page, path));
    }));
  }

  private span(kind: Bar["kind"], from: number, to: number, live: boolean, words: string): Bar {
    return { kind, from, to, live, words };
  }

  private money(paths: string[]): Pick<Row, "tokens" | "cost" | "unsettled"> {
    const sums = sumsOf(this.store, paths);
    const reserved = sums ? ZERO : reservedOf(this.store, new Set(paths));
    return {
      tokens: sums ? tokens(sums.input + sums.output) : "",
      cost: sums ? (sums.unknown && sums.cost === ZERO ? "unknown" : money(sums.cost)) : reserved !== ZERO ? money(reserved) : "–",
      unsettled: !sums && reserved !== ZERO,
    };
  }

  private kind(id: string): string {
    const authored = this.page.graph.nodes.find((one) => one.id === id);
    return authored ? kindOf(this.page.catalog, authored).title : "";
  }

  private icon(id: string): string {
    const authored = this.page.graph.nodes.find((one) => one.id === id);
    return authored ? kindOf(this.page.catalog, authored).icon : "circle-dashed";
  }

  /** What the instance itself did: its calls, back-offs and waits. */
  private own(node: NodeFacts): { at: number; row: Row }[] {
    const { store, now } = this;
    const end = node.ended_at || store.state.ended_at || now;
    const rows: { at: number; row: Row }[] = [];
    for (const one of store.trace.byPath.get(node.path) ?? []) rows.push({ at: one.started_at, row: attemptRow(one, now) });
    for (const one of store.trace.backoffs.get(node.path) ?? []) rows.push({ at: one.started_at, row: backoffRow(one, end, now) });
    for (const one of node.approvals.values()) rows.push({ at: one.requested_at, row: waitRow(one, now) });
    return rows;
  }

  steps(node: NodeFacts, depth: number): Row[] {
    const blocks = this.own(node).map(({ at, row }) => ({ at, rows: [{ ...row, depth }] }));
    for (const path of this.children(node)) {
      const child = this.store.state.nodes.get(path);
      if (child) blocks.push({ at: child.started_at, rows: this.instance(child, depth) });
    }
    return blocks.sort((a, b) => a.at - b.at).flatMap(({ rows }) => rows);
  }
}

function waitingRows(store: Store, page: Page): Row[] {
  const { spawned } = shapeOf(page.graph, page.catalog);
  const waits = page.graph.nodes.filter((node) => !spawned.has(node.id) && !store.instances.of(node.id).length);
  return waits.map((node) => ({
    ...blank(`node:${node.id}`, { kind: "node", path: node.id }), icon: kindOf(page.catalog, node).icon,
    label: titleOf(page, node.id), status: "queued", time: "–", cost: "–",
  }));
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
    hint: (one.reused ? (one.reused.source === "cache" ? "from the cache" : "recorded") : one.status === "cancelled" ? "" : one.code) || (one.kind === "model" && one.finish_reason === "length" ? "cut off" : ""),
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

/** When something was at work: calls in flight, back-offs, sub-teams. */
export function activeTimes(store: Store, now: number): Interval[] {
  const found: Interval[] = [];
  for (const attempts of store.trace.byPath.values()) for (const one of attempts) found.push([one.started_at, one.ended_at || now]);
  for (const list of store.trace.backoffs.values()) for (const one of list) found.push([one.started_at, one.ended_at || one.started_at + one.after_s * 1e6]);
  for (const node of store.state.nodes.values()) if (node.notes.has(CHILD)) found.push([node.started_at, node.ended_at || now]);
  return found;
}

/** When somebody was waited for. */
export function waitTimes(store: Store, now: number): Interval[] {
  return [...store.state.nodes.values()].flatMap((node) =>
    [...node.approvals.values()].map((one): Interval => [one.requested_at, one.decided_at || now]));
}
