import assert from "node:assert/strict";
import { test } from "node:test";
import { completeGraph, makeCatalog } from "../../graph/types";
import { KINDS } from "../../team-canvas/model/sample";
import type { Part } from "../feed/costs";
import { Store, type RunStatus } from "../feed/store";
import type { RawEvent } from "../log/events";
import { NodeLights } from "./lighting";

Object.assign(globalThis, { window: { setTimeout: () => 1 } });

const worker = KINDS.find((one) => one.name === "worker");
assert(worker);
const catalog = makeCatalog([...KINDS, { ...worker, name: "team" }]);
const graph = completeGraph({ nodes: [{ id: "a", kind: "team" }], edges: [] });
const started = { child: "c", team: "Inner", team_version: "v", input: "i", cost_limit: "0.5", call_limit: 3 };

function after(...events: [string, Record<string, unknown>][]): Store {
  const store = new Store();
  events.forEach(([type, facts], at) => assert(store.take([{ seq: at + 1, at: at + 1, type, ...facts } as RawEvent], at + 1)));
  return store;
}

const begun: [string, Record<string, unknown>][] = [["RunStarted", { mode: "live", call_limit: 9 }], ["NodeStarted", { path: "a" }]];
const word = (store: Store) => new NodeLights().build(store, graph, catalog, 9)["a"]?.word;
const part = (status: RunStatus) => ({ run: "c", path: "a", status, calls: 0 }) as Part;

test("a sub-team that finds nothing left waits until its run is asked for", () => {
  assert.equal(word(after(...begun)), "Waits");
  assert.equal(word(after(...begun, ["ChildRunStarted", { path: "a", ...started }])), "Running");
});

test("a node whose sub-team waits for somebody waits", () => {
  const store = after(...begun, ["ChildRunStarted", { path: "a", ...started }]);
  for (const [status, said] of [["waiting", "Waits"], ["doubt", "Waits"], ["running", "Running"]] as const) {
    store.takeParts([part(status)]);
    assert.equal(word(store), said);
  }
});

test("what is held back for a sub-team grows, never shrinks, and is given back", () => {
  const raised = (facts: object): [string, Record<string, unknown>] => ["ChildLimitsRaised", { path: "a", child: "c", by: "u", by_name: "Ann", ...facts }];
  const all: [string, Record<string, unknown>][] = [...begun, ["ChildRunStarted", { path: "a", ...started }], raised({ call_limit: 7 }), raised({ call_limit: 5 })];
  assert.deepEqual(after(...all).state.budget.reserved.get("a#0"), [0n, 0, 7]); // money and tokens have no limit here
  assert.equal(after(...all, ["ChildRunEnded", { path: "a", child: "c", status: "done", output: "o", calls: 2 }]).state.budget.reserved.size, 0);
});
