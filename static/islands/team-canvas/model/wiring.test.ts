import assert from "node:assert/strict";
import { test } from "node:test";
import { references, upstream } from "./references";
import { catalog, sample } from "./sample";
import { targets, whyNot } from "./wiring";

const why = (source: string, target: string, kind: "flow" | "error" | "delegates" | "handoff" = "flow") =>
  whyNot(sample(), catalog, source, target, kind);

test("what may be connected is not refused", () => {
  assert.equal(why("start", "right"), null);
  assert.equal(why("left", "end", "error"), null);
  assert.equal(why("right", "helper", "delegates"), null);
});

test("every refusal says why in words", () => {
  assert.match(why("left", "left")!, /itself/);
  assert.match(why("left", "start")!, /where the run begins/);
  assert.match(why("pick", "end", "error")!, /Chooser nodes give none/);
  assert.match(why("pick", "left")!, /already connected/);
  assert.match(why("meet", "pick")!, /circle: Chooser already leads to Meet/);
  assert.match(why("helper", "left", "delegates")!, /circle/);
});

test("moving an edge is not refused because of the edge itself", () => {
  assert.equal(whyNot(sample(), catalog, "pick", "left", "flow", "pick-left"), null);
});

test("only what may be connected is offered", () => {
  assert.deepEqual(
    targets(sample(), catalog, "right", "flow").map((node) => node.id),
    ["left", "end", "helper"],
  );
});

test("texts may name the input and what runs before, not what follows", () => {
  assert.deepEqual([...upstream(sample(), "meet")].sort(), ["left", "pick", "right", "start"]);
  const names = references(sample(), catalog, "right").map((one) => one.name);
  assert.deepEqual(names, ["input.topic", "nodes.pick.output", "value"]);
});

test("a rule may also name the node it leaves", () => {
  const names = references(sample(), catalog, "pick", true).map((one) => one.name);
  assert.deepEqual(names, ["input.topic", "nodes.pick.output", "value"]);
});
