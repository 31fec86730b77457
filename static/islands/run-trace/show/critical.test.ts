import assert from "node:assert/strict";
import { test } from "node:test";
import type { GraphEdge } from "../../graph/types";
import type { ApprovalState, NodeFacts } from "../log/state";
import { Trace } from "../log/trace";
import { criticalPath, longest } from "./critical";

const S = 1_000_000;
const edge = (source: string, target: string) => ({ id: `${source}-${target}`, source, target, kind: "flow" }) as GraphEdge;

/** A node that worked from `from` to `to` seconds, and its waits for people. */
function node(path: string, from: number, to: number, more: { parent?: string; waits?: [number, number][] } = {}): [string, NodeFacts] {
  const approvals = new Map((more.waits ?? []).map(([asked, decided], at) => [
    `ask${at}`, { key: `ask${at}`, path, requested_at: asked * S, decided_at: decided * S } as ApprovalState,
  ]));
  return [path, { path, parent: more.parent ?? "", status: to ? "done" : "running", started_at: from * S, ended_at: to * S, approvals } as unknown as NodeFacts];
}

function called(...calls: [path: string, from: number, to: number][]): Trace {
  const trace = new Trace();
  for (const [path, from, to] of calls) {
    const list = trace.byPath.get(path) ?? [];
    list.push({ key: `${path}/m${list.length + 1}#1`, path, started_at: from * S, ended_at: to * S } as never);
    trace.byPath.set(path, list);
  }
  return trace;
}

const EDGES = [edge("input", "a"), edge("input", "b"), edge("a", "join"), edge("b", "join"), edge("join", "output")];

test("of two branches, the one the join waited for is on the path", () => {
  const nodes = new Map([node("input", 1, 1), node("a", 1, 4), node("b", 1, 9), node("join", 9, 9), node("output", 9, 9)]);
  const path = criticalPath(nodes, called(["a", 1, 4], ["b", 1, 6], ["b", 6, 9]), EDGES, 9 * S);
  assert.deepEqual(path.steps.map((step) => step.key), ["call:b/m1#1", "call:b/m2#1"]);
  assert.deepEqual([...path.paths].sort(), ["b", "input", "join", "output"]);
});

test("what people took on the path is told, not what they took beside it", () => {
  const nodes = new Map([
    node("input", 1, 1), node("a", 1, 4, { waits: [[2, 4]] }), node("b", 1, 9, { waits: [[3, 8]] }), node("join", 9, 9), node("output", 9, 9),
  ]);
  const path = criticalPath(nodes, called(["a", 1, 2], ["b", 1, 3], ["b", 8, 9]), EDGES, 9 * S);
  assert.equal(path.people, 5 * S);
  assert.deepEqual(longest(path, 1), [{ path: "b", micros: 8 * S }]);
});

test("tools that ran at once count once: the longest", () => {
  const nodes = new Map([node("input", 1, 1), node("a", 1, 9)]);
  const path = criticalPath(nodes, called(["a", 1, 2], ["a", 2, 4], ["a", 2, 8], ["a", 8, 9]), EDGES, 9 * S);
  assert.deepEqual(path.steps.map((step) => step.key), ["call:a/m1#1", "call:a/m3#1", "call:a/m4#1"]);
});

test("the steps of a spawned instance take the place of the call that spawned it", () => {
  const nodes = new Map([node("input", 1, 1), node("a", 1, 9), node("a/m1/t1/b", 2, 7, { parent: "a" })]);
  const path = criticalPath(nodes, called(["a", 1, 2], ["a/m1/t1/b", 2, 7], ["a", 7, 9]), EDGES, 9 * S);
  assert.deepEqual(path.steps.map((step) => step.path), ["a", "a/m1/t1/b", "a"]);
});

test("a run that is not over ends now", () => {
  const nodes = new Map([node("input", 1, 1), node("a", 1, 0)]);
  const path = criticalPath(nodes, called(["a", 1, 0]), EDGES, 5 * S);
  assert.deepEqual(path.steps.map((step) => [step.from, step.to]), [[1 * S, 5 * S]]);
});

test("a node that calls nothing itself, as a sub-team or a wait, is on the path as a whole", () => {
  const nodes = new Map([node("input", 1, 1), node("a", 1, 8), node("output", 8, 9)]);
  const path = criticalPath(nodes, called(["output", 8, 9]), [edge("input", "a"), edge("a", "output")], 9 * S);
  assert.deepEqual(path.steps.map((step) => step.key), ["node:a", "call:output/m1#1"]);
  assert.deepEqual(longest(path, 1), [{ path: "a", micros: 7 * S }]);
});
