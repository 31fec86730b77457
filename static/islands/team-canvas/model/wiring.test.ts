import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./edits";
import { references, upstream } from "./references";
import { catalog, circling, sample } from "./sample";
import { possible, targets, whyNot } from "./wiring";

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
  assert.match(why("helper", "left", "delegates")!, /circle: Worker already works for Ada|already works for/);
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
  assert.deepEqual([...upstream(sample(), catalog, "meet")].sort(), ["left", "pick", "right", "start"]);
  const names = references(sample(), catalog, "right").map((one) => one.name);
  assert.deepEqual(names, ["input.topic", "nodes.pick.output", "value"]);
});

test("a rule asked when a node is done reads what it gives, unless that is what it chooses by", () => {
  const after = (id: string) => references(sample(), catalog, id, true).map((one) => one.name);
  assert.deepEqual(after("pick"), ["input.topic", "value"]);
  assert.deepEqual(after("right"), ["input.topic", "nodes.pick.output", "output", "value"]);
});

test("only a loop leads back, and only once", () => {
  const looping = circling();
  assert.match(whyNot(looping, catalog, "meet", "pick", "flow")!, /Only a loop leads back/);
  assert.equal(whyNot(looping, catalog, "again", "pick", "flow"), null);
  const drawn = connect(looping, "again", "pick", "flow").graph;
  assert.match(whyNot(drawn, catalog, "again", "left", "flow")!, /already leads back to Chooser/);
  assert.match(whyNot(drawn, catalog, "again", "left", "error")!, /give none/);
});

test("delegates and hand-offs go only to nodes that can be run by others", () => {
  assert.match(why("left", "meet", "delegates")!, /Meet cannot work for Ada: Meet nodes cannot be asked/);
  assert.match(why("left", "pick", "handoff")!, /cannot take over/);
  assert.equal(why("left", "right", "handoff"), null);
  const handed = connect(sample(), "left", "right", "handoff").graph;
  assert.match(whyNot(handed, catalog, "right", "left", "handoff")!, /already connected/, "it goes both ways");
  assert.deepEqual(possible(sample(), catalog, "left", "right"), ["flow", "error", "delegates", "handoff"]);
  assert.deepEqual(possible(sample(), catalog, "left", "pick"), []);
});

test("in a loop every node may read what the round before gave; workers read what their boss may", () => {
  const drawn = connect(circling(), "again", "pick", "flow").graph;
  assert(upstream(drawn, catalog, "pick").has("meet"));
  assert(upstream(sample(), catalog, "helper").has("pick"));
  assert(references(drawn, catalog, "again").some((one) => one.name === "iteration"));
});
