import assert from "node:assert/strict";
import { test } from "node:test";
import { fragment, fromText, paste, toText } from "./clipboard";
import { NOTHING } from "./edits";
import { sample } from "./sample";

const picked = { ...NOTHING, nodes: new Set(["pick", "right"]), notes: new Set(["note-1"]) };

test("a copied part holds its nodes, the edges between them, and notes", () => {
  const part = fragment(sample(), picked);
  assert.deepEqual(
    part.nodes.map((node) => node.id),
    ["pick", "right"],
  );
  assert.deepEqual(
    part.edges.map((edge) => edge.id),
    ["pick-right"],
  );
  assert.equal(part.notes.length, 1);
});

test("pasting into the same team gives free names and follows them in texts", () => {
  const made = paste(sample(), fragment(sample(), picked));
  assert.deepEqual([...made.picked.nodes], ["pick_2", "right_2"]);
  const right = made.graph.nodes.find((node) => node.id === "right_2");
  assert.deepEqual(right?.config.task, { description: "After {{ nodes.pick_2.output }}" });
  assert.deepEqual(right?.position, { x: 376, y: 236 });
  assert.equal(made.graph.edges.at(-1)?.source, "pick_2");
  assert.equal(new Set(made.graph.edges.map((edge) => edge.id)).size, made.graph.edges.length);
  assert.equal(new Set(made.graph.notes.map((note) => note.id)).size, 2);
});

test("pasting at a point puts the top left there", () => {
  const made = paste(sample(), fragment(sample(), { ...NOTHING, nodes: picked.nodes }), { x: 1000, y: 50 });
  assert.deepEqual(
    made.graph.nodes.slice(-2).map((node) => node.position),
    [
      { x: 1000, y: 50 },
      { x: 1240, y: 150 },
    ],
  );
});

test("what is copied can be read again, as can a graph and a team file", () => {
  const part = fragment(sample(), picked);
  assert.deepEqual(fromText(toText(part)), part);
  const file = JSON.stringify({ format: "troupe.team/v1", name: "T", graph: { nodes: [{ id: "a", kind: "worker" }] } });
  assert.equal(fromText(file)?.nodes[0]?.id, "a");
  assert.equal(fromText(JSON.stringify({ nodes: [{ id: "b", kind: "worker" }] }))?.nodes[0]?.id, "b");
});

test("other texts are no team", () => {
  for (const text of [
    "",
    "hello",
    "[1, 2]",
    "{broken",
    '{"a": 1}',
    '{"nodes": [1]}',
    '{"nodes": [{"id": 1}]}',
    "null",
  ]) {
    assert.equal(fromText(text), null, text);
  }
});

test("edges that lead out of a pasted text are dropped", () => {
  const text = JSON.stringify({
    nodes: [{ id: "a", kind: "worker" }],
    edges: [{ id: "x", source: "a", target: "elsewhere" }, 7],
  });
  const part = fromText(text)!;
  assert.equal(paste(sample(), part).graph.edges.length, sample().edges.length);
});
