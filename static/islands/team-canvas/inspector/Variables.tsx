// What a team shares: its variables at the team, and at a node what it writes into them.
import { useState } from "react";
import { Icon } from "../../graph/Icon";
import { plainField, type Field } from "../../graph/schema";
import type { GraphNode, Json, Merge, Problem, Variable, VariableType } from "../../graph/types";
import { addVariable, changeVariable, changeWrite, removeVariable } from "../model/edits";
import { freeKey, isKey, keyFrom } from "../model/ids";
import { problemsAt } from "../model/problems";
import { useEditor, useGraph, useProblems } from "../store/hooks";
import { fieldId } from "./Form";
import { controlOf } from "./widgets/controls";
import { RuleControl } from "./widgets/Template";

const TYPES: Record<VariableType, string> = {
  string: "Text",
  number: "Number",
  integer: "Whole number",
  boolean: "Yes or no",
  array: "List",
  object: "Object",
};
const MERGES: Record<Merge, { words: string; of: VariableType[] | null }> = {
  replace: { words: "the last write counts", of: null },
  append: { words: "writes are appended", of: ["array"] },
  add: { words: "writes are added up", of: ["number", "integer"] },
  merge: { words: "keys are merged", of: ["object"] },
};
const INITIAL: Record<VariableType, Field["widget"]> = {
  string: "text",
  number: "number",
  integer: "number",
  boolean: "switch",
  array: "json",
  object: "json",
};
const fits = (merge: Merge, type: VariableType): boolean => MERGES[merge].of?.includes(type) ?? true;

export function Variables() {
  const editor = useEditor();
  const { variables } = useGraph();
  const problems = useProblems().all.filter((one) => !one.node && one.field.startsWith("variables"));
  return (
    <section className="tc-variables" aria-labelledby="tc-variables">
      <h2 id="tc-variables">Variables</h2>
      <p className="field-help">
        Nodes write them, texts and rules read them as <code>vars.name</code>.
      </p>
      {problems.map((problem, at) => (
        <p key={at} className="field-error">
          <Icon name="circle-x" />
          <span>
            {problem.message} {problem.fix}
          </span>
        </p>
      ))}
      {variables.map((variable, at) => (
        <VariableRow key={at} variable={variable} at={at} />
      ))}
      {editor.canEdit && <NewVariable />}
    </section>
  );
}

function VariableRow({ variable, at }: { variable: Variable; at: number }) {
  const editor = useEditor();
  const id = `tc-var-${at}`;
  const change = (what: Partial<Variable>, key = "") =>
    editor.edit("Change a variable", (graph) => changeVariable(graph, at, what), key ? { key: `var:${at}:${key}` } : {});
  const setType = (type: VariableType) =>
    change({ type, initial: null, merge: fits(variable.merge, type) ? variable.merge : "replace" });
  const field = plainField("initial", INITIAL[variable.type], {
    label: "Begins as yes",
    placeholder: variable.type === "array" ? "Begins as []" : variable.type === "object" ? "Begins as {}" : "Begins empty",
    fallback: null,
    schema: { type: variable.type },
  });
  const Initial = controlOf(field);
  return (
    <div className="tc-list-item" role="group" aria-label={`Variable ${variable.name}`}>
      <div className="tc-variable">
        <Name variable={variable} at={at} />
        <select
          className="input"
          aria-label={`Type of ${variable.name}`}
          value={variable.type}
          disabled={!editor.canEdit}
          onChange={(event) => setType(event.target.value as VariableType)}
        >
          {Object.entries(TYPES).map(([type, words]) => (
            <option key={type} value={type}>
              {words}
            </option>
          ))}
        </select>
        {editor.canEdit && (
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label={`Delete ${variable.name}`}
            onClick={() => {
              editor.edit(`Delete ${variable.name}`, (graph) => removeVariable(graph, at), { quiet: true });
              editor.toast(`Deleted ${variable.name}`, "plain", { label: "Undo", run: editor.undo });
            }}
          >
            <Icon name="x" />
          </button>
        )}
      </div>
      <select
        className="input"
        aria-label={`How writes to ${variable.name} merge`}
        value={variable.merge}
        disabled={!editor.canEdit}
        onChange={(event) => change({ merge: event.target.value as Merge })}
      >
        {(Object.keys(MERGES) as Merge[])
          .filter((merge) => fits(merge, variable.type) || merge === variable.merge)
          .map((merge) => (
            <option key={merge} value={merge}>
              {MERGES[merge].words}
            </option>
          ))}
      </select>
      <div role="group" aria-label={`What ${variable.name} begins as`}>
        <Initial
          field={field}
          id={id}
          value={variable.initial ?? undefined}
          context={{ node: null, disabled: !editor.canEdit }}
          invalid={false}
          describedBy={undefined}
          onChange={(next: Json | undefined) => change({ initial: next ?? null }, "initial")}
        />
      </div>
    </div>
  );
}

/** The name as it is typed; it holds once it can be one. */
function Name({ variable, at }: { variable: Variable; at: number }) {
  const editor = useEditor();
  const [draft, setDraft] = useState<string | null>(null);
  const others = editor.graph.variables.filter((_, n) => n !== at).map((one) => one.name);
  const text = draft ?? variable.name;
  const wrong = !isKey(text) || others.includes(text);
  const commit = () => {
    if (draft !== null && !wrong)
      editor.edit(`Call it ${draft}`, (graph) => changeVariable(graph, at, { name: draft }));
    setDraft(null);
  };
  return (
    <input
      className="input mono"
      aria-label="Name of the variable"
      value={text}
      maxLength={48}
      disabled={!editor.canEdit}
      aria-invalid={wrong || undefined}
      title={wrong ? "Small letters, digits and underscores, beginning with a letter; each name once" : undefined}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}

function NewVariable({ onMade }: { onMade?(name: string): void }) {
  const editor = useEditor();
  const [draft, setDraft] = useState("");
  const add = () => {
    const taken = editor.graph.variables.map((one) => one.name);
    const name = freeKey(draft.trim() ? keyFrom(draft, "variable") : "variable", taken);
    editor.edit(`Add the variable ${name}`, (graph) => addVariable(graph, name));
    setDraft("");
    onMade?.(name);
  };
  return (
    <div className="tc-add">
      <input
        className="input mono"
        aria-label="Name of a new variable"
        placeholder="Name"
        value={draft}
        maxLength={48}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && add()}
      />
      <button type="button" className="btn btn-sm" onClick={add}>
        <Icon name="plus" />
        Add variable
      </button>
    </div>
  );
}

/** What a node writes once it is done: a rule for each variable. */
export function Writes({ node, problems }: { node: GraphNode; problems: Problem[] }) {
  const editor = useEditor();
  const { variables } = useGraph();
  const known = new Set(variables.map((one) => one.name));
  const strangers = Object.keys(node.writes).filter((name) => !known.has(name));
  const put = (name: string, rule: string | null, key = "") =>
    editor.edit(
      rule === null ? `Stop writing ${name}` : `Write ${name}`,
      (graph) => changeWrite(graph, node.id, name, rule),
      key ? { key: `${node.id}:writes:${key}` } : {},
    );
  const idle = variables.filter((one) => node.writes[one.name] === undefined);
  return (
    <section className="tc-variables" aria-labelledby="tc-writes">
      <h2 id="tc-writes">Variables</h2>
      <p className="field-help">
        What it writes when it is done: a rule (CEL) over <code>output</code>, <code>value</code>, <code>vars</code> and
        what came before.
      </p>
      {[...variables.map((one) => one.name).filter((name) => node.writes[name] !== undefined), ...strangers].map((name) => (
        <Write key={name} node={node} name={name} problems={problems} put={put} />
      ))}
      {editor.canEdit && idle.length > 0 && (
        <div className="tc-wire-add">
          {idle.map(({ name }) => (
            <button key={name} type="button" className="btn btn-xs" onClick={() => put(name, "output")}>
              <Icon name="plus" />
              Write {name}
            </button>
          ))}
        </div>
      )}
      {editor.canEdit && <NewVariable onMade={(name) => put(name, "output")} />}
    </section>
  );
}

interface WriteProps {
  node: GraphNode;
  name: string;
  problems: Problem[];
  put(name: string, rule: string | null, key?: string): void;
}

function Write({ node, name, problems, put }: WriteProps) {
  const editor = useEditor();
  const id = fieldId(node.id, ["writes", name]);
  const found = problemsAt(problems, ["writes", name]);
  return (
    <div className="field">
      <span className="tc-argument">
        <label className="field-label mono" htmlFor={id}>
          {name}
        </label>
        {editor.canEdit && (
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label={`Stop writing ${name}`}
            onClick={() => put(name, null)}
          >
            <Icon name="x" />
          </button>
        )}
      </span>
      <RuleControl
        field={plainField(name, "rule", { placeholder: "output" })}
        id={id}
        value={node.writes[name]}
        context={{ node: node.id, after: true, disabled: !editor.canEdit }}
        invalid={found.length > 0}
        describedBy={found.length ? `${id}-problem` : undefined}
        onChange={(next) => put(name, typeof next === "string" ? next : "", name)}
      />
      {found.map((problem, at) => (
        <p key={at} className="field-error" id={`${id}-problem`}>
          <Icon name="circle-x" />
          <span>
            {problem.message} {problem.fix}
          </span>
        </p>
      ))}
    </div>
  );
}
