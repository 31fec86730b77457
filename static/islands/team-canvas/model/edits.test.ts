import assert from "node:assert/strict";
import { test } from "node:test";
import * as edits from "./edits";
import { circling, sample } from "./sample";

const flows = (graph: ReturnType<typeof sample>) => graph.edges.map((edge) => `${edge.source}→${edge.target}`);

test("connecting gives edges names of their own, also when a name is taken", () => {
  const once = edits.connect(sample(), "start", "right", "flow");
  assert.equal(once.edge.id, "start-right");
  const twice = edits.connect(once.graph, "start", "right", "error");
  assert.equal(twice.edge.id, "start-error-right");
  const thrice = edits.connect(twice.graph, "start", "right", "flow");
  assert.equal(thrice.edge.id, "start-right-2");
});

test("deleting nodes takes their edges along, and nothing else", () => {
  const graph = edits.remove(sample(), { ...edits.NOTHING, nodes: new Set(["left", "right"]) });
  assert.deepEqual(flows(graph), ["start→pick", "meet→end"]);
  assert.equal(graph.notes.length, 1);
});

test("deleting one node in a line closes the gap and keeps the rule that led to it", () => {
  const graph = edits.removeAndMend(sample(), "left");
  const mended = graph.edges.find((edge) => edge.id === "pick-left");
  assert.equal(mended?.target, "meet");
  assert.equal(mended?.label, "left");
});

test("deleting a node with several ways on mends nothing", () => {
  assert.deepEqual(flows(edits.removeAndMend(sample(), "pick")), [
    "left→meet",
    "right→meet",
    "meet→end",
    "left→helper",
  ]);
});

test("closing a gap makes no second edge between the same two", () => {
  const both = edits.connect(sample(), "pick", "meet", "flow").graph;
  const graph = edits.removeAndMend(both, "left");
  assert.equal(flows(graph).filter((one) => one === "pick→meet").length, 1);
});

test("inserting on an edge keeps label and rule on the way in", () => {
  const node = { id: "gate", kind: "worker", name: "", position: { x: 0, y: 0 }, config: {}, writes: {} };
  const graph = edits.insertOn(sample(), "pick-left", node, true);
  assert.equal(graph.edges.find((edge) => edge.id === "pick-left")?.target, "gate");
  assert.equal(graph.edges.find((edge) => edge.source === "gate")?.target, "left");
  assert.equal(
    edits.insertOn(sample(), "pick-left", node, false).edges.filter((edge) => edge.source === "gate").length,
    0,
  );
});

test("a renamed node is followed by edges, templates and rules, and by nothing that only looks like it", () => {
  const before = edits.changeConfig(sample(), "left", () => ({
    text: "{{ nodes.pick.output }} {{ nodes.pick_two.output }} pick",
  }));
  const graph = edits.renameNode(before, "pick", "triage");
  assert.deepEqual(graph.nodes.find((node) => node.id === "left")?.config, {
    text: "{{ nodes.triage.output }} {{ nodes.pick_two.output }} pick",
  });
  assert.deepEqual(graph.nodes.find((node) => node.id === "right")?.config.task, {
    description: "After {{ nodes.triage.output }}",
  });
  assert.equal(graph.edges.filter((edge) => edge.source === "triage").length, 2);
  const renamed = edits.renameNode(before, "start", "begin");
  assert.equal(renamed.edges.find((edge) => edge.id === "pick-left")?.when, 'nodes.begin.output == "l"');
});

test("what is not touched stays the same object", () => {
  const before = sample();
  const after = edits.changeNode(before, "left", { name: "New" });
  assert.equal(after.nodes[0], before.nodes[0]);
  assert.equal(after.edges, before.edges);
  assert.equal(edits.place(before, new Map([["left", { x: 340, y: 0 }]])).nodes[2], before.nodes[2]);
});

test("moving things and writing notes does not change what the team means", () => {
  const before = sample();
  assert(edits.meansTheSame(before, edits.place(before, new Map([["left", { x: 1, y: 2 }]]))));
  assert(edits.meansTheSame(before, edits.addNote(before, { x: 0, y: 0 }, "Hi").graph));
  assert(!edits.meansTheSame(before, edits.changeNode(before, "left", { name: "New" })));
  assert(!edits.meansTheSame(before, edits.connect(before, "start", "end", "flow").graph));
  assert(!edits.meansTheSame(before, edits.changeLimits(before, { tokens: 5 })));
});

test("a renamed variable is followed by what reads and what writes it", () => {
  let graph = edits.changeWrite(edits.addVariable(sample(), "score"), "left", "score", "vars.score + 1");
  graph = edits.changeConfig(graph, "right", () => ({ task: { description: "{{ vars.score }} of {{ vars.scores }}" } }));
  const renamed = edits.changeVariable(graph, 0, { name: "points" });
  assert.deepEqual(renamed.nodes.find((node) => node.id === "left")?.writes, { points: "vars.points + 1" });
  assert.deepEqual(renamed.nodes.find((node) => node.id === "right")?.config, {
    task: { description: "{{ vars.points }} of {{ vars.scores }}" },
  });
  const gone = edits.removeVariable(renamed, 0);
  assert.deepEqual(gone.nodes.find((node) => node.id === "left")?.writes, {});
  assert(!edits.meansTheSame(graph, renamed));
  assert(!edits.meansTheSame(graph, edits.changeWrite(graph, "left", "score", "2")));
});

test("what stands on an edge keeps its kind of connection", () => {
  const node = { ...sample().nodes[2]!, id: "new" };
  const hung = edits.insertOn(sample(), "left-delegates-helper", node, true);
  const mine = hung.edges.filter((edge) => edge.source === "new" || edge.target === "new");
  assert.deepEqual(
    mine.map((edge) => [edge.source, edge.kind, edge.target]),
    [
      ["left", "delegates", "new"],
      ["new", "delegates", "helper"],
    ],
  );
  const failed = edits.connect(sample(), "left", "end", "error");
  const caught = edits.insertOn(failed.graph, failed.edge.id, node, true);
  assert.deepEqual(caught.edges.at(-1)?.kind, "flow", "what failed flows on from there");
});

test("a loop's node may go: what led to it leads on, not back", () => {
  const drawn = edits.connect(circling(), "again", "pick", "flow");
  const without = edits.removeAndMend(drawn.graph, "again", new Set([drawn.edge.id]));
  assert(flows(without).includes("meet→end"));
});
