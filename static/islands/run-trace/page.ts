// What the page gives the island (runs/trace.py): the pinned team, what can be looked up, addresses.
import { completeGraph, makeCatalog, type AgentInfo, type Catalog, type Graph, type Kind, type LooseGraph, type ToolInfo } from "../graph";

interface PageData {
  run: { id: string; mode: "live" | "simulated"; version: number; team: string };
  graph: LooseGraph;
  kinds: Kind[];
  agents: AgentInfo[];
  tools: ToolInfo[];
  urls: { events: string; content: string; cost: string; socket: string; fork: string; runs: string };
  until: number; // the last event that is looked at; 0: all there are, and those to come
}

export interface Page {
  run: PageData["run"];
  graph: Graph;
  catalog: Catalog;
  urls: PageData["urls"];
  until: number;
}

export function readPage(): Page | null {
  const text = document.getElementById("run-trace-data")?.textContent;
  if (!text) return null;
  const data = JSON.parse(text) as PageData;
  return {
    run: data.run,
    graph: completeGraph(data.graph),
    catalog: makeCatalog(data.kinds, data.agents, data.tools),
    urls: data.urls,
    until: data.until,
  };
}
