// The graph as a tree of rows: the canvas of phones, keyboards and screen readers.
import { useEffect, useMemo, useRef, type KeyboardEvent } from "react";
import { ProblemBadge } from "./Card";
import { Icon } from "./Icon";
import { cardText } from "./kinds";
import { outline, type OutlineRow } from "./outlineRows";
import { STATUS, stateWord, type NodeState } from "./states";
import type { Catalog, Graph, GraphNode, Problem } from "./types";
import { edgeLabel, nodeLabel } from "./words";

export interface OutlineProps {
  graph: Graph;
  catalog: Catalog;
  selected: string | null;
  problems?: ReadonlyMap<string, Problem[]>;
  states?: Record<string, NodeState>;
  onSelect(id: string): void;
  onOpen?(id: string): void;
}

const NONE: Problem[] = [];

export function Outline(props: OutlineProps) {
  const { graph, selected, onSelect, onOpen } = props;
  const rows = useMemo(() => outline(graph, props.catalog), [graph, props.catalog]);
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph]);
  const list = useRef<HTMLDivElement>(null);
  const current = rows.some((row) => row.id === selected) ? selected : (rows[0]?.id ?? null);

  useEffect(() => {
    list.current?.querySelector(`[data-id="${current}"]`)?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const onKeyDown = (event: KeyboardEvent) => {
    const at = rows.findIndex((row) => row.id === current);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    const next = rows[steps[event.key] ?? -1];
    if (event.key in steps) {
      event.preventDefault();
      if (!next) return;
      onSelect(next.id);
      list.current?.querySelector<HTMLElement>(`[data-id="${next.id}"]`)?.focus();
    } else if (event.key === "Enter" && current) {
      event.preventDefault();
      onOpen?.(current);
    }
  };

  return (
    <div ref={list} role="tree" aria-label="Outline of the team" className="tg-outline" onKeyDown={onKeyDown}>
      {rows.map((row) => (
        <Row key={row.id} {...props} row={row} node={nodes.get(row.id)!} current={row.id === current} />
      ))}
    </div>
  );
}

function Row(props: OutlineProps & { row: OutlineRow; node: GraphNode; current: boolean }) {
  const { row, node, catalog, graph, selected, current, onSelect, onOpen } = props;
  const text = cardText(catalog, node);
  const problems = props.problems?.get(node.id) ?? NONE;
  const state = props.states?.[node.id];
  const label = row.via ? edgeLabel(catalog, graph, row.via) : "";
  const rule = (row.via?.kind === "flow" || row.via?.kind === "delegates") && !row.via.label && row.via.when !== "";
  const chips = text.kind.shape === "tile" ? text.chips.map((chip) => chip.text).join(" · ") : "";
  return (
    <div
      role="treeitem"
      tabIndex={current ? 0 : -1}
      aria-level={row.depth + 1}
      aria-selected={row.id === selected}
      data-id={row.id}
      aria-label={[nodeLabel(catalog, node, problems, state), label && `reached ${label}`].filter(Boolean).join(". ")}
      className={`tg-row tg-${text.kind.group}${row.id === selected ? " is-selected" : ""}${state ? " has-state" : ""}`}
      style={{ paddingLeft: 14 + row.depth * 22 }}
      onClick={() => onSelect(row.id)}
      onDoubleClick={() => onOpen?.(row.id)}
    >
      <span className="tg-icon is-row">
        <Icon name={text.kind.icon} />
      </span>
      <span className="tg-row-text">
        <span className="tg-row-name">{text.name}</span>
        <span className="tg-row-role">{state?.note || chips || (state && text.isTemplate ? "" : text.role)}</span>
      </span>
      {label && (
        <span className={`tg-label tone-${row.via!.kind}${rule ? " is-rule" : ""}`}>
          <span className="truncate">{label}</span>
        </span>
      )}
      {state ? <RowState state={state} /> : <ProblemBadge problems={problems} />}
    </div>
  );
}

function RowState({ state }: { state: NodeState }) {
  return (
    <span className={`tg-row-state is-${state.status}`}>
      <Icon name={STATUS[state.status].icon} />
      {stateWord(state)}
      {state.cost && <small className="num">{state.cost}</small>}
    </span>
  );
}
