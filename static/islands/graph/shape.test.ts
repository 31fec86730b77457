import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../team-canvas/model/edits";
import { catalog, circling, sample } from "../team-canvas/model/sample";
import { inColumns } from "./columns";
import { families } from "./families";
import { EdgeBuilder } from "./flow";
import { nodeRect, overlap } from "./geometry";
import { kindOf } from "./kinds";
import { outline } from "./outlineRows";
import { route } from "./route";
import { shapeOf } from "./shape";
import { edgeLabel, edgeSentence } from "./words";

const looped = () => connect(circling(), "again", "pick", "flow");

test("an edge from a loop to a node on the way to it leads back", () => {
  const { graph, edge } = looped();
  const shape = shapeOf(graph, catalog);
  assert.deepEqual([...shape.backEdges], [edge.id]);
  assert.deepEqual([...shape.loops.get("again")!.body].sort(), ["again", "left", "meet", "pick", "right"]);
  assert.equal(shapeOf(graph, catalog), shape, "worked out once");
  assert.equal(shapeOf(circling(), catalog).backEdges.size, 0);
  assert.equal(edgeLabel(catalog, graph, edge), "again");
  assert.match(edgeSentence(catalog, graph, edge), /leads back to Chooser, again/);
});

test("nodes that only others run are known, and who works for whom", () => {
  const shape = shapeOf(sample(), catalog);
  assert.deepEqual([...shape.spawned], ["helper"]);
  assert.deepEqual(shape.workers.get("left"), ["helper"]);
});

test("each kind of edge leaves and arrives at ports of its own", () => {
  const { graph, edge } = looped();
  const handed = connect(graph, "left", "right", "handoff");
  const drawn = new EdgeBuilder().build(handed.graph, catalog, {});
  const ends = (id: string) => {
    const one = drawn.find((other) => other.id === id)!;
    return [one.sourceHandle, one.targetHandle, one.data?.back];
  };
  assert.deepEqual(ends(edge.id), ["back", "top", true]);
  assert.deepEqual(ends(handed.edge.id), ["handoff", "peer", false]);
  const turned = new EdgeBuilder().build(connect(graph, "right", "helper", "handoff").graph, catalog, {});
  assert.equal(turned.find((one) => one.data?.kind === "handoff")?.source, "right", "in one column: as it was drawn");
  const moved = connect({ ...graph, nodes: graph.nodes.map((one) => (one.id === "helper" ? { ...one, position: { x: 0, y: 400 } } : one)) }, "right", "helper", "handoff");
  const leftwards = new EdgeBuilder().build(moved.graph, catalog, {}).find((one) => one.id === moved.edge.id)!;
  assert.deepEqual([leftwards.source, leftwards.target], ["helper", "right"], "from whichever stands further left");
  assert.deepEqual(ends("left-delegates-helper"), ["delegates", "top", false]);
  assert.deepEqual(ends("start-pick"), ["flow", "in", false]);
});

test("what leads back runs above the cards in between", () => {
  const card = { x: 150, y: -60, width: 180, height: 102 };
  const way = route({ x: 400, y: 0 }, { x: 90, y: 0 }, [card], "over");
  const lane = Math.min(...way.points.map((point) => point.y));
  assert(lane < card.y, "over the card");
  assert.equal(way.label.y, lane);
  assert.deepEqual([way.points[0], way.points.at(-1)], [{ x: 400, y: 0 }, { x: 90, y: 0 }]);
});

test("workers hang below their supervisor, to any depth, and nothing covers anything", () => {
  let graph = sample();
  const worker = graph.nodes.find((node) => node.id === "helper")!;
  graph = { ...graph, nodes: [...graph.nodes, { ...worker, id: "second" }, { ...worker, id: "deep" }] };
  graph = connect(graph, "left", "second", "delegates").graph;
  graph = connect(graph, "second", "deep", "delegates").graph;
  const roots = families(graph, catalog).map((one) => one.root.id);
  assert.deepEqual(roots, ["start", "pick", "left", "right", "meet", "end"]);
  const placed = inColumns(graph, catalog);
  const at = (id: string) => nodeRect(placed.nodes.find((node) => node.id === id)!, kindOf(catalog, worker));
  assert(at("helper").y > at("left").y + 102 && at("deep").y > at("second").y + 102);
  for (const a of placed.nodes)
    for (const b of placed.nodes)
      if (a.id < b.id) assert(!overlap(nodeRect(a, kindOf(catalog, a)), nodeRect(b, kindOf(catalog, b))), `${a.id} ${b.id}`);
});

test("peers that nothing else leads to stand below at the right, clear of workers", () => {
  const lonely = { ...sample().nodes.find((node) => node.id === "helper")!, id: "peer" };
  const graph = connect({ ...sample(), nodes: [...sample().nodes, lonely] }, "left", "peer", "handoff").graph;
  const family = families(graph, catalog).find((one) => one.root.id === "left")!;
  const at = (id: string) => family.members.find((member) => member.id === id)!;
  assert.deepEqual(family.members.map((member) => member.id), ["left", "helper", "peer"]);
  assert(at("peer").x >= at("left").x + 180 && at("peer").y > at("left").y + 102);
  assert(at("peer").x >= at("helper").x + 180);
});

test("workers in a circle are drawn all the same", () => {
  const graph = connect(sample(), "helper", "left", "delegates").graph;
  const members = families(graph, catalog).flatMap((one) => one.members.map((member) => member.id));
  assert.deepEqual([...members].sort(), graph.nodes.map((node) => node.id).sort());
});

test("a loop is outlined once, from where it begins", () => {
  const ids = outline(looped().graph, catalog).map((row) => row.id);
  assert.deepEqual(ids, ["start", "pick", "left", "helper", "right", "meet", "again", "end"]);
});
