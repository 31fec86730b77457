// One connection: what kind it is, its words, and the rule that decides whether it is taken.
import { Icon } from "../../graph/Icon";
import { givesOf, kindOf, nodeName } from "../../graph/kinds";
import { plainField } from "../../graph/schema";
import { shapeOf } from "../../graph/shape";
import type { Carries, EdgeKind, GraphEdge, Kind, Problem } from "../../graph/types";
import { changeEdge } from "../model/edits";
import { problemsAt } from "../model/problems";
import { whyNot } from "../model/wiring";
import { removePicked } from "../store/commands";
import { useEditor, useGraph, useProblems } from "../store/hooks";
import { CARRIES, EDGE_KINDS } from "./edgeKinds";
import { RuleControl } from "./widgets/Template";

const NONE: Problem[] = [];
const RULE = plainField("when", "rule", { label: "Rule" });

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
    else {
      const carries = EDGE_KINDS[kind].carries[edge.carries] ? edge.carries : "output";
      const when = kind === "flow" || kind === "delegates" ? edge.when : "";
      change({ kind, carries, when }, `Make it ${EDGE_KINDS[kind].title.toLowerCase()}`);
    }
  };
  const wrongRule = problemsAt(problems, ["when"]);
  const rest = problems.filter((problem) => !wrongRule.includes(problem));
  const words = EDGE_KINDS[edge.kind];
  const back = shapeOf(graph, editor.catalog).backEdges.has(edge.id);
  const rules = edge.when !== "" || (edge.kind === "flow" && !back && !from.loops) || (edge.kind === "delegates" && from.asks_by_rule);
  const kinds = from.gives.includes(edge.kind) ? givesOf(from) : [edge.kind, ...givesOf(from)];
  return (
    <>
      <div className="tc-inspector-head">
        <span className="tg-icon is-large">
          <Icon name={words.icon} />
        </span>
        <div className="tc-inspector-title">
          <b className="truncate">
            {nodeName(editor.catalog, source)} {edge.kind === "handoff" ? "↔" : "→"} {nodeName(editor.catalog, target)}
          </b>
          <small>{back ? "The way back of a loop" : "Connection"}</small>
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
                {EDGE_KINDS[kind].title}
              </option>
            ))}
          </select>
          <p className="field-help">{back ? "Leads back to where each round of the loop begins." : words.says}</p>
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
          {from.chooses && !from.loops && edge.kind === "flow" && (
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
              context={{ node: source.id, after: true, disabled: !editor.canEdit }}
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
              {ruleHelp(edge, from)}
            </p>
          </div>
        )}
        <CarriesField edge={edge} onChange={(carries) => change({ carries }, "Change what it carries")} />
        {editor.canEdit && !back && (
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

/** When a rule is asked differs with what the node it leaves does with its connections. */
function ruleHelp(edge: GraphEdge, from: Kind): string {
  if (edge.kind === "delegates") return "Where whom to ask is chosen by rules, the first that holds (CEL) is asked.";
  if (from.chooses) return "Taken when the rule (CEL) is true. Without a rule it is what is left when no other rule holds.";
  return "Taken when the rule (CEL) is true once the node is done. Without a rule it is always taken.";
}

function CarriesField({ edge, onChange }: { edge: GraphEdge; onChange(carries: Carries): void }) {
  const editor = useEditor();
  const choices = CARRIES.filter((one) => EDGE_KINDS[edge.kind].carries[one] ?? one === edge.carries);
  if (choices.length < 2) return null;
  return (
    <div className="field">
      <label className="field-label" htmlFor="tc-edge-carries">
        Carries
      </label>
      <select
        id="tc-edge-carries"
        className="input"
        value={edge.carries}
        disabled={!editor.canEdit}
        onChange={(event) => onChange(event.target.value as Carries)}
      >
        {choices.map((one) => (
          <option key={one} value={one}>
            {EDGE_KINDS[edge.kind].carries[one] ?? `${one} (has no effect here)`}
          </option>
        ))}
      </select>
    </div>
  );
}
