// What every view needs: the run, its page, the clock and what is selected.
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { nodeName, type GraphNode } from "../../graph";
import type { Store } from "../feed/store";
import type { Page } from "../page";
import type { Selected } from "./selection";

export interface Run {
  store: Store;
  page: Page;
  selected: Selected | null;
  select(selected: Selected | null): void;
}

export const RunContext = createContext<Run | null>(null);

/** The run as it is now; the component is drawn again when it moves on. */
export function useRun(): Run {
  const run = useContext(RunContext);
  if (!run) throw new Error("This component belongs into a run's page.");
  useSyncExternalStore(run.store.subscribe, run.store.snapshot);
  return run;
}

/** Now in microseconds, each second while something is open; never before the newest event. */
export function useNow(): number {
  const { store } = useRun();
  const running = !store.state.ended;
  const [now, setNow] = useState(() => Date.now() * 1000);
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => document.hidden || setNow(Date.now() * 1000), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const newest = store.events.at(-1)?.at ?? 0;
  return store.state.ended ? store.state.ended_at : Math.max(now, newest);
}

export function useNode(path: string): GraphNode | undefined {
  return useRun().page.graph.nodes.find((node) => node.id === path);
}

export function titleOf(page: Page, path: string): string {
  const node = page.graph.nodes.find((one) => one.id === path);
  return node ? nodeName(page.catalog, node) : path || "Run";
}

/** The name of the model or tool behind a call's id. */
export function nameOfCall(store: Store, call: string): string {
  return store.state.nodes.get(call.split("/")[0] ?? "")?.calls.get(call)?.name || call;
}
