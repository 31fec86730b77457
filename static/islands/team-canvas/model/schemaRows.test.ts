import assert from "node:assert/strict";
import { test } from "node:test";
import { freeName, fromRows, nameProblem, toRows } from "./schemaRows";

const SCHEMA = {
  type: "object",
  title: "Ticket",
  properties: {
    text: { type: "string", description: "What was written", minLength: 3, default: "Hi" },
    plan: { type: "string", enum: ["free", "team"] },
    urgent: { type: "boolean" },
    amount: { type: "number", minimum: 0 },
    count: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["text", "plan"],
  additionalProperties: false,
};

test("a schema becomes rows and the same schema again", () => {
  const rows = toRows(SCHEMA)!;
  assert.deepEqual(
    rows.map((row) => row.type),
    ["text", "choice", "boolean", "number", "integer", "texts"],
  );
  assert.deepEqual(
    rows.map((row) => row.required),
    [true, true, false, false, false, false],
  );
  assert.deepEqual(fromRows(rows, SCHEMA), SCHEMA);
});

test("a new schema is closed", () => {
  const row = { name: "a", type: "text" as const, required: true, description: "", choices: [], rest: {} };
  assert.deepEqual(fromRows([row], undefined), {
    type: "object",
    additionalProperties: false,
    properties: { a: { type: "string" } },
    required: ["a"],
  });
});

test("what rows cannot say is left to JSON", () => {
  for (const schema of [
    { type: "array" },
    { type: "object", properties: { a: { type: "object", properties: {} } } },
    { type: "object", properties: { a: { anyOf: [{ type: "string" }, { type: "null" }] } } },
    { type: "object", properties: {}, $defs: {} },
    { type: "object", properties: { a: { type: "array", items: { type: "number" } } } },
  ])
    assert.equal(toRows(schema), null, JSON.stringify(schema));
  assert.deepEqual(toRows({}), []);
  assert.deepEqual(toRows(undefined), []);
});

test("names must be usable in templates, and once each", () => {
  const rows = ["ok", "not ok", "2x", "twice", "twice", ""].map((name) => ({
    name,
    type: "text" as const,
    required: false,
    description: "",
    choices: [],
    rest: {},
  }));
  const wrong = rows.map((_, at) => nameProblem(rows, at) !== "");
  assert.deepEqual(wrong, [false, true, true, true, true, true]);
  assert.equal(freeName([{ ...rows[0]!, name: "field_2" }]), "field_3");
});
