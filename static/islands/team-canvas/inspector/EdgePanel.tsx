// One connection: what kind it is, its words, and the rule that decides whether it is taken.
import { Icon } from "../../graph/Icon";
import { givesOf, kindOf, nodeName } from "../../graph/kinds";
import type { Field } from "../../graph/schema";
import type { EdgeKind, GraphEdge, Problem } from "../../graph/types";
import { changeEdge } from "../model/edits";
import { problemsAt } from "../model/problems";
import { whyNot } from "../model/wiring";
import { removePicked } from "../store/commands";
import { useEditor, useGraph, useProblems } from "../store/hooks";
import { RuleControl } from "./widgets/Template";

const KINDS: Record<EdgeKind, { title: string; icon: string; says: string }> = {
  flow: { title: "Flow", icon: "arrow-right", says: "The output goes to the next node, whole." },
  error: {
    title: "On error",
    icon: "zap",
    says: "Taken when the node fails after its retries, instead of failing the run.",
  },
  delegates: {
    title: "Delegates",
    icon: "network",
    says: "Offers the worker as a tool; several asked in one turn run at once.",
  },
  handoff: {
    title: "Handoff",
    icon: "arrow-left-right",
    says: "Passes the whole conversation on; exactly one of them is active.",
  },
};
const NONE: Problem[] = [];
const RULE: Field = {
  path: ["when"],
  key: "when",
  label: "Rule",
  help: "",
  section: "",
  widget: "rule",
  required: false,
  nullable: false,
  fallback: "",
  choices: [],
  subtitle: false,
  chip: false,
  placeholder: "",
  unit: "",
  showIf: null,
  schema: {},
  fields: [],
  item: null,
};

export function EdgePanel({ edge }: { edge: GraphEdge }) {
  const editor = useEditor();
  const graph = useGraph();
  const problems = useProblems().byEdge.get(edge.id) ?? NONE;
  const source = graph.nodes.find((node) => node.id === edge.source);
  const target = graph.nodes.find((node) => node.id === edge.target);
  if (!source || !target) return null;
  const from = kindOf(editor.catalog, source);
  const change = (what: Partial<GraphEdge>, label: string, key = "") =>
    editor.edit(label, (before) => changeEdge(before, edge.id, what), key ? { key: `${edge.id}:${key}` } : {});
  const setKind = (kind: EdgeKind) => {
    const refused = whyNot(graph, editor.catalog, edge.source, edge.target, kind, edge.id);
    if (refused) editor.toast(refused, "bad");
    else change({ kind }, `Make it ${KINDS[kind].title.toLowerCase()}`);
  };
  const wrongRule = problemsAt(problems, ["when"]);
  const rest = problems.filter((problem) => !wrongRule.includes(problem));
  const rules = edge.kind === "flow" && (from.chooses || edge.when !== "");
  const kinds = from.gives.includes(edge.kind) ? givesOf(from) : [edge.kind, ...givesOf(from)];
  return (
    <>
      <div className="tc-inspector-head">
        <span className="tg-icon is-large">
          <Icon name={KINDS[edge.kind].icon} />
        </span>
        <div className="tc-inspector-title">
          <b className="truncate">
            {nodeName(editor.catalog, source)} → {nodeName(editor.catalog, target)}
          </b>
          <small>Connection</small>
        </div>
        {editor.canEdit && (
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label="Delete"
            title="Delete (Del)"
            onClick={() => removePicked(editor)}
          >
            <Icon name="trash-2" />
          </button>
        )}
      </div>
      <div className="tc-panel">
        {rest.map((problem, at) => (
          <div key={at} className="notice s-failed">
            <Icon name="circle-x" />
            <span>
              {problem.message}
              {problem.fix && <small>{problem.fix}</small>}
            </span>
          </div>
        ))}
        <div className="field">
          <label className="field-label" htmlFor="tc-edge-kind">
            Kind
          </label>
          <select
            id="tc-edge-kind"
            className="input"
            value={edge.kind}
            disabled={!editor.canEdit}
            onChange={(event) => setKind(event.target.value as EdgeKind)}
          >
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {KINDS[kind].title}
              </option>
            ))}
          </select>
          <p className="field-help">{KINDS[edge.kind].says}</p>
        </div>
        <div className="field">
          <label className="field-label" htmlFor="tc-edge-label">
            Label <span className="optional">optional</span>
          </label>
          <input
            id="tc-edge-label"
            className="input"
            value={edge.label}
            maxLength={200}
            disabled={!editor.canEdit}
            onChange={(event) => change({ label: event.target.value }, "Change a label", "label")}
          />
          {from.chooses && edge.kind === "flow" && (
            <p className="field-help">
              {nodeName(editor.catalog, source)} chooses among the labels of its connections.
            </p>
          )}
        </div>
        {rules && (
          <div className="field">
            <label className="field-label" htmlFor="tc-edge-rule">
              Rule <span className="optional">optional</span>
            </label>
            <RuleControl
              field={RULE}
              id="tc-edge-rule"
              value={edge.when}
              context={{ node: source.id, edge: edge.id, disabled: !editor.canEdit }}
              invalid={wrongRule.length > 0}
              describedBy="tc-edge-rule-help"
              onChange={(next) => change({ when: typeof next === "string" ? next : "" }, "Change a rule", "when")}
            />
            {wrongRule.map((problem, at) => (
              <div key={at} className="field-error">
                <Icon name="circle-x" />
                <span>
                  {problem.message} {problem.fix}
                </span>
              </div>
            ))}
            <p id="tc-edge-rule-help" className="field-help">
              Taken when the rule (CEL) is true. Without a rule it is what is left when no other rule holds.
            </p>
          </div>
        )}
        {editor.canEdit && edge.kind === "flow" && (
          <button
            type="button"
            className="btn btn-sm"
            onClick={() => editor.set({ picker: { mode: "insert", edge: edge.id } })}
          >
            <Icon name="plus" />
            Insert a node here
          </button>
        )}
      </div>
    </>
  );
}
