import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap } from "../../graph/geometry";
import { place } from "./edits";
import { align, besides, freePlace, makeRoom, pull, rects, snap } from "./place";
import { catalog, KINDS, sample } from "./sample";

const worker = KINDS[1]!;

test("the middles of cards and tiles share one grid", () => {
  const card = snap({ x: 103, y: 47 }, { height: 102 });
  const tile = snap({ x: 103, y: 75 }, { height: 44 });
  assert.equal(card.y + 51, tile.y + 22);
  assert.equal(card.x % 6, 0);
});

test("a new node covers nothing", () => {
  let graph = sample();
  for (let n = 0; n < 12; n += 1) {
    const at = freePlace(graph, catalog, worker, { x: 340, y: 0 });
    const size = { ...at, width: 180, height: 102 };
    for (const rect of rects(graph, catalog).values()) assert(!overlap(size, rect), `covers at ${n}`);
    graph = { ...graph, nodes: [...graph.nodes, { id: `n${n}`, kind: "worker", name: "", position: at, config: {}, writes: {} }] };
  }
});

test("what follows stands to the right on the same line, a worker below", () => {
  assert.deepEqual(besides(sample(), catalog, "end", worker), { x: 832, y: 100 });
  const below = besides(sample(), catalog, "helper", worker, true);
  assert.deepEqual(below, { x: 340, y: 574 });
});

test("inserting moves what is on the right, just far enough", () => {
  const room = makeRoom(sample(), catalog, "meet-end", worker)!;
  assert.deepEqual([...room.places.keys()], ["end"]);
  const moved = place(sample(), room.places);
  const all = rects(moved, catalog);
  const made = { ...room.at, width: 180, height: 102 };
  assert(!overlap(made, all.get("meet")!, 30) && !overlap(made, all.get("end")!, 30));
});

test("lining up and spreading", () => {
  const three = new Map([
    ["a", { x: 0, y: 0, width: 180, height: 102 }],
    ["b", { x: 300, y: 40, width: 44, height: 44 }],
    ["c", { x: 600, y: 90, width: 180, height: 102 }],
  ]);
  assert.deepEqual(
    [...align(three, "middle").values()].map((p) => p.y),
    [45, 74, 45],
  );
  assert.deepEqual(
    [...align(three, "left").values()].map((p) => p.x),
    [0, 0, 0],
  );
  assert.deepEqual(
    [...align(three, "across")].map(([id, p]) => [id, p.x]),
    [
      ["a", 0],
      ["b", 368],
      ["c", 600],
    ],
  );
});

test("what is dragged near a neighbour's line is pulled onto it", () => {
  const pulled = pull({ x: 200, y: 103, width: 44, height: 44 }, [{ x: 0, y: 71, width: 180, height: 102 }]);
  assert.equal(pulled.dy, -3);
  assert.equal(pulled.guides.find((guide) => guide.axis === "y")?.at, 122);
  assert.deepEqual(
    pull({ x: 200, y: 300, width: 44, height: 44 }, [{ x: 0, y: 71, width: 180, height: 102 }]).guides,
    [],
  );
});
