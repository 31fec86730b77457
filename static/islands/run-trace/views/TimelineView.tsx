// The waterfall: who worked when, who was waited for, and where the run is now.
import { useCallback, useMemo, useState } from "react";
import { Icon } from "../parts/icons";
import { nodeIdOf } from "../log/state";
import { VirtualRows } from "../parts/VirtualRows";
import { useNames, useNow, useRun } from "../show/context";
import { criticalPath, longest, type CriticalPath } from "../show/critical";
import { duration } from "../show/figures";
import { activeTimes, makeRows, waitTimes, type Row } from "../show/rows";
import { idle, makeScale, total, type Interval, type Scale } from "../show/scale";
import { sameSelected } from "../show/selection";
import { Strip } from "./Strip";
import { WaterfallRow } from "./WaterfallRow";

const ROW = 24;
const ROOM_AFTER_NOW = 0.06;
const MOST_ZOOM = 512;
const NARROW = 720; // pixels, below which only times stay beside the plot
const PLOT_PART = 0.5;
const TICK_ROOM = 90;

export function TimelineView() {
  const { store, page, selected, select } = useRun();
  const now = useNow();
  const name = useNames();
  const [box, width] = useWidth();
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [folded, setFolded] = useState(true);
  const [lit, setLit] = useState(true);
  const [window, setWindow] = useState<Interval>([0, 1]);
  const start = store.origin;
  const active = useMemo(() => activeTimes(store, now), [store, store.version, now]);
  const rows = useMemo(() => makeRows(store, page, opened, now), [store, store.version, page, opened, now]);
  const path = useMemo(() => criticalPath(store.state.nodes, store.trace, page.graph.edges, now), [store, store.version, page, now]);
  if (!start) return <p className="rt-none">The run waits for a worker. Its steps appear here as soon as it begins.</p>;
  const gaps = idle(start, now, active);
  const idled = folded ? gaps.reduce((sum, [from, to]) => sum + to - from, 0) : 0;
  const end = store.state.ended ? now : now + (now - start - idled) * ROOM_AFTER_NOW;
  const scale = makeScale(start, end, now, folded ? gaps : [], window, Math.min(8, Math.max(2, Math.floor((width * PLOT_PART) / TICK_ROOM))));
  const current = rows.findIndex((row) => sameSelected(row.select, selected));
  const turn = (key: string, open: boolean) => setOpened(new Map(opened).set(key, open));
  return (
    <div className="rt-fill">
      <div className="rt-tools">
        <span className="text-dim text-meta num wf-waited max-md:hidden">{waited(store.state.ended_at || now, start, waitTimes(store, now), path)}</span>
        <span className="flex-1" />
        <button type="button" className="btn btn-xs" aria-pressed={lit} onClick={() => setLit(!lit)} title="The steps that decided how long the run took"><Icon name="route" /><span className="max-md:hidden">Critical path</span><span className="md:hidden">Path</span></button>
        {gaps.length > 0 && <button type="button" className="btn btn-xs" aria-pressed={folded} onClick={() => setFolded(!folded)}><Icon name="fold-horizontal" /><span className="max-md:hidden">Idle folded</span><span className="md:hidden">Idle</span></button>}
        <Zoom window={window} setWindow={setWindow} />
      </div>
      <div ref={box} className={`wf${width < NARROW ? " is-narrow" : ""}${lit ? " is-lit" : ""}`}>
        <Strip start={start} end={end} now={store.state.ended ? 0 : now} active={active} waits={waitTimes(store, now)} window={window} onWindow={setWindow} narrowed={!folded || gaps.length === 0} />
        <VirtualRows count={rows.length} height={ROW} label="Steps in order of time" className="wf-rows" current={current}
          onMove={(index) => select(rows[index]!.select)} head={<Axis scale={scale} now={store.state.ended ? null : scale.at(now)} onUnfold={() => setFolded(false)} />}
          behind={<><Grid scale={scale} now={store.state.ended ? null : scale.at(now)} />{lit && <Links path={path} rows={rows} scale={scale} />}</>}
          row={(index) => {
            const row = rows[index]!;
            return <WaterfallRow key={row.key} row={row} scale={scale} chosen={index === current} critical={isCritical(row, path)} onSelect={() => select(row.select)} onTurn={turn} />;
          }} />
        <Legend path={path} name={name} ended={store.state.ended !== ""} />
      </div>
    </div>
  );
}

function useWidth(): [(node: HTMLElement | null) => void, number] {
  const [width, setWidth] = useState(1000);
  const watch = useCallback((node: HTMLElement | null) => {
    if (!node) return;
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [watch, width];
}

function waited(end: number, start: number, waits: Interval[], path: CriticalPath): string {
  const people = total(waits);
  const words = [`${duration((end - start) / 1e6)} in all`];
  if (people) words.push(`${duration(people / 1e6)} waiting for people`);
  if (people && path.people < people) words.push(`which held it up ${path.people ? duration(path.people / 1e6) : "not at all"}`);
  return words.join(" · ");
}

function Zoom({ window: [left, right], setWindow }: { window: Interval; setWindow(window: Interval): void }) {
  const zoom = (factor: number) => {
    const width = Math.min(1, Math.max(1 / MOST_ZOOM, (right - left) * factor));
    const middle = (left + right) / 2;
    const from = Math.min(Math.max(0, middle - width / 2), 1 - width);
    setWindow([from, from + width]);
  };
  const pan = (by: number) => {
    const width = right - left;
    const from = Math.min(Math.max(0, left + by * width), 1 - width);
    setWindow([from, from + width]);
  };
  const whole = left === 0 && right === 1;
  return (
    <span className="flex items-center gap-1.5" role="group" aria-label="Zoom">
      {!whole && <button type="button" className="btn btn-xs btn-square" aria-label="Earlier" disabled={left === 0} onClick={() => pan(-0.5)}><Icon name="chevron-left" /></button>}
      {!whole && <button type="button" className="btn btn-xs btn-square" aria-label="Later" disabled={right === 1} onClick={() => pan(0.5)}><Icon name="chevron-right" /></button>}
      <button type="button" className="btn btn-xs btn-square" aria-label="Zoom out" disabled={whole} onClick={() => zoom(2)}><Icon name="minus" /></button>
      <button type="button" className="btn btn-xs btn-square" aria-label="Zoom in" onClick={() => zoom(0.5)}><Icon name="plus" /></button>
      <button type="button" className="btn btn-xs" disabled={whole} onClick={() => setWindow([0, 1])}><Icon name="maximize-2" />Fit</button>
    </span>
  );
}

function Axis({ scale, now, onUnfold }: { scale: Scale; now: number | null; onUnfold(): void }) {
  return (
    <div className="wf-row wf-head">
      <div className="pl-3">Agent and step</div><div className="wf-tokens">Tokens</div><div className="wf-cost">Cost</div><div className="wf-time">Time</div>
      <div className="wf-plot"><div className="wf-in">
        {scale.ticks.map((tick) => <span key={tick.words} className={`wf-tick${tick.left < 0.5 ? " is-first" : ""}`} style={{ left: `${tick.left}%` }}>{tick.words}</span>)}
        {scale.bands.map((band) => <button key={band.from} type="button" className="wf-band" style={{ left: `${band.left}%`, width: `${band.width}%` }} onClick={onUnfold} title={`Nothing worked here for ${bandTime(band)}; show it to scale`}>{bandTime(band).split(" ")[0]}</button>)}
        {now !== null && now <= 101 && <span className={`wf-now-word${scale.bands.some((band) => Math.abs(band.left + band.width - now) < 4) ? " is-beside" : ""}`} style={{ left: `${now}%` }}>now</span>}
      </div></div>
    </div>
  );
}

const bandTime = (band: { from: number; to: number }): string => duration((band.to - band.from) / 1e6);

function Grid({ scale, now }: { scale: Scale; now: number | null }) {
  return (
    <div className="wf-behind" aria-hidden="true">
      {scale.ticks.map((tick) => <i key={tick.words} className="wf-line" style={{ left: `${tick.left}%` }} />)}
      {scale.bands.map((band) => <i key={band.from} className="wf-band" style={{ left: `${band.left}%`, width: `${band.width}%` }} />)}
      {now !== null && now <= 101 && <i className="wf-now" style={{ left: `${now}%` }} />}
    </div>
  );
}

const isCritical = (row: Row, path: CriticalPath): boolean =>
  path.keys.has(row.key) || (row.select.kind === "node" && path.paths.has(row.select.path)) || (row.select.kind === "all" && isOn(path, row.select.node));

const isOn = (path: CriticalPath, node: string): boolean => [...path.paths].some((one) => !one.includes("/") && nodeIdOf(one) === node);

/** From each step of the critical path to the one it let begin. */
function Links({ path, rows, scale }: { path: CriticalPath; rows: Row[]; scale: Scale }) {
  const places = new Map(rows.map((row, index) => [row.key, index]));
  const rowOf = (at: number) => places.get(path.steps[at]!.key) ?? places.get(`node:${path.steps[at]!.path}`);
  const links = path.steps.slice(1).flatMap((step, before) => {
    const [from, to] = [rowOf(before), rowOf(before + 1)];
    const left = scale.at(step.from);
    if (from === undefined || to === undefined || from === to || left < 0 || left > 100) return [];
    return <i key={step.key} className="wf-link" style={{ left: `${left}%`, top: Math.min(from, to) * ROW + ROW / 2, height: Math.abs(to - from) * ROW }} />;
  });
  return <div className="wf-behind" aria-hidden="true">{links}</div>;
}

const MOST_NAMED = 3;

function Legend({ path, name, ended }: { path: CriticalPath; name(path: string): string; ended: boolean }) {
  const marks = [["model", "model"], ["tool", "tool"], ["person", "person"], ["backoff", "back-off"], ["failed", "failed"]] as const;
  const waits = longest(path, MOST_NAMED).filter(({ micros }) => micros > 0);
  return (
    <div className="wf-legend">
      {marks.map(([kind, words]) => <span key={kind}><i className={`wf-bar is-${kind}`} />{words}</span>)}
      <span><i className="wf-path" />critical path</span>
      <span className="flex-1" />
      {waits.length > 0 && (
        <span className="text-dim num wf-longest">{ended ? "It waited" : "It has waited"} longest for {waits.map(({ path: of, micros }) => `${name(of)} ${duration(micros / 1e6)}`).join(" · ")}</span>
      )}
    </div>
  );
}
