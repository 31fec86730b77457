// Edges: orthogonal, told apart by shape, colour and words; lit by a run, or selected while drawing.
import {
  BaseEdge,
  EdgeLabelRenderer,
  type ConnectionLineComponentProps,
  type Edge,
  type EdgeProps,
} from "@xyflow/react";
import { createContext, memo, useContext, useMemo } from "react";
import { Icon } from "./Icon";
import { rectAtPort, type PortId, type Rect } from "./geometry";
import { roundedPath, route } from "./route";
import type { EdgeTone } from "./states";
import type { EdgeKind, Kind, Point } from "./types";

export interface EdgeData extends Record<string, unknown> {
  kind: EdgeKind;
  label: string;
  rule: boolean; // the label is a rule, set in mono
  back: boolean; // leads back to where each round of a loop begins
  own: boolean; // it has words of its own, not only those of its kind
  first: boolean; // the first of its source's delegations carries the label of their kind
  tone: EdgeTone | null;
  from: Kind;
  to: Kind;
  hovered: boolean;
}
export type TeamEdge = Edge<EdgeData, "team">;

export interface EdgeActions {
  select(id: string): void;
  insert?(id: string, at: { x: number; y: number }): void;
  hover?(id: string | null): void;
}
export const ActionsContext = createContext<EdgeActions>({ select: () => {} });
/** Where the cards lie that edges go around; changes when a drawing step is done, not while dragging. */
export const ObstacleContext = createContext<ReadonlyMap<string, Rect>>(new Map());

const TONES = ["flow", "error", "delegates", "handoff", "selected", "run", "done"] as const;

export function Markers() {
  return (
    <svg className="tg-markers" aria-hidden="true">
      <defs>
        {TONES.map((tone) => (
          <marker
            key={tone}
            id={`tg-arrow-${tone}`}
            className={`tg-arrow is-${tone}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto-start-reverse"
          >
            <path d="M0 .6 7.4 4 0 7.4z" />
          </marker>
        ))}
      </defs>
    </svg>
  );
}

function toneOf(data: EdgeData, selected: boolean): string {
  if (selected) return "selected";
  if (data.tone === "run" || data.tone === "done") return data.tone;
  return data.tone === "error" ? "error" : data.kind;
}

function useWay(props: EdgeProps<TeamEdge>) {
  const { sourceX, sourceY, targetX, targetY, source, target, data } = props;
  const rects = useContext(ObstacleContext);
  return useMemo(() => {
    const from = { x: sourceX, y: sourceY };
    const to = { x: targetX, y: targetY };
    const obstacles: Rect[] = [];
    for (const [id, rect] of rects) {
      if (id !== source && id !== target) obstacles.push(grow(rect));
    }
    if (data) {
      obstacles.push(rectAtPort(data.from, (props.sourceHandleId ?? "flow") as PortId, from));
      obstacles.push(rectAtPort(data.to, (props.targetHandleId ?? "in") as PortId, to));
    }
    return route(from, to, obstacles, data?.back ? "over" : data?.kind === "delegates" ? "down" : "across");
  }, [sourceX, sourceY, targetX, targetY, source, target, rects, data?.kind, data?.back, data?.from, data?.to]);
}

const grow = (rect: Rect): Rect => ({ x: rect.x - 6, y: rect.y - 6, width: rect.width + 12, height: rect.height + 12 });

export const TeamEdgeView = memo(function TeamEdgeView(props: EdgeProps<TeamEdge>) {
  const { id, data, selected = false } = props;
  const way = useWay(props);
  if (!data) return null;
  const tone = toneOf(data, selected);
  const arrow = `url(#tg-arrow-${tone})`;
  const classes = `tg-edge is-${data.kind} tone-${tone}${data.back ? " is-back" : ""}${data.tone === "off" ? " is-off" : ""}`;
  return (
    <>
      <BaseEdge
        id={id}
        path={roundedPath(way.points)}
        className={classes}
        markerEnd={arrow}
        interactionWidth={18}
        {...(data.kind === "handoff" ? { markerStart: arrow } : {})}
      />
      <Label {...props} data={data} tone={tone} way={way} />
    </>
  );
});

function Label({
  id,
  data,
  selected,
  tone,
  way,
  sourceX,
  sourceY,
  targetX,
  targetY,
}: EdgeProps<TeamEdge> & { data: EdgeData; tone: string; way: ReturnType<typeof route> }) {
  const actions = useContext(ActionsContext);
  const shown = data.label && (data.kind !== "delegates" || data.own || data.first);
  const plus = actions.insert && (selected || data.hovered) && !data.back;
  if (!shown && !plus) return null;
  const at = labelPlace(data, { x: sourceX, y: sourceY }, { x: targetX, y: targetY }, way.label);
  return (
    <EdgeLabelRenderer>
      <div
        className="tg-label-place nodrag nopan"
        style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
        onPointerEnter={() => actions.hover?.(id)}
        onPointerLeave={() => actions.hover?.(null)}
      >
        {shown && (
          <span
            className={`tg-label tone-${tone}${data.rule ? " is-rule" : ""}`}
            title={data.label}
            onClick={() => actions.select(id)}
          >
            {data.kind === "error" && <Icon name="zap" />}
            {data.back && <Icon name="repeat" />}
            <span className="truncate">{data.label}</span>
          </span>
        )}
        {plus && (
          <button
            type="button"
            className="tg-plus"
            title="Insert a node here"
            aria-label="Insert a node here"
            onClick={() => actions.insert?.(id, at)}
          >
            <Icon name="plus" size={13} />
          </button>
        )}
      </div>
    </EdgeLabelRenderer>
  );
}

const BESIDE_PORT = { source: 38, target: 26 };

/** Delegations say their kind where they leave together, and what is their own where each arrives. */
function labelPlace(data: EdgeData, source: Point, target: Point, middle: Point): Point {
  if (data.kind !== "delegates") return middle;
  if (data.first) return { x: source.x, y: source.y + BESIDE_PORT.source };
  return { x: target.x, y: target.y - BESIDE_PORT.target };
}

/** The kind of edge that a port stands for, on either end. */
export function kindAt(port: string | null | undefined): EdgeKind {
  if (port === "top") return "delegates";
  if (port === "peer") return "handoff";
  return port === "error" || port === "delegates" || port === "handoff" ? port : "flow";
}

/** The edge that follows the pointer while connecting. */
export function ConnectionLine({
  fromX,
  fromY,
  toX,
  toY,
  fromHandle,
  fromNode,
  connectionStatus,
}: ConnectionLineComponentProps) {
  const kind = kindAt(fromHandle?.id);
  const from = { x: fromX, y: fromY };
  const to = { x: toX, y: toY };
  const backwards = fromHandle?.type === "target";
  const { x, y } = fromNode.internals.positionAbsolute;
  const own = [{ x, y, width: fromNode.measured.width ?? 0, height: fromNode.measured.height ?? 0 }];
  const facing = fromHandle?.id === "back" ? "over" : kind === "delegates" ? "down" : "across";
  const way = backwards ? route(to, from, own, facing) : route(from, to, own, facing);
  const tone = connectionStatus === "invalid" ? "error" : connectionStatus === "valid" ? "selected" : kind;
  return (
    <path
      className={`tg-edge is-${kind} tone-${tone}`}
      d={roundedPath(way.points)}
      markerEnd={`url(#tg-arrow-${tone})`}
      {...(kind === "handoff" ? { markerStart: `url(#tg-arrow-${tone})` } : {})}
    />
  );
}

export const edgeTypes = { team: TeamEdgeView };
