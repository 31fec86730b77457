// The one vocabulary of state, as a node's foot and a lit edge show it.
export type NodeStatus = "queued" | "running" | "waiting" | "done" | "failed" | "skipped" | "cancelled" | "doubt";

export interface NodeState {
  status: NodeStatus;
  word?: string; // instead of the usual word
  time?: string;
  late?: boolean; // it took longer than it was meant to
  cost?: string;
  progress?: number; // 0 to 1; a running node without it shows no bar
  note?: string; // takes the place of the role line
}

export type EdgeTone = "run" | "done" | "off" | "error";
export type EdgeState = EdgeTone | { tone: EdgeTone; label?: string };

export const STATUS: Record<NodeStatus, { word: string; icon: string }> = {
  queued: { word: "Queued", icon: "circle-dashed" },
  running: { word: "Running", icon: "loader" },
  waiting: { word: "Waiting", icon: "hand" },
  done: { word: "Done", icon: "circle-check" },
  failed: { word: "Failed", icon: "circle-x" },
  skipped: { word: "Not taken", icon: "circle-slash" },
  cancelled: { word: "Cancelled", icon: "ban" },
  doubt: { word: "In doubt", icon: "circle-question-mark" },
};

export function stateWord(state: NodeState): string {
  return state.word || STATUS[state.status].word;
}
