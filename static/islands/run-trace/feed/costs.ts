// Sums over ledger rows as runs/views/run_data.py gives them, and the keeping true of what sub-teams' runs have used.
import { parseMoney } from "../log/money";
import type { Sums as Known } from "../log/trace";
import type { RunStatus, Store } from "./store";

export interface Sums {
  cost: string | null;
  simulated_cost: string;
  calls: number;
  unknown: number;
  estimated: number;
  input: number;
  cached: number;
  output: number;
  reasoning: number;
}
export type Group = Sums & { key: (string | number)[] };
/** The run of a sub-team with all below it. */
export interface Part extends Sums {
  run: string;
  path: string; // of the node here whose run it is
  node: string; // that in words
  title: string; // its team
  status: RunStatus;
  there: boolean; // else it is about to be made
}
export interface Costs {
  total: Sums;
  limit: string | null;
  reserved: string;
  simulated: boolean;
  agents: Group[];
  models: Group[];
  nodes: Group[];
  own: Sums; // of the run without its sub-teams
  parts: Part[];
}

export async function fetchCosts(url: string, signal?: AbortSignal): Promise<Costs | null> {
  const answer = await fetch(url, { signal: signal ?? null, headers: { Accept: "application/json" } });
  return answer.ok && !answer.redirected ? ((await answer.json()) as Costs) : null;
}

/** As the trace counts a node's own calls. */
export function knownSums(part: Sums): Known {
  const cost = parseMoney(part.cost ?? "0") + parseMoney(part.simulated_cost);
  return { cost, billed: part.calls, unknown: part.unknown, input: part.input, cached: part.cached, output: part.output, reasoning: part.reasoning };
}

/** Looks again when a sub-team begins or ends, and when static/js/run.js hears that one has moved (`troupe:family`). */
export function followParts(store: Store, url: string): void {
  let seen = 0;
  let looking = false;
  let again = false;
  const look = async (): Promise<void> => {
    if (looking) return void (again = true);
    looking = true;
    do {
      again = false;
      const costs = await fetchCosts(url).catch(() => null);
      if (costs) store.takeParts(costs.parts);
    } while (again);
    looking = false;
  };
  store.subscribe(() => {
    if (store.trace.parts === seen) return;
    seen = store.trace.parts;
    void look();
  });
  document.addEventListener("troupe:family", () => void look());
}
