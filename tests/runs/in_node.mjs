// Runs the island's pure modules outside a browser, for tests that compare them with Python.
// node tests/runs/in_node.mjs < {"logs": {name: [event, …]}, "graphs": [{graph, kinds}], "money": […], …}
import { build } from "esbuild";
import { text } from "node:stream/consumers";

const root = new URL("../../static/islands/run-trace/", import.meta.url).pathname;
const bundled = await build({
  stdin: {
    contents: `export * from "./log/fold"; export * from "./log/state"; export * from "./log/events";
      export * from "./log/money"; export * from "./log/trace"; export * as figures from "./show/figures";
      export * from "../graph/shape"; export * from "../graph/types"; export * from "../team-canvas/model/references";`,
    resolveDir: root,
    loader: "ts",
  },
  bundle: true, write: false, format: "esm", platform: "neutral",
});
const island = await import(`data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].contents).toString("base64")}`);
const asked = JSON.parse(await text(process.stdin));

/** Maps as objects, money as decimal strings. */
function plain(value) {
  if (typeof value === "bigint") return island.writeMoney(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

function replay(events) {
  const state = island.newState();
  const trace = new island.Trace();
  events.forEach((raw, at) => {
    const event = island.complete({ seq: at + 1, ...raw });
    island.fold(state, event);
    trace.take(event);
  });
  return { state: plain(state), sums: plain(trace.sums), total: plain(trace.total), open: [...trace.open.keys()] };
}

/** What follows from a graph's wiring, as agents/topology/view.py says it. */
function shape({ graph: loose, kinds }) {
  const graph = island.completeGraph(loose);
  const catalog = island.makeCatalog(kinds);
  const { backEdges, loops, workers, peers, spawned } = island.shapeOf(graph, catalog);
  return {
    back_edges: [...backEdges].sort(), spawned: [...spawned].sort(), workers: Object.fromEntries(workers),
    peers: Object.fromEntries([...peers].map(([id, list]) => [id, [...list].sort()])),
    loops: Object.fromEntries([...loops].map(([id, loop]) => [id, [loop.start, ...[...loop.body].sort()]])),
    readable: Object.fromEntries(graph.nodes.map(({ id }) => [id, [...island.upstream(graph, catalog, id)].sort()])),
  };
}

const { money, tokens, duration } = island.figures;
process.stdout.write(
  JSON.stringify({
    graphs: (asked.graphs ?? []).map(shape),
    logs: Object.fromEntries(Object.entries(asked.logs ?? {}).map(([name, events]) => [name, replay(events)])),
    money: (asked.money ?? []).map((amount) => money(amount === null ? null : island.parseMoney(amount))),
    tokens: (asked.tokens ?? []).map((count) => tokens(count)),
    durations: (asked.durations ?? []).map((seconds) => duration(seconds)),
  }),
);
