// The whole run to scale, above the waterfall: where it worked, where it waited, and which part is in sight.
import type { PointerEvent } from "react";
import { union, type Interval } from "../show/scale";

interface Props {
  start: number;
  end: number;
  now: number; // 0: it has ended
  active: Interval[];
  waits: Interval[];
  window: Interval;
  narrowed: boolean; // the waterfall is to scale too, so that the window can be drawn and dragged here
  onWindow(window: Interval): void;
}

export function Strip({ start, end, now, active, waits, window: [left, right], narrowed, onWindow }: Props) {
  const at = (time: number) => ((time - start) / Math.max(1, end - start)) * 100;
  const zoomed = right - left < 1;
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!zoomed || !narrowed || (event.type === "pointermove" && event.buttons !== 1)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const width = right - left;
    const from = Math.min(Math.max(0, (event.clientX - box.left) / box.width - width / 2), 1 - width);
    onWindow([from, from + width]);
  };
  const pieces = (intervals: Interval[], kind: string) => union(intervals).map(([from, to]) => (
    <i key={`${kind}${from}`} className={`wf-piece is-${kind}`} style={{ left: `${at(from)}%`, width: `${Math.max(0.15, at(to) - at(from))}%` }} />
  ));
  return (
    <div className="wf-strip">
      <span className="wf-strip-words">Whole run, to scale</span>
      <div className={`wf-whole${zoomed && narrowed ? " is-zoomed" : ""}`} onPointerDown={drag} onPointerMove={drag}>
        {pieces(waits, "person")}
        {pieces(active, "work")}
        {now > 0 && <i className="wf-now" style={{ left: `${at(now)}%` }} />}
        {zoomed && narrowed && <i className="wf-window" style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />}
      </div>
    </div>
  );
}
