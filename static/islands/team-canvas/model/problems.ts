// Where each problem of a team is shown: at its node, its edge, its field, and in the drawer.
import type { Graph, Problem } from "../../graph/types";

export interface ProblemMap {
  all: Problem[];
  byNode: Map<string, Problem[]>;
  byEdge: Map<string, Problem[]>;
  errors: number;
  warnings: number;
}

const weight = (problem: Problem) => (problem.severity === "error" ? 0 : 1);

export function mapProblems(problems: Problem[], before?: ProblemMap): ProblemMap {
  const all = [...problems].sort((a, b) => weight(a) - weight(b));
  const byNode = new Map<string, Problem[]>();
  const byEdge = new Map<string, Problem[]>();
  for (const problem of all) {
    if (problem.node) add(byNode, problem.node, problem);
    if (problem.edge) add(byEdge, problem.edge, problem);
  }
  if (before) keep(byNode, before.byNode);
  const errors = all.filter((problem) => problem.severity === "error").length;
  return { all, byNode, byEdge, errors, warnings: all.length - errors };
}

function add(map: Map<string, Problem[]>, key: string, problem: Problem): void {
  const list = map.get(key);
  if (list) list.push(problem);
  else map.set(key, [problem]);
}

/** Lists that say the same stay the same object, so that only cards that changed are drawn again. */
function keep(now: Map<string, Problem[]>, before: Map<string, Problem[]>): void {
  for (const [id, list] of now) {
    const old = before.get(id);
    if (old && old.length === list.length && old.every((one, at) => same(one, list[at]!))) now.set(id, old);
  }
}

function same(a: Problem, b: Problem): boolean {
  return a.code === b.code && a.message === b.message && a.field === b.field && a.severity === b.severity;
}

/** The problems of one field; `field` may come as `task.description`, `config.task.description` or `choices[0]`. */
export function problemsAt(problems: Problem[], path: readonly string[]): Problem[] {
  const wanted = path.join(".");
  return problems.filter((problem) => {
    const field = problem.field.replace(/^config\./, "");
    return field === wanted || field.startsWith(`${wanted}.`) || field.startsWith(`${wanted}[`);
  });
}

/** What a problem points at that is still on the canvas. */
export function target(graph: Graph, problem: Problem): { kind: "node" | "edge"; id: string } | null {
  if (problem.edge && graph.edges.some((edge) => edge.id === problem.edge)) return { kind: "edge", id: problem.edge };
  if (problem.node && graph.nodes.some((node) => node.id === problem.node)) return { kind: "node", id: problem.node };
  return null;
}
