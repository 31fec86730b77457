// One row of the waterfall: what, how much, how long, and its bars.
import { Icon, StateIcon } from "../parts/icons";
import type { Bar, Row } from "../show/rows";
import type { Scale } from "../show/scale";

interface Props {
  row: Row;
  scale: Scale;
  chosen: boolean;
  critical: boolean;
  onSelect(): void;
  onTurn(key: string, open: boolean): void;
}

export function WaterfallRow({ row, scale, chosen, critical, onSelect, onTurn }: Props) {
  return (
    <div className={`wf-row${row.foldable || !row.depth ? " is-group" : ""}${critical ? " is-critical" : ""}`} aria-current={chosen || undefined} onClick={onSelect}>
      <div className="wf-label" style={{ paddingLeft: `calc(6px + ${row.depth} * var(--indent))` }}>
        {row.foldable ? (
          <button type="button" tabIndex={-1} className="wf-turn" aria-expanded={row.open} aria-label={`${row.open ? "Fold" : "Unfold"} ${row.label}`}
            onClick={(event) => { event.stopPropagation(); onTurn(row.key, !row.open); }}><Icon name={row.open ? "chevron-down" : "chevron-right"} size={12} /></button>
        ) : <span className="wf-turn" />}
        <span className={`wf-icon${row.tone ? ` is-${row.tone}` : ""}`}><Icon name={row.icon} size={14} /></span>
        <button type="button" tabIndex={-1} className="truncate text-left" onClick={onSelect}>{row.label}</button>
        {row.hint && <span className="wf-hint">{row.hint}</span>}
        {row.status && <span className="ml-auto inline-flex"><StateIcon status={row.status} /></span>}
      </div>
      <div className="wf-tokens num">{row.tokens || <span className="text-dim">–</span>}</div>
      <div className={`wf-cost num${row.unsettled ? " text-dim italic" : ""}`} title={row.unsettled ? "reserved" : undefined}>{row.cost}</div>
      <div className="wf-time num">{row.time}</div>
      <div className="wf-plot">
        <div className="wf-in">
          {row.bars.map((bar, at) => <BarMark key={at} bar={bar} scale={scale} />)}
          {row.mark > 0 && <i className="wf-mark" style={{ left: `${scale.at(row.mark)}%` }} />}
        </div>
      </div>
    </div>
  );
}

function BarMark({ bar, scale }: { bar: Bar; scale: Scale }) {
  const left = scale.at(bar.from);
  const right = scale.at(bar.to);
  if (right < 0 || left > 100) return null;
  return <i className={`wf-bar is-${bar.kind}${bar.live ? " is-live" : ""}`} style={{ left: `${left}%`, width: `${right - left}%` }} title={bar.words} />;
}
