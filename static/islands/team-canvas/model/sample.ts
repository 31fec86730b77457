// A small team and its kinds, for unit tests.
import { completeGraph, makeCatalog, type AgentInfo, type Catalog, type Graph, type Kind } from "../../graph/types";

const kind = (name: string, more: Partial<Kind>): Kind => ({
  name,
  title: name.charAt(0).toUpperCase() + name.slice(1),
  summary: "",
  icon: "bot",
  group: "routes",
  shape: "card",
  takes: true,
  gives: ["flow"],
  merges: false,
  chooses: false,
  works: false,
  peers: false,
  loops: false,
  asks_by_rule: false,
  schema: {},
  ...more,
});

export const KINDS: Kind[] = [
  kind("start", {
    shape: "tile",
    takes: false,
    schema: { properties: { schema: { type: "object", ui: { widget: "schema" } } } },
    defaults: { schema: { type: "object", properties: { topic: { type: "string" } }, required: ["topic"] } },
  }),
  kind("worker", {
    group: "thinks",
    gives: ["delegates", "error", "flow", "handoff"],
    works: true,
    peers: true,
    schema: {
      properties: {
        who: { type: "string", default: "", ui: { widget: "agent", subtitle: true, chip: true, section: "Role" } },
        task: { $ref: "#/$defs/Task", ui: { widget: "task", section: "Task" } },
      },
      $defs: {
        Task: {
          type: "object",
          properties: {
            description: { type: "string", default: "" },
            expected_output: { type: "string", default: "" },
          },
        },
      },
    },
  }),
  kind("chooser", { chooses: true }),
  kind("round", { shape: "tile", chooses: true, loops: true }),
  kind("meet", { shape: "tile", merges: true }),
  kind("end", { shape: "tile", gives: [] }),
];

const AGENT: AgentInfo = {
  id: "1",
  key: "ada",
  name: "Ada",
  role: "Researcher",
  goal: "Find out.",
  model: { endpoint: "local", model: "tiny" },
  tools: [],
  output: "text",
  version: 3,
  url: "/agents/1/",
};

export const catalog: Catalog = makeCatalog(KINDS, [AGENT]);

/** start → chooser → (left | right) → meet → end; left delegates to helper. */
export function sample(): Graph {
  return completeGraph({
    nodes: [
      { id: "start", kind: "start", position: { x: 0, y: 129 } },
      { id: "pick", kind: "chooser", position: { x: 100, y: 100 } },
      {
        id: "left",
        kind: "worker",
        position: { x: 340, y: 0 },
        config: { who: "ada", task: { description: "About {{ input.topic }}" } },
      },
      {
        id: "right",
        kind: "worker",
        position: { x: 340, y: 200 },
        config: { task: { description: "After {{ nodes.pick.output }}" } },
      },
      { id: "meet", kind: "meet", position: { x: 600, y: 129 } },
      { id: "end", kind: "end", position: { x: 720, y: 129 } },
      { id: "helper", kind: "worker", position: { x: 340, y: 400 } },
    ],
    edges: [
      { id: "start-pick", source: "start", target: "pick" },
      { id: "pick-left", source: "pick", target: "left", label: "left", when: 'nodes.start.output == "l"' },
      { id: "pick-right", source: "pick", target: "right" },
      { id: "left-meet", source: "left", target: "meet" },
      { id: "right-meet", source: "right", target: "meet" },
      { id: "meet-end", source: "meet", target: "end" },
      { id: "left-delegates-helper", source: "left", target: "helper", kind: "delegates" },
    ],
    notes: [{ id: "note-1", text: "Hello", position: { x: 0, y: 0 } }],
  });
}

/** The same with a node behind `meet` that may lead back; nothing leads back yet. */
export function circling(): Graph {
  const graph = sample();
  const again = { ...graph.nodes[0]!, id: "again", kind: "round", position: { x: 660, y: 129 } };
  const edges = graph.edges.map((edge) => (edge.id === "meet-end" ? { ...edge, target: "again" } : edge));
  const onwards = { ...graph.edges[0]!, id: "again-end", source: "again", target: "end" };
  return { ...graph, nodes: [...graph.nodes, again], edges: [...edges, onwards] };
}
