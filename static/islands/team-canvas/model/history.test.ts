import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, record, redo, undo } from "./history";

test("undo and redo walk through every state and keep the labels", () => {
  let h = begin(0);
  for (let n = 1; n <= 500; n += 1) h = record(h, n, `to ${n}`, n);
  assert.equal(h.past.length, 500);
  for (let n = 499; n >= 0; n -= 1) {
    assert.equal(h.past.at(-1)?.label, `to ${n + 1}`);
    h = undo(h);
    assert.equal(h.present, n);
  }
  assert.equal(undo(h), h, "there is nothing before the beginning");
  for (let n = 1; n <= 500; n += 1) {
    assert.equal(h.future[0]?.label, `to ${n}`);
    h = redo(h);
    assert.equal(h.present, n);
  }
  assert.equal(redo(h), h, "there is nothing after the end");
});

test("a new change after undo forgets what was undone", () => {
  let h = record(record(begin("a"), "b", "b", 0), "c", "c", 1);
  h = record(undo(h), "d", "d", 2);
  assert.deepEqual(h.future, []);
  assert.equal(undo(h).present, "b");
});

test("typing in one field within a moment is one step, a pause or another field begins a new one", () => {
  let h = begin("");
  h = record(h, "h", "Type", 0, "name");
  h = record(h, "he", "Type", 300, "name");
  h = record(h, "hel", "Type", 600, "name");
  assert.equal(h.past.length, 1);
  h = record(h, "hell", "Type", 5_000, "name");
  assert.equal(h.past.length, 2);
  h = record(h, "hello", "Type", 5_100, "goal");
  assert.equal(h.past.length, 3);
  assert.equal(undo(undo(h)).present, "hel");
});

test("typing goes on after undo as a step of its own", () => {
  let h = record(record(begin("a"), "b", "", 0, "k"), "c", "", 10, "k");
  h = record(undo(h), "d", "", 20, "k");
  assert.equal(h.past.length, 1);
  assert.equal(undo(h).present, "a");
});

test("what changes nothing is no step", () => {
  const h = begin("a");
  assert.equal(record(h, "a", "Nothing", 0), h);
});
