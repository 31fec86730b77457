// From times to places on the waterfall, in percent. Long stretches in which only people were waited for fold into
// narrow bands, so that work stays legible beside an approval that took a night.
import { ticking } from "./figures";

export type Interval = [from: number, to: number]; // microseconds

export interface Band {
  from: number;
  to: number;
  left: number;
  width: number;
}
export interface Tick {
  left: number;
  words: string;
}
export interface Scale {
  at(time: number): number; // percent of the plot
  bands: Band[];
  ticks: Tick[];
}

const LEAST_IDLE_S = 8;
const LEAST_IDLE_PART = 0.1;
const BAND = 0.084;
const ALL_BANDS = 0.4;
const ROOM = 46; // percent that the words of one tick take, shared by all
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

/** Overlapping intervals as one, in order. */
export function union(intervals: Interval[]): Interval[] {
  const sorted = intervals.filter(([from, to]) => to >= from).sort((a, b) => a[0] - b[0]);
  const found: Interval[] = [];
  for (const [from, to] of sorted) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

export const total = (intervals: Interval[]): number => union(intervals).reduce((sum, [from, to]) => sum + to - from, 0);

/** The stretches of [start, end] in which nothing worked, if they are long enough to fold. */
export function idle(start: number, end: number, active: Interval[]): Interval[] {
  const least = Math.max(LEAST_IDLE_S * 1e6, (end - start) * LEAST_IDLE_PART);
  const gaps: Interval[] = [];
  let at = start;
  for (const [from, to] of [...union(active), [end, end] as Interval]) {
    if (from - at >= least) gaps.push([at, Math.min(from, end)]);
    at = Math.max(at, to);
  }
  return gaps;
}

/** From `start` to `end`, with nothing said after `now`. `window`: the part of the whole in sight, from 0 to 1. */
export function makeScale(start: number, end: number, now: number, gaps: Interval[], window: Interval = [0, 1], most = 7): Scale {
  const length = Math.max(1, end - start);
  const band = gaps.length ? Math.min(BAND, ALL_BANDS / gaps.length) : 0;
  const folded = gaps.reduce((sum, [from, to]) => sum + to - from, 0);
  const rate = (1 - band * gaps.length) / Math.max(1, length - folded);
  const whole = (time: number): number => {
    let place = (Math.min(Math.max(time, start), end) - start) * rate;
    for (const [from, to] of gaps) {
      if (time >= to) place += band - (to - from) * rate;
      else if (time > from) place += ((time - from) / (to - from)) * band - (time - from) * rate;
    }
    return place;
  };
  const [left, right] = window;
  const at = (time: number): number => ((whole(time) - left) / (right - left)) * 100;
  const bands = gaps.map(([from, to]) => ({ from, to, left: at(from), width: at(to) - at(from) }));
  return { at, bands, ticks: ticks(start, now, gaps, at, ((length - folded) * (right - left)) / 1e6, most) };
}

function ticks(start: number, now: number, gaps: Interval[], at: (time: number) => number, seconds: number, most: number): Tick[] {
  const step = (STEPS.find((one) => seconds / one <= most) ?? seconds / most) * 1e6;
  const found: Tick[] = [];
  for (let time = start, count = 0; time <= now && count < 20_000; time += step, count += 1) {
    if (gaps.some(([from, to]) => time > from - step / 4 && time < to)) continue;
    const left = at(time);
    const last = found.at(-1);
    if (left < -0.01 || left > 100 - ROOM / most / 2 || (last && left - last.left < ROOM / most)) continue;
    found.push({ left, words: step < 1e6 ? `${((time - start) / 1e6).toFixed(1)}s` : ticking((time - start) / 1e6) });
  }
  return found;
}
