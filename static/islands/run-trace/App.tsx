// The run's page below its head: five views over one selection, and what is selected at the right.
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Detail } from "./detail/Detail";
import { Contents, ContentsContext } from "./feed/content";
import type { Store } from "./feed/store";
import type { Page } from "./page";
import { Icon } from "./parts/icons";
import { Sheet } from "./parts/Sheet";
import { RunContext } from "./show/context";
import { found } from "./show/names";
import { readSight, sameSelected, VIEWS, writeSight, type Selected, type Sight } from "./show/selection";
import { CostView } from "./views/CostView";
import { GraphView } from "./views/GraphView";
import { LogView } from "./views/LogView";
import { OutputView } from "./views/OutputView";
import { TimelineView } from "./views/TimelineView";

const NARROW = matchMedia("(max-width: 1023px)");

function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      NARROW.addEventListener("change", changed);
      return () => NARROW.removeEventListener("change", changed);
    },
    () => NARROW.matches,
  );
}

export function App({ store, page }: { store: Store; page: Page }) {
  useSyncExternalStore(store.subscribe, store.snapshot);
  const [sight, setSight] = useState<Sight>(readSight);
  const narrow = useNarrow();
  const contents = useMemo(() => new Contents(page.urls.content), [page]);
  const select = useCallback((selected: Selected | null) => {
    setSight((old) => (sameSelected(old.selected, selected) ? old : { ...old, selected }));
  }, []);
  useEffect(() => writeSight(sight), [sight]);
  useKeys(select, (view) => setSight((old) => ({ ...old, view })));
  const { view } = sight;
  const selected = found(store, sight.selected);
  const run = useMemo(() => ({ store, page, selected, select }), [store, page, selected, select]);
  return (
    <ContentsContext value={contents}>
      <RunContext value={run}>
        <div className="rt-bar">
          <div className="seg" role="tablist" aria-label="Views">
            {VIEWS.map((one) => (
              <button key={one.id} type="button" role="tab" id={`rt-tab-${one.id}`} aria-selected={one.id === view} aria-controls="rt-view" onClick={() => setSight({ ...sight, view: one.id })}>
                <Icon name={one.icon} /><span>{one.words}</span>
              </button>
            ))}
          </div>
          <span className="flex-1" />
          <Connection store={store} />
        </div>
        <div className="rt-main">
          <div className="rt-view" id="rt-view" role="tabpanel" aria-labelledby={`rt-tab-${view}`}>
            {view === "graph" && <GraphView narrow={narrow} />}
            {view === "timeline" && <TimelineView />}
            {view === "log" && <LogView />}
            {view === "output" && <OutputView />}
            {view === "cost" && <CostView />}
          </div>
          {selected && !narrow && <aside className="rt-detail" aria-label="Selected"><Detail selected={selected} /></aside>}
        </div>
        {narrow && <Sheet selected={selected} select={select} />}
      </RunContext>
    </ContentsContext>
  );
}

function useKeys(select: (selected: null) => void, show: (view: Sight["view"]) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open], :popover-open.menu")) return;
      const view = VIEWS[Number(event.key) - 1];
      if (event.key === "Escape") select(null);
      else if (view) show(view.id);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [select, show]);
}

const SAYS = {
  opening: "Opening", live: "Live", past: "As it was then", reconnecting: "Reconnecting", "signed out": "Signed out", gone: "No longer yours to see",
} as const;

function Connection({ store }: { store: Store }) {
  const behind = store.head - store.state.seq;
  if (store.state.ended && store.connection === "live") return <span className="text-dim text-meta num max-md:hidden">{store.state.seq} events</span>;
  if (store.connection === "past") return <span className="text-dim text-meta num max-md:hidden">{store.state.seq} events, as it was then</span>;
  const words = store.connection === "opening" && behind > 0 ? `Reading the log, ${store.state.seq} of ${store.head}` : SAYS[store.connection];
  return <span className={`live num${store.connection === "live" ? "" : " is-off"}`} role="status" title={store.problem}>{words}</span>;
}
