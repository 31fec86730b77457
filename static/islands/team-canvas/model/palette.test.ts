import assert from "node:assert/strict";
import { test } from "node:test";
import { freeKey, isKey, keyFrom } from "./ids";
import { excerpt, nodeFrom, paletteItems, search, stillUseful, withoutStrangers } from "./palette";
import { catalog, sample } from "./sample";

const items = paletteItems(catalog, [{ name: "p", title: "Pattern", icon: "", summary: "", graph: {} }]);
const titles = (query: string) => search(items, query).map((item) => item.title);

test("agents become nodes of the kind that is made for them", () => {
  const ada = items.find((item) => item.type === "agent")!;
  const node = nodeFrom(ada as Extract<typeof ada, { type: "agent" }>, sample(), catalog, { x: 1, y: 2 });
  assert.deepEqual(node, {
    id: "ada",
    kind: "worker",
    name: "Ada 2",
    position: { x: 1, y: 2 },
    config: { who: "ada" },
    writes: {},
  });
});

test("search takes words in any order, titles first", () => {
  assert.deepEqual(titles(""), ["Ada", "Pattern", "Start", "Worker", "Chooser", "Round", "Meet", "End"]);
  assert.deepEqual(titles("resea"), ["Ada"]);
  assert.deepEqual(titles("choo"), ["Chooser"]);
  assert.deepEqual(titles("nothing"), []);
});

test("a team has one beginning and one end", () => {
  const offered = items.filter((item) => stillUseful(item, sample(), catalog)).map((item) => item.title);
  assert.deepEqual(offered, ["Ada", "Pattern", "Worker", "Chooser", "Round", "Meet"]);
});

test("a pattern comes without agents that are not here", () => {
  const graph = sample();
  const strange = {
    ...graph,
    nodes: graph.nodes.map((node) => (node.id === "right" ? { ...node, config: { who: "nobody", task: {} } } : node)),
  };
  const clean = withoutStrangers(strange, catalog);
  assert.deepEqual(clean.nodes.find((node) => node.id === "right")?.config, { task: {} });
  assert.equal(
    clean.nodes.find((node) => node.id === "left"),
    graph.nodes.find((node) => node.id === "left"),
  );
});

test("ids are keys, and free", () => {
  assert.equal(keyFrom("Über-Prüfer 3!"), "uber_prufer_3");
  assert.equal(keyFrom("42 answers"), "answers");
  assert.equal(keyFrom("!!!"), "node");
  assert(isKey(keyFrom("x".repeat(80))));
  assert.equal(freeKey("a", ["a", "a_2"]), "a_3");
  const long = freeKey("x".repeat(48), ["x".repeat(48)]);
  assert(isKey(long));
  assert.equal(long.length, 48);
});

test("an excerpt shows where a word stands", () => {
  const text =
    "Answer this ticket of a customer on the free plan, politely and in two short paragraphs at most, please.";
  assert.match(excerpt(text, "customer"), /…?.*customer.*…/);
  assert.equal(excerpt(text, "elephant"), "");
  assert.equal(excerpt(text, ""), "");
});
