// What is selected, and which view is open; both stand in the address, so that a link leads to the same sight.
export type View = "graph" | "timeline" | "log" | "output" | "cost";
export const VIEWS: { id: View; words: string; icon: string }[] = [
  { id: "graph", words: "Graph", icon: "workflow" },
  { id: "timeline", words: "Timeline", icon: "chart-gantt" },
  { id: "log", words: "Log", icon: "list" },
  { id: "output", words: "Output", icon: "file-text" },
  { id: "cost", words: "Cost", icon: "coins" },
];

export type Selected =
  | { kind: "node"; path: string } // one instance
  | { kind: "all"; node: string } // a node with all its instances
  | { kind: "call"; call: string; attempt: number } // attempt 0: the newest
  | { kind: "approval"; path: string; key: string }
  | { kind: "event"; seq: number };

export function writeSelected(selected: Selected): string {
  switch (selected.kind) {
    case "node":
      return `node:${selected.path}`;
    case "all":
      return `all:${selected.node}`;
    case "call":
      return `call:${selected.call}${selected.attempt ? `#${selected.attempt}` : ""}`;
    case "approval":
      return `approval:${selected.path}:${selected.key}`;
    case "event":
      return `event:${selected.seq}`;
  }
}

export function readSelected(text: string): Selected | null {
  const [, kind = "", rest = ""] = /^(\w+):([\s\S]+)$/.exec(text) ?? [];
  if (kind === "node") return { kind, path: rest };
  if (kind === "all") return { kind, node: rest };
  if (kind === "event" && /^\d+$/.test(rest)) return { kind, seq: Number(rest) };
  if (kind === "call") {
    const [call = "", attempt = "0"] = rest.split("#");
    return { kind, call, attempt: Number(attempt) || 0 };
  }
  if (kind === "approval") {
    const [path = "", ...key] = rest.split(":");
    return { kind, path, key: key.join(":") };
  }
  return null;
}

export function sameSelected(a: Selected | null, b: Selected | null): boolean {
  return a === b || (a !== null && b !== null && writeSelected(a) === writeSelected(b));
}

export interface Sight {
  view: View;
  selected: Selected | null;
}

export function readSight(): Sight {
  const query = new URLSearchParams(location.search);
  const view = VIEWS.find((one) => one.id === query.get("view"))?.id ?? "graph";
  return { view, selected: readSelected(query.get("select") ?? "") };
}

export function writeSight({ view, selected }: Sight): void {
  const query = new URLSearchParams(location.search);
  if (view === "graph") query.delete("view");
  else query.set("view", view);
  if (selected) query.set("select", writeSelected(selected));
  else query.delete("select");
  const text = query.toString();
  history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
}
