// What other islands use of this package.
import "./graph.css";

export { Card, Tile } from "./Card";
export { Icon, inlineSprite } from "./Icon";
export { cardText, kindOf, nodeName, shortDuration } from "./kinds";
export { Outline, type OutlineProps } from "./Outline";
export { STATUS, type EdgeState, type EdgeTone, type NodeState, type NodeStatus } from "./states";
export { TeamGraph, type Selection, type TeamGraphProps } from "./TeamGraph";
export { completeGraph, makeCatalog } from "./types";
export type { AgentInfo, Catalog, Graph, GraphEdge, GraphNode, Kind, LooseGraph, Problem, ToolInfo } from "./types";
