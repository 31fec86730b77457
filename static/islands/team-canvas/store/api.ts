// What the page asks of the server. Every answer is turned into one of a few outcomes; nothing throws.
import type { AgentInfo, Graph, JsonObject, Kind, LooseGraph, ModelInfo, Problem, ToolInfo } from "../../graph/types";

export interface TeamInfo {
  id: string;
  name: string;
  description: string;
  revision: number;
  version: number | null;
  pattern: string;
  changed?: boolean; // the draft differs from the published version
  saved_at?: string | null;
}
export interface Pattern {
  name: string;
  title: string;
  icon: string;
  summary: string;
  graph: LooseGraph;
}
export interface Urls {
  save: string;
  validate: string;
  publish: string;
  launch: string;
  export: string;
  agent_new: string;
  teams: string;
  rehearse?: string;
  versions?: string;
}
export interface CanvasData {
  team: TeamInfo;
  graph: LooseGraph;
  kinds: Kind[];
  agents: AgentInfo[];
  tools: ToolInfo[];
  models: ModelInfo[];
  patterns?: Pattern[];
  teams?: { id: string; name: string; version: number; parameters?: JsonObject }[]; // published ones
  problems: Problem[];
  can_edit: boolean;
  urls: Urls;
  csrf: string;
}

export type SaveOutcome =
  | { kind: "saved"; revision: number; problems: Problem[]; savedAt: string }
  | { kind: "conflict"; revision: number; by: string; at: string; graph: LooseGraph; name: string | null }
  | Failure;
export type PublishOutcome =
  { kind: "published"; version: number } | { kind: "invalid"; problems: Problem[] } | Failure;
export type Failure = { kind: "offline" } | { kind: "refused"; message: string; problems: Problem[] };

type Body = Record<string, unknown>;

/** Browsers let at most 64 kB outlive the page that sent them. */
export const KEEPALIVE_LIMIT = 60_000;

export class Api {
  constructor(
    private readonly urls: Urls,
    private readonly csrf: string,
  ) {}

  async save(revision: number, graph: Graph, name: string): Promise<SaveOutcome> {
    const answer = await this.post(this.urls.save, { revision, graph, name });
    if (answer.kind !== "answer") return answer;
    const { status, body } = answer;
    if (status === 409) {
      return {
        kind: "conflict",
        revision: Number(body.revision),
        by: textOf(body.saved_by),
        at: textOf(body.saved_at),
        graph: (body.graph ?? {}) as LooseGraph,
        name: textOf(body.name) || null,
      };
    }
    if (status === 200) {
      return {
        kind: "saved",
        revision: Number(body.revision),
        problems: problems(body),
        savedAt: textOf(body.saved_at),
      };
    }
    return refusal(status, body);
  }

  async validate(graph: Graph): Promise<Problem[] | null> {
    const answer = await this.post(this.urls.validate, { graph });
    return answer.kind === "answer" && (answer.status === 200 || answer.status === 422) ? problems(answer.body) : null;
  }

  async publish(revision: number, note: string): Promise<PublishOutcome> {
    const answer = await this.post(this.urls.publish, { revision, note });
    if (answer.kind !== "answer") return answer;
    const { status, body } = answer;
    if (status === 200) return { kind: "published", version: Number(body.version) };
    if (status === 422) return { kind: "invalid", problems: problems(body) };
    return refusal(status, body);
  }

  private async post(url: string, body: Body): Promise<{ kind: "answer"; status: number; body: Body } | Failure> {
    const text = JSON.stringify(body);
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf, Accept: "application/json" },
        body: text,
        credentials: "same-origin",
        keepalive: text.length < KEEPALIVE_LIMIT,
        redirect: "manual",
      });
    } catch {
      return { kind: "offline" };
    }
    if (response.type === "opaqueredirect" || response.status === 401) {
      return refused(
        "You are signed out. Sign in again in another tab, then change anything here to save; nothing is lost.",
      );
    }
    if (response.status >= 502) return { kind: "offline" };
    const json = response.headers.get("Content-Type")?.includes("json") ?? false;
    const parsed = json ? await response.json().catch(() => null) : null;
    if (parsed === null || typeof parsed !== "object") return refusal(response.status, {});
    return { kind: "answer", status: response.status, body: parsed as Body };
  }
}

function refusal(status: number, body: Body): Failure {
  const said = textOf(body.message) || textOf(body.detail);
  const usual: Record<number, string> = {
    403: "You may no longer edit this team. Reload the page to see it as it is.",
    404: "This team is no longer there. Copy what you need before you leave.",
    413: "The team is too large to save.",
    422: "The draft could not be saved as it is.",
  };
  const message =
    said || usual[status] || `The server could not do this (${status}). It will be tried again with the next change.`;
  return refused(message, problems(body));
}

const refused = (message: string, found: Problem[] = []): Failure => ({ kind: "refused", message, problems: found });
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const problems = (body: Body): Problem[] => (Array.isArray(body.problems) ? (body.problems as Problem[]) : []);

export async function load(url: string): Promise<CanvasData | string> {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) return `The team could not be loaded (${response.status}). Reload the page to try again.`;
    return (await response.json()) as CanvasData;
  } catch {
    return "The team could not be loaded: the server does not answer. Reload the page to try again.";
  }
}
