import assert from "node:assert/strict";
import { test } from "node:test";
import { completeGraph, makeCatalog } from "../../graph/types";
import { KINDS } from "../../team-canvas/model/sample";
import { Store } from "../feed/store";
import type { RawEvent } from "../log/events";
import type { Page } from "../page";
import { EdgeLights } from "./edgeLights";
import { NodeLights } from "./lighting";
import { found, nameOf, nameOfCall, pathOfCall, titleOf, toolName } from "./names";
import { makeRows, stepsOf } from "./rows";
import { readSelected, writeSelected } from "./selection";
import { familyOf, summarize } from "./summary";

Object.assign(globalThis, { window: { setTimeout: () => 1 } }); // the store tells of changes later

const graph = completeGraph({
  nodes: [
    { id: "input", kind: "start" }, { id: "lead", kind: "worker", name: "Lead" }, { id: "helper", kind: "worker", name: "Helper" },
    { id: "idle", kind: "worker", name: "Idle" }, { id: "again", kind: "round", name: "Again" }, { id: "output", kind: "end" },
  ],
  edges: [
    { id: "in", source: "input", target: "lead" }, { id: "on", source: "lead", target: "again" }, { id: "back", source: "again", target: "lead" },
    { id: "out", source: "again", target: "output" }, { id: "asks", source: "lead", target: "helper", kind: "delegates" },
    { id: "never", source: "lead", target: "idle", kind: "delegates" },
  ],
});
const page = { run: { id: "r", mode: "live", version: 1, team: "T" }, graph, catalog: makeCatalog(KINDS), urls: {} } as unknown as Page;
const S = 1_000_000;
const charge = { status: "settled", usage: { input_tokens: 10, output_tokens: 5 }, cost: "0.001" };

class Log {
  store = new Store();
  private seq = 0;
  private at = 0;
  add(type: string, facts: Record<string, unknown> = {}): this {
    this.at += S / 10;
    const event = { seq: (this.seq += 1), at: this.at, type, ...facts } as RawEvent;
    assert(this.store.take([event], this.seq));
    return this;
  }
  turn(path: string, turn: number, tools: { call: string; id: string; name: string; arguments: string }[] = []): this {
    const call = `${path}/m${turn}`;
    const started = { path, call, turn, endpoint: "e", model: "m", dialect: "native", append: [], request: "", idempotency_key: "", max_tokens: 9, reserved_tokens: 9 };
    return this.add("ModelCallStarted", started).add("ModelCallCompleted", { path, call, message: "d", charge, tools });
  }
  /** One round of the lead, which asks the helper so many times. */
  round(path: string, helpers: number): this {
    const tools = Array.from({ length: helpers }, (_, n) => ({ call: `${path}/m1/t${n + 1}`, id: `${n}`, name: "delegate", arguments: "a" }));
    this.add("NodeStarted", { path, sources: ["input"] }).turn(path, 1, tools);
    for (const { call } of tools) this.add("ToolCallVetted", { path, call, tool: "delegate", arguments: "a", effect: "delegates" });
    for (const { call } of tools) this.add("NodeStarted", { path: `${call}/helper`, parent: path, given: "g", task: "t" });
    for (const { call } of tools) this.turn(`${call}/helper`, 1).add("NodeCompleted", { path: `${call}/helper`, output: "o" }).add("ToolCallCompleted", { path, call, result: "o" });
    return this.turn(path, 2).add("NodeCompleted", { path, output: "o" });
  }
}

function looped(helpers = 2): Log {
  const log = new Log().add("RunStarted", { mode: "live", input: "i", by: "u", team_version: "", plan_digest: "", via: "web" });
  log.add("NodeStarted", { path: "input" }).add("NodeCompleted", { path: "input", output: "o" }).round("lead", helpers);
  log.add("NodeStarted", { path: "again" }).add("LoopRepeated", { path: "again", iteration: 2, value: "o", nodes: ["lead", "again"] });
  return log.round("lead@2", 1);
}

test("instances are known by their node, and called by what tells them apart", () => {
  const { store } = looped();
  assert.deepEqual(store.instances.of("lead"), ["lead", "lead@2"]);
  assert.deepEqual(store.instances.of("helper"), ["lead/m1/t1/helper", "lead/m1/t2/helper", "lead@2/m1/t1/helper"]);
  assert.deepEqual(["lead", "lead@2", ...store.instances.of("helper")].map((path) => nameOf(store, page, path)), [
    "Lead", "Lead, round 2", "Helper for Lead", "Helper 2 for Lead", "Helper for Lead, round 2",
  ]);
  assert.equal(titleOf(page, "lead@2/m1/t1/helper"), "Helper");
});

test("a call belongs to the instance that knows it, and delegations are called by whom they ask", () => {
  const { store } = looped();
  assert.equal(pathOfCall(store, "lead@2/m1/t1/helper/m1"), "lead@2/m1/t1/helper");
  assert.equal(pathOfCall(store, "lead@2/m1/t1"), "lead@2");
  assert.equal(nameOfCall(store, page, "lead/m1/t1"), "Delegates to Helper");
  assert.equal(toolName(page, "transfer_to_lead"), "Hands over to Lead");
  assert.equal(toolName(page, "delegate_to_nobody"), "delegate_to_nobody");
});

test("a node with several instances is one card that counts and sums them", () => {
  const { store } = looped();
  const lights = new NodeLights().build(store, graph, page.catalog, 99 * S);
  assert.deepEqual([lights.lead?.word, lights.lead?.status], ["2 rounds", "done"]);
  assert.deepEqual([lights.helper?.word, lights.helper?.cost], ["3 done", "$0.0030"]);
  assert.equal(lights.idle?.status, "queued");
  const all = summarize(store, "helper");
  assert.deepEqual([all.sums?.input, all.sums?.output, all.rounds], [30, 15, false]);
  assert.deepEqual(familyOf(store, "lead"), ["lead", "lead/m1/t1/helper", "lead/m1/t2/helper"]);
});

test("while some are at work the card says how many are done", () => {
  const log = looped();
  log.add("NodeStarted", { path: "lead@2/m2/t1/helper", parent: "lead@2" });
  const all = summarize(log.store, "helper");
  assert.deepEqual([all.status, all.words, all.ended_at], ["running", "3 of 4 done", 0]);
});

test("what was not asked by the end is said so", () => {
  const log = looped().add("RunCompleted", { output: "o" });
  const lights = new NodeLights().build(log.store, graph, page.catalog, 99 * S);
  assert.deepEqual([lights.idle?.status, lights.idle?.word], ["skipped", "Not asked"]);
});

test("edges say how often they were used", () => {
  const { store } = looped();
  const edges = new EdgeLights().build(store, graph, page.catalog);
  assert.deepEqual(edges.asks, { tone: "done", label: "3 tasks, 3 answers" });
  assert.deepEqual(edges.back, { tone: "done", label: "once again" });
  assert.equal(edges.in, "done");
  assert.equal(edges.never, undefined);
});

test("the waterfall groups rounds, and puts children below the turn that asked for them", () => {
  const rows = makeRows(looped().store, page, new Map(), 99 * S).map((row) => `${"·".repeat(row.depth)}${row.label}`);
  assert.deepEqual(rows, [
    "Start", "Lead", "·Round 1", "··Turn 1", "··Helper", "··Helper 2", "··Turn 2", "·Round 2", "··Turn 1", "··Helper", "··Turn 2",
    "Again", "End",
  ]);
});

test("a folded group takes its children's bars and money", () => {
  const { store } = looped();
  const rows = makeRows(store, page, new Map([["all:lead", false]]), 99 * S);
  const lead = rows.find((row) => row.key === "all:lead")!;
  assert.deepEqual([lead.open, lead.bars.length, lead.tokens, lead.cost], [false, 2, "105", "$0.0070"]);
  assert.deepEqual(stepsOf(store, page, "lead", 99 * S).map((row) => row.label), ["Turn 1", "Helper", "Helper 2", "Turn 2"]);
});

test("a node selected before it began turns into what it became", () => {
  const log = looped(1);
  assert.deepEqual(found(log.store, { kind: "node", path: "helper" }), { kind: "all", node: "helper" });
  const { store } = new Log().add("NodeStarted", { path: "lead/m1/t1/helper", parent: "lead" });
  assert.deepEqual(found(store, { kind: "node", path: "helper" }), { kind: "node", path: "lead/m1/t1/helper" });
  assert.equal(found(store, { kind: "node", path: "helper" }), found(store, { kind: "node", path: "helper" }), "one object");
  const idle = { kind: "node", path: "idle" } as const;
  assert.equal(found(store, idle), idle);
});

test("what is selected stands in the address, however its path is written", () => {
  for (const text of ["node:lead@2/m1/t1/helper", "all:helper", "call:lead@2/m1/t1/helper/m1#2", "approval:lead@2:lead@2/m1/t1/ask"]) {
    const selected = readSelected(text);
    assert(selected);
    assert.equal(writeSelected(selected), text);
  }
});

test("a thousand instances stay folded, and are still counted, named and timed", () => {
  const { store } = looped(1000);
  const rows = makeRows(store, page, new Map(), 999 * S);
  assert(rows.length < 20, "too many to open unasked");
  assert.equal(summarize(store, "helper").paths.length, 1001);
  assert.equal(nameOf(store, page, "lead/m1/t1000/helper"), "Helper 1000 for Lead");
  const opened = makeRows(store, page, new Map([["node:lead", true]]), 999 * S);
  assert.equal(opened.length, rows.length + 1002);
});
