// Below the canvas: every problem of the team; a click goes to where it is.
import { Icon } from "../../graph/Icon";
import { nodeName } from "../../graph/kinds";
import type { Graph, Problem } from "../../graph/types";
import { NOTHING } from "../model/edits";
import { target } from "../model/problems";
import type { Editor } from "../store/editor";
import { useEditor, useEditorState, useGraph, useProblems } from "../store/hooks";

export function goTo(editor: Editor, graph: Graph, problem: Problem): void {
  const found = target(graph, problem);
  if (!found) return editor.pick(NOTHING); // what concerns the whole team is edited where nothing is picked
  if (found.kind === "edge") {
    editor.pickEdge(found.id);
    const edge = graph.edges.find((one) => one.id === found.id);
    if (edge) editor.view?.revealAll([edge.source, edge.target]);
  } else {
    editor.pickNode(found.id);
    editor.view?.reveal(found.id);
  }
  editor.set({ pointing: problem });
}

function where(editor: Editor, graph: Graph, problem: Problem): string {
  const edge = graph.edges.find((one) => one.id === problem.edge);
  const node = graph.nodes.find((one) => one.id === (problem.node ?? edge?.source));
  return node ? nodeName(editor.catalog, node) : "The whole team";
}

export function ProblemRow({ problem, graph }: { problem: Problem; graph: Graph }) {
  const editor = useEditor();
  const bad = problem.severity === "error";
  return (
    <button type="button" className="tc-problem" onClick={() => goTo(editor, graph, problem)}>
      <span className={bad ? "s-failed" : "s-warning"}>
        <span className="state-color">
          <Icon name={bad ? "circle-x" : "triangle-alert"} size={16} label={bad ? "Problem" : "Warning"} />
        </span>
      </span>
      <span className="tc-problem-text">
        <b>{problem.message}</b>
        {problem.fix && <small>{problem.fix}</small>}
      </span>
      <span className="tc-problem-where">{where(editor, graph, problem)}</span>
    </button>
  );
}

function Verdict() {
  const { errors, warnings } = useProblems();
  const checking = useEditorState((state) => state.checking);
  if (checking)
    return (
      <span className="tc-verdict">
        <Icon name="loader" size={14} />
        Checking…
      </span>
    );
  if (errors) {
    return (
      <span className="tc-verdict is-bad">
        <Icon name="circle-x" size={14} />
        {errors === 1 ? "1 problem blocks publishing" : `${errors} problems block publishing`}
      </span>
    );
  }
  return (
    <span className="tc-verdict is-good">
      <Icon name="circle-check" size={14} />
      {warnings ? "Nothing blocks publishing" : "No problems"}
    </span>
  );
}

export function Drawer() {
  const editor = useEditor();
  const graph = useGraph();
  const problems = useProblems();
  const open = useEditorState((state) => state.drawer);
  const shown = open && problems.all.length > 0;
  return (
    <section className="tc-drawer" aria-label="Problems">
      <div className="tc-drawer-head">
        <button type="button" className="tc-tab is-on" aria-expanded={shown} onClick={() => editor.openDrawer(!shown)}>
          Problems<span className="count">{problems.all.length}</span>
        </button>
        <span className="flex-1" />
        <button
          type="button"
          className="contents"
          disabled={!problems.all.length}
          onClick={() => editor.openDrawer(!shown)}
        >
          <Verdict />
        </button>
        <button
          type="button"
          className="btn btn-xs btn-square btn-ghost"
          aria-label={shown ? "Close" : "Open"}
          disabled={!problems.all.length}
          onClick={() => editor.openDrawer(!shown)}
        >
          <Icon name={shown ? "chevron-down" : "chevron-up"} />
        </button>
      </div>
      {shown && (
        <div className="tc-drawer-rows">
          {problems.all.map((problem, at) => (
            <ProblemRow
              key={`${problem.code}:${problem.node}:${problem.edge}:${problem.field}:${at}`}
              problem={problem}
              graph={graph}
            />
          ))}
        </div>
      )}
    </section>
  );
}
