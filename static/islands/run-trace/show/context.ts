// What every view needs: the run, its page, the clock and what is selected.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { GraphNode } from "../../graph";
import type { Store } from "../feed/store";
import type { Page } from "../page";
import { nodeIdOf } from "../log/state";
import { nameOf, nameOfCall, toolName } from "./names";
import type { Selected } from "./selection";
import type { Called } from "./words";

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
  const { store, page } = useRun();
  const running = !store.state.ended && !page.until;
  const [now, setNow] = useState(() => Date.now() * 1000);
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => document.hidden || setNow(Date.now() * 1000), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const newest = store.events.at(-1)?.at ?? 0;
  if (page.until) return newest;
  return store.state.ended ? store.state.ended_at : Math.max(now, newest);
}

export function useNode(path: string): GraphNode | undefined {
  const id = nodeIdOf(path);
  return useRun().page.graph.nodes.find((node) => node.id === id);
}

/** How what events speak of is called. */
export function useCalled(): Called {
  const { store, page } = useRun();
  return useMemo(() => ({
    call: (id) => nameOfCall(store, page, id), tool: (name) => toolName(page, name), node: (path) => nameOf(store, page, path),
  }), [store, page]);
}

/** The name of an instance in this run. */
export function useNames(): (path: string) => string {
  const { store, page } = useRun();
  return useCallback((path: string) => nameOf(store, page, path), [store, page]);
}
