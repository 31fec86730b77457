import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../../graph/types";
import { mapProblems, problemsAt, target } from "./problems";
import { sample } from "./sample";

const problem = (more: Partial<Problem>): Problem => ({
  code: "c",
  message: "Wrong.",
  fix: "",
  node: null,
  edge: null,
  field: "",
  severity: "error",
  ...more,
});

test("problems stand at their node and edge, errors before warnings", () => {
  const map = mapProblems([
    problem({ severity: "warning", node: "left" }),
    problem({ node: "left", edge: "pick-left" }),
    problem({}),
  ]);
  assert.deepEqual(
    map.all.map((one) => one.severity),
    ["error", "error", "warning"],
  );
  assert.equal(map.byNode.get("left")?.[0]?.severity, "error");
  assert.equal(map.byEdge.get("pick-left")?.length, 1);
  assert.deepEqual([map.errors, map.warnings], [2, 1]);
});

test("a node whose problems did not change keeps its list", () => {
  const before = mapProblems([problem({ node: "a" }), problem({ node: "b" })]);
  const after = mapProblems([problem({ node: "a" }), problem({ node: "b", message: "Other." })], before);
  assert.equal(after.byNode.get("a"), before.byNode.get("a"));
  assert.notEqual(after.byNode.get("b"), before.byNode.get("b"));
});

test("fields are found by path, with or without the word config, and inside lists", () => {
  const all = ["task.description", "config.task.description", "task", "tasks", "task.steps[1].name"].map((field) =>
    problem({ field }),
  );
  assert.deepEqual(problemsAt(all, ["task", "description"]).length, 2);
  assert.deepEqual(problemsAt(all, ["task"]).length, 4);
  assert.deepEqual(problemsAt(all, ["task", "steps"]).length, 1);
});

test("a problem points at what is still there", () => {
  assert.deepEqual(target(sample(), problem({ node: "left", edge: "pick-left" })), { kind: "edge", id: "pick-left" });
  assert.deepEqual(target(sample(), problem({ node: "left", edge: "gone" })), { kind: "node", id: "left" });
  assert.equal(target(sample(), problem({ node: "gone" })), null);
});
