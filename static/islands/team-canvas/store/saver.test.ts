import assert from "node:assert/strict";
import { test } from "node:test";
import type { SaveOutcome } from "./api";
import { Saver, type SaveState } from "./saver";

/** A server that answers when the test says so, and a clock that moves when the test says so. */
class World {
  sent: { document: string; revision: number }[] = [];
  states: SaveState[] = [];
  private timers: { at: number; run: () => void }[] = [];
  private answers: ((outcome: SaveOutcome) => void)[] = [];
  private time = 0;
  saver = new Saver<string>(1, {
    send: (document, revision) => {
      this.sent.push({ document, revision });
      return new Promise((resolve) => this.answers.push(resolve));
    },
    later: (run, ms) => {
      const timer = { at: this.time + ms, run };
      this.timers.push(timer);
      return () => void (this.timers = this.timers.filter((one) => one !== timer));
    },
    now: () => this.time,
    onState: (state) => this.states.push(state),
    onSaved: () => {},
    onRefused: () => {},
  });

  get kinds(): string {
    return this.states.map((state) => state.kind).join(" ");
  }

  pass(ms: number): void {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.run();
  }

  async answer(outcome: SaveOutcome): Promise<void> {
    this.answers.shift()!(outcome);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

const saved = (revision: number): SaveOutcome => ({ kind: "saved", revision, problems: [], savedAt: "" });
const conflict: SaveOutcome = { kind: "conflict", revision: 9, by: "Ada", at: "", graph: {}, name: null };

test("many changes in a moment are one request, with the revision that was read", async () => {
  const world = new World();
  for (const text of ["a", "ab", "abc"]) {
    world.saver.change(text);
    world.pass(200);
  }
  assert.deepEqual(world.sent, []);
  world.pass(2_000);
  assert.deepEqual(world.sent, [{ document: "abc", revision: 1 }]);
  await world.answer(saved(2));
  assert.equal(world.saver.currentRevision, 2);
  assert(world.saver.isClean);
});

test("what changes while a request is under way is saved after it, on its revision", async () => {
  const world = new World();
  world.saver.change("a");
  world.pass(2_000);
  world.saver.change("b");
  world.pass(5_000);
  assert.equal(world.sent.length, 1, "one request at a time");
  await world.answer(saved(2));
  world.pass(2_000);
  assert.deepEqual(world.sent[1], { document: "b", revision: 2 });
});

test("a conflict stops saving until somebody chooses", async () => {
  const world = new World();
  world.saver.change("mine");
  world.pass(2_000);
  await world.answer(conflict);
  assert.equal(world.states.at(-1)?.kind, "conflict");
  world.saver.change("mine, more");
  world.pass(60_000);
  world.saver.leave();
  assert.equal(await world.saver.flush(), false);
  assert.equal(world.sent.length, 1, "nothing was overwritten");
});

test("keeping mine saves on top of theirs", async () => {
  const world = new World();
  world.saver.change("mine");
  world.pass(2_000);
  await world.answer(conflict);
  world.saver.overwrite("mine, more");
  world.pass(10);
  assert.deepEqual(world.sent[1], { document: "mine, more", revision: 9 });
});

test("taking theirs sends nothing and goes on from their revision", async () => {
  const world = new World();
  world.saver.change("mine");
  world.pass(2_000);
  await world.answer(conflict);
  world.saver.accept();
  world.pass(60_000);
  assert.equal(world.sent.length, 1);
  assert.equal(world.saver.currentRevision, 9);
  world.saver.change("next");
  world.pass(2_000);
  assert.equal(world.sent[1]?.revision, 9);
});

test("without a connection it tries again, ever more slowly, and at once when it is back", async () => {
  const world = new World();
  world.saver.change("a");
  world.pass(2_000);
  await world.answer({ kind: "offline" });
  assert.equal(world.states.at(-1)?.kind, "offline");
  world.pass(2_000);
  assert.equal(world.sent.length, 2);
  await world.answer({ kind: "offline" });
  world.pass(2_000);
  assert.equal(world.sent.length, 2, "waits longer the second time");
  world.saver.retry();
  world.pass(0);
  assert.equal(world.sent.length, 3);
  await world.answer(saved(2));
  assert(world.saver.isClean);
});

test("a refusal is shown, and the next change is tried again", async () => {
  const world = new World();
  world.saver.change("bad");
  world.pass(2_000);
  await world.answer({ kind: "refused", message: "No.", problems: [] });
  assert.equal(world.kinds, "dirty saving refused");
  assert(!world.saver.isClean);
  world.pass(60_000);
  assert.equal(world.sent.length, 1, "the same is not sent again and again");
  world.saver.change("good");
  world.pass(2_000);
  assert.equal(world.sent[1]?.document, "good");
});

test("leaving sends what is not saved yet, once", () => {
  const world = new World();
  world.saver.change("a");
  world.saver.leave();
  world.saver.leave();
  assert.deepEqual(world.sent, [{ document: "a", revision: 1 }]);
});

test("flushing waits until everything is saved", async () => {
  const world = new World();
  world.saver.change("a");
  const flushed = world.saver.flush();
  assert.equal(world.sent.length, 1);
  await world.answer(saved(2));
  assert.equal(await flushed, true);
});
