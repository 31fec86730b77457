import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, KINDS, sample } from "../team-canvas/model/sample";
import { inColumns, isUnplaced } from "./columns";
import { boundsOf, nodeRect, overlap, ports, rectAtPort } from "./geometry";
import { cardText, inputNames, kindFields, kindOf, shortDuration } from "./kinds";
import { outline } from "./outlineRows";
import { roundedPath, route } from "./route";
import { emptyItem, fieldsOf, getAt, isShown, leaves, setAt, valueOf } from "./schema";
import { completeGraph, type JsonObject } from "./types";
import { edgeLabel, edgeSentence, nodeLabel } from "./words";

const node = (id: string) => sample().nodes.find((one) => one.id === id)!;
const edge = (id: string) => sample().edges.find((one) => one.id === id)!;

test("a card says what its kind's hints ask for", () => {
  const text = cardText(catalog, node("left"));
  assert.deepEqual([text.name, text.role, text.chips[0]?.text], ["Ada", "Researcher", "tiny"]);
  assert.equal(cardText(catalog, node("right")).name, "Worker");
});

test("a line that a run has to fill in is known as one", () => {
  const title = { type: "string", default: "", ui: { widget: "template", subtitle: true } };
  const gate = { ...kindOf(catalog, node("left")), name: "gate", schema: { properties: { title } } };
  const kinds = new Map(catalog.kinds).set("gate", gate);
  const said = (text: string) => cardText({ ...catalog, kinds }, { ...node("left"), kind: "gate", config: { title: text } });
  assert.equal(said("Send it?").isTemplate, false);
  assert.equal(said("Publish {{ input.topic }}?").isTemplate, true);
});

test("a kind that is not installed is drawn all the same", () => {
  const stranger = { ...node("left"), kind: "from_the_future" };
  assert.equal(kindOf(catalog, stranger).title, "from_the_future");
  assert.equal(kindOf(catalog, stranger), kindOf(catalog, stranger), "and is one kind each time");
  assert.equal(cardText(catalog, stranger).kind.icon, "circle-question-mark");
});

test("defaults of a kind hold where the configuration is silent", () => {
  assert.deepEqual(inputNames(catalog, sample().nodes), ["topic"]);
  const own = { ...node("start"), config: { schema: { type: "object", properties: { a: {}, b: {} } } } };
  assert.deepEqual(inputNames(catalog, [own]), ["a", "b"]);
});

test("tasks are edited as templates, groups laid open", () => {
  const fields = leaves(kindFields(KINDS[1]!));
  assert.deepEqual(
    fields.map((field) => [field.path.join("."), field.widget, field.section]),
    [
      ["who", "agent", "Role"],
      ["task.description", "template", "Task"],
      ["task.expected_output", "template", "Task"],
    ],
  );
});

const SCHEMA: JsonObject = {
  required: ["name"],
  properties: {
    name: { type: "string" },
    mode: { type: "string", enum: ["all", "some"], default: "all", ui: { options: { all: "all of them" } } },
    count: {
      anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }],
      default: null,
      ui: { when: { mode: ["some"] } },
    },
    on: { type: "boolean", default: false },
    words: { type: "array", items: { type: "string" } },
    people: { type: "array", items: { $ref: "#/$defs/Person" } },
    scores: { type: "array", items: { type: "number" } },
    limits: { type: "object", additionalProperties: { type: "integer" } },
    free: { type: "object" },
    odd: { anyOf: [{ type: "string" }, { type: "number" }], ui: { widget: "never_heard_of" } },
  },
  $defs: { Person: { type: "object", properties: { email: { type: "string" } } } },
};

test("fields without hints get the control that fits their type", () => {
  const fields = fieldsOf(SCHEMA);
  assert.deepEqual(
    fields.map((field) => field.widget),
    ["text", "select", "number", "switch", "words", "list", "list", "map", "json", "json"],
  );
  assert.deepEqual(fields[1]?.choices, [
    { value: "all", label: "all of them" },
    { value: "some", label: "Some" },
  ]);
  assert.equal(fields[0]?.required, true);
  assert.equal(fields[2]?.nullable, true);
  assert.equal(fields[5]?.item?.fields[0]?.key, "email");
  assert.deepEqual([fields[6]?.item?.widget, fields[7]?.item?.widget], ["number", "number"]);
  assert.deepEqual(fields.slice(5, 8).map((field) => emptyItem(field.item!)), [{}, 0, 0]);
});

test("a field may depend on another, also on its default", () => {
  const fields = fieldsOf(SCHEMA);
  const count = fields[2]!;
  assert(!isShown(count, {}, fields));
  assert(isShown(count, { mode: "some" }, fields));
});

test("values are read and written by path; nothing written means the default", () => {
  const config = setAt({ a: 1 }, ["task", "description"], "x");
  assert.deepEqual(config, { a: 1, task: { description: "x" } });
  assert.equal(getAt(config, ["task", "description"]), "x");
  assert.deepEqual(setAt(config, ["a"], undefined), { task: { description: "x" } });
  assert.equal(valueOf(fieldsOf(SCHEMA)[1]!, {}), "all");
});

test("what equals a default may be missing from a document", () => {
  const graph = completeGraph({ nodes: [{ id: "a", kind: "worker" }], edges: [{ id: "e", source: "a", target: "a" }] });
  assert.deepEqual(graph.nodes[0], { id: "a", kind: "worker", name: "", position: { x: 0, y: 0 }, config: {}, writes: {} });
  assert.equal(graph.edges[0]?.kind, "flow");
});

test("an outline nests branches, workers and error paths, and comes back where they meet", () => {
  const rows = outline(sample(), catalog).map((row) => `${"·".repeat(row.depth)}${row.id}`);
  assert.deepEqual(rows, ["start", "pick", "·left", "··helper", "·right", "meet", "end"]);
});

test("an outline shows everything once, also circles and what hangs loose", () => {
  const graph = sample();
  graph.edges.push({ ...edge("meet-end"), id: "back", source: "end", target: "pick" });
  graph.nodes.push({ ...node("left"), id: "loose" });
  const ids = outline(graph, catalog).map((row) => row.id);
  assert.deepEqual([...ids].sort(), graph.nodes.map((one) => one.id).sort());
});

test("edges are said in words", () => {
  assert.equal(edgeLabel(catalog, sample(), edge("pick-left")), "left");
  assert.equal(edgeLabel(catalog, sample(), edge("pick-right")), "otherwise");
  assert.equal(edgeLabel(catalog, sample(), edge("start-pick")), "");
  assert.equal(edgeSentence(catalog, sample(), edge("left-delegates-helper")), "Ada delegates to Worker");
  const problem = {
    code: "",
    message: "It is wrong.",
    fix: "",
    node: "left",
    edge: null,
    field: "",
    severity: "error" as const,
  };
  assert.equal(nodeLabel(catalog, node("left"), [problem]), "Worker: Ada. Researcher. 1 problem: It is wrong");
});

test("a way runs straight where it can, and keeps off cards", () => {
  assert.deepEqual(route({ x: 0, y: 50 }, { x: 100, y: 50 }, []).points.length, 2);
  const card = { x: 80, y: 0, width: 180, height: 102 };
  const way = route({ x: 0, y: 50 }, { x: 400, y: 51 }, [card]);
  for (let at = 1; at < way.points.length; at += 1) {
    const [a, b] = [way.points[at - 1]!, way.points[at]!];
    const box = boundsOf([
      { ...a, width: 0, height: 0 },
      { ...b, width: 0, height: 0 },
    ]);
    const hits =
      box.x < card.x + card.width &&
      box.x + box.width > card.x &&
      box.y < card.y + card.height &&
      box.y + box.height > card.y;
    assert(!hits, `segment ${at} crosses the card`);
    assert(a.x === b.x || a.y === b.y, "segments are upright or level");
  }
});

test("a way back goes round both of its nodes", () => {
  const way = route({ x: 300, y: 50 }, { x: 0, y: 50 }, [
    { x: 120, y: 0, width: 180, height: 102 },
    { x: 0, y: 0, width: 180, height: 102 },
  ]);
  assert(way.points.some((point) => point.y < 0 || point.y > 102));
  assert.match(roundedPath(way.points), /^M300 50L/);
});

test("workers hang from one trunk", () => {
  const ways = [100, 300, 500].map((x) => route({ x: 300, y: 100 }, { x, y: 260 }, [], "down"));
  assert.deepEqual(
    ways.map((way) => way.points[1]?.y ?? 0),
    [225, 260, 225],
  );
});

test("ports lie where edges begin, and tell where their node is", () => {
  for (const kind of KINDS) {
    const rect = nodeRect({ ...node("left"), position: { x: 10, y: 20 } }, kind);
    for (const port of ports(kind)) {
      const dx = port.side === "right" ? 9 : port.side === "left" ? 0 : 4.5;
      const dy = port.side === "bottom" ? 9 : port.side === "top" ? 0 : 4.5;
      assert.deepEqual(
        rectAtPort(kind, port.id, { x: 10 + port.x + dx, y: 20 + port.y + dy }),
        rect,
        `${kind.name} ${port.id}`,
      );
    }
  }
});

test("durations are short", () => {
  assert.deepEqual([0, 45, 90, 14_400, 194_400].map(shortDuration), ["0 s", "45 s", "1 min 30 s", "4 h", "2 d 6 h"]);
});

test("a graph that nobody placed is laid out in the order in which it runs", () => {
  const unplaced = { ...sample(), nodes: sample().nodes.map((one) => ({ ...one, position: { x: 0, y: 0 } })) };
  assert(isUnplaced(unplaced));
  assert(!isUnplaced(sample()));
  const x = new Map(
    inColumns(unplaced, catalog).nodes.map((one) => [one.id, one.position.x + (one.kind === "chooser" ? -12 : 0)]),
  );
  const columns = ["start", "pick", "left", "meet", "end"].map((id) => Math.round(x.get(id)! / 250));
  assert.deepEqual(columns, [0, 1, 2, 3, 4]);
  const rects = inColumns(unplaced, catalog).nodes.map((one) => nodeRect(one, kindOf(catalog, one)));
  rects.forEach((a, at) => rects.slice(at + 1).forEach((b) => assert(!overlap(a, b))));
});
