// Rows of one height, of which only those in sight are drawn: a log of 20,000 events scrolls like one of twenty.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

const OVERSCAN = 12;
const NEAR_END = 24;

export interface VirtualRowsProps {
  count: number;
  height: number;
  label: string;
  className?: string;
  head?: ReactNode; // stays at the top
  behind?: ReactNode; // over the whole height, behind the rows
  current: number; // the selected row, or -1
  follow?: boolean; // keep to the end while the reader is there
  onMove?(index: number): void; // by keyboard
  onEnd?(atEnd: boolean): void;
  row(index: number): ReactNode;
}

export function VirtualRows(props: VirtualRowsProps) {
  const { count, height, current, follow, onMove, onEnd } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, size: 600 });
  const atEnd = useRef(true);

  const look = useCallback(() => {
    const node = box.current;
    if (!node) return;
    setView({ top: node.scrollTop, size: node.clientHeight });
    const now = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END;
    if (now !== atEnd.current) {
      atEnd.current = now;
      onEnd?.(now);
    }
  }, [onEnd]);

  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const observer = new ResizeObserver(look);
    observer.observe(node);
    return () => observer.disconnect();
  }, [look]);

  useLayoutEffect(() => {
    const node = box.current;
    if (node && follow && atEnd.current) node.scrollTop = node.scrollHeight;
  }, [count, follow]);

  useLayoutEffect(() => {
    const node = box.current;
    if (!node || current < 0) return;
    const top = current * height;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (top + height * 2 > node.scrollTop + node.clientHeight) node.scrollTop = top + height * 2 - node.clientHeight;
  }, [current, height]);

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: count - 1 };
    const next = steps[event.key];
    if (next === undefined || !onMove || next < 0 || next >= count) return;
    event.preventDefault();
    onMove(next);
  };

  const first = Math.max(0, Math.floor(view.top / height) - OVERSCAN);
  const last = Math.min(count, Math.ceil((view.top + view.size) / height) + OVERSCAN);
  const rows = [];
  for (let index = first; index < last; index += 1) rows.push(props.row(index));
  return (
    <div ref={box} className={`rt-rows scroll-y ${props.className ?? ""}`} onScroll={look} onKeyDown={onKeyDown} role="group" aria-label={props.label} tabIndex={0}>
      {props.head}
      <div className="relative" style={{ height: count * height }}>
        {props.behind}
        <div className="relative" style={{ transform: `translateY(${first * height}px)` }}>{rows}</div>
      </div>
    </div>
  );
}
