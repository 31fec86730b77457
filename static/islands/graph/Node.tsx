// Puts cards and tiles on the drawing, with the ports that their kind has.
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { memo, useMemo } from "react";
import { Card, Tile } from "./Card";
import { ports, PORT_SIZE, type Port } from "./geometry";
import type { CardText } from "./kinds";
import type { NodeState } from "./states";
import type { Kind, Problem } from "./types";

export interface NodeData extends Record<string, unknown> {
  text: CardText;
  problems: Problem[];
  state: NodeState | undefined;
  used: string; // the ports edges are at, as "in flow error"; others that are rarely wanted show when needed
  workers: number; // nodes it delegates to
}
export type TeamNode = Node<NodeData, "team">;

export const SIDES = { left: Position.Left, right: Position.Right, top: Position.Top, bottom: Position.Bottom };

const NAMES: Record<Port["id"], string> = {
  in: "Leads in",
  top: "Is delegated to",
  peer: "Is handed to",
  flow: "Leads to",
  back: "Leads back to",
  error: "On error",
  delegates: "Delegates to",
  handoff: "Hands off to",
};

export function handleBounds(kind: Kind) {
  return ports(kind).map((port) => ({
    id: port.id,
    type: port.type,
    position: SIDES[port.side],
    x: port.x,
    y: port.y,
    width: PORT_SIZE,
    height: PORT_SIZE,
  }));
}

const RARE: ReadonlySet<Port["id"]> = new Set(["top", "peer", "back", "error", "handoff"]);

/** Rarely wanted ports without an edge, and flow ports of those whom only others run. */
function hidden(port: Port, data: NodeData, editable: boolean): boolean {
  const used = data.used.split(" ");
  if (RARE.has(port.id) || (port.id === "delegates" && !editable)) return !used.includes(port.id);
  const run = used.includes("top") || used.includes("peer");
  return run && !used.includes("in") && !used.includes("flow") && port.id !== "delegates";
}

export const TeamNodeView = memo(function TeamNodeView({ data, selected, isConnectable }: NodeProps<TeamNode>) {
  const { text, problems, state, workers } = data;
  const View = text.kind.shape === "tile" ? Tile : Card;
  const found = useMemo(() => ports(text.kind), [text.kind]);
  return (
    <>
      <View text={text} problems={problems} state={state} selected={selected} workers={workers} />
      {found.map((port) => (
        <Handle
          key={port.id}
          id={port.id}
          type={port.type}
          position={SIDES[port.side]}
          isConnectable={isConnectable}
          className={`tg-port is-${port.id}${hidden(port, data, isConnectable) ? " is-hidden" : ""}${selected ? " is-selected" : ""}`}
          title={isConnectable ? NAMES[port.id] : undefined}
        />
      ))}
    </>
  );
});

export const nodeTypes = { team: TeamNodeView };
