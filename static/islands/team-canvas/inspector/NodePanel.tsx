// One node: its name, a tab for each section of its kind's form, and how it is wired.
import { useEffect, useMemo, useState } from "react";
import { Icon } from "../../graph/Icon";
import { agentOf, cardText, kindFields, kindOf } from "../../graph/kinds";
import { leaves, setAt, type Field } from "../../graph/schema";
import type { GraphNode, Json, Problem } from "../../graph/types";
import { changeConfig, changeNode } from "../model/edits";
import { problemsAt } from "../model/problems";
import { duplicate, removePicked } from "../store/commands";
import { useEditor, useEditorState, useGraph, useProblems } from "../store/hooks";
import { Form, fieldId } from "./Form";
import { Tabs, type Tab } from "./Tabs";
import { Writes } from "./Variables";
import { Wiring } from "./Wiring";

const NONE: Problem[] = [];
const WIRING = "Wiring";

function Head({ node }: { node: GraphNode }) {
  const editor = useEditor();
  const text = cardText(editor.catalog, node);
  const agent = agentOf(editor.catalog, node);
  const usual = agent?.name ?? text.kind.title;
  const facts = [text.kind.title, agent && `agent v${agent.version}`].filter(Boolean).join(" · ");
  return (
    <div className={`tc-inspector-head tg-${text.kind.group}`}>
      <span className="tg-icon is-large">
        <Icon name={text.kind.icon} />
      </span>
      <div className="tc-inspector-title">
        {editor.canEdit ? (
          <input
            aria-label="Name of the node"
            value={node.name}
            placeholder={usual}
            maxLength={200}
            onChange={(event) =>
              editor.edit("Rename", (graph) => changeNode(graph, node.id, { name: event.target.value }), {
                key: `name:${node.id}`,
              })
            }
          />
        ) : (
          <b className="truncate">{text.name}</b>
        )}
        <small>{facts}</small>
      </div>
      {editor.canEdit && (
        <>
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label="Duplicate"
            title="Duplicate (Ctrl D)"
            onClick={() => duplicate(editor)}
          >
            <Icon name="copy" />
          </button>
          <button
            type="button"
            className="btn btn-xs btn-square btn-ghost"
            aria-label="Delete"
            title="Delete (Del)"
            onClick={() => removePicked(editor)}
          >
            <Icon name="trash-2" />
          </button>
        </>
      )}
    </div>
  );
}

/** Problems that no field of the form shows. */
function Rest({ problems }: { problems: Problem[] }) {
  if (!problems.length) return null;
  return (
    <div className="tc-found">
      {problems.map((problem, at) => (
        <div key={at} className={`notice ${problem.severity === "error" ? "s-failed" : "s-warning"}`}>
          <Icon name={problem.severity === "error" ? "circle-x" : "triangle-alert"} />
          <span>
            {problem.message}
            {problem.fix && <small>{problem.fix}</small>}
          </span>
        </div>
      ))}
    </div>
  );
}

export function NodePanel({ node }: { node: GraphNode }) {
  const editor = useEditor();
  const problems = useProblems().byNode.get(node.id) ?? NONE;
  const pointing = useEditorState((state) => state.pointing);
  const kind = kindOf(editor.catalog, node);
  const wired = useWired(node.id);
  const all = useMemo(() => kindFields(kind).filter((field) => isWired(field, wired)), [kind, wired]);
  const flat = useMemo(() => leaves(all), [all]);
  const sections = useMemo(() => [...new Set(flat.map((field) => field.section))], [flat]);
  const ofWrites = problems.filter((problem) => problem.field.startsWith("writes."));
  const inForm = new Set([...ofWrites, ...flat.flatMap((field) => problemsAt(problems, field.path))]);
  const rest = problems.filter((problem) => !inForm.has(problem));
  const [chosen, setChosen] = useState("");
  const current = [...sections, WIRING].includes(chosen) ? chosen : (sections[0] ?? WIRING);

  useEffect(() => {
    if (!pointing || pointing.node !== node.id) return;
    const field = flat.find((one) => problemsAt([pointing], one.path).length > 0);
    const written = pointing.field.startsWith("writes.");
    editor.set({ pointing: null });
    if (!field && !written) return;
    setChosen(field?.section ?? WIRING);
    const id = fieldId(node.id, field?.path ?? pointing.field.split("."));
    requestAnimationFrame(() => document.getElementById(id)?.focus());
  }, [pointing, node.id, flat, editor]);

  const tabs: Tab[] = [
    ...sections.map((section) => ({
      id: section,
      title: section,
      wrong: flat.some((field) => field.section === section && problemsAt(problems, field.path).length > 0),
    })),
    { id: WIRING, title: WIRING, wrong: ofWrites.length > 0 },
  ];
  const shown = useMemo(() => inSection(all, current), [all, current]);
  const onChange = (path: string[], next: Json | undefined) =>
    editor.edit(
      `Change ${path.at(-1)?.replaceAll("_", " ")}`,
      (graph) => changeConfig(graph, node.id, (config) => setAt(config, path, next)),
      { key: `${node.id}:${path.join(".")}` },
    );
  return (
    <>
      <Head node={node} />
      <Tabs tabs={tabs} current={current} onChoose={setChosen}>
        <Rest problems={rest} />
        {current === WIRING ? (
          <Wiring node={node}>
            <Writes node={node} problems={ofWrites} />
          </Wiring>
        ) : (
          <Form
            fields={shown}
            value={node.config}
            problems={problems}
            prefix={node.id}
            context={{ node: node.id, disabled: !editor.canEdit }}
            onChange={onChange}
          />
        )}
        {current !== WIRING && shown.length === 0 && <p className="tc-none">There is nothing to set here.</p>}
      </Tabs>
    </>
  );
}

/** The kinds of connection the node has, to either side for those that go both ways. */
function useWired(id: string): string {
  const { edges } = useGraph();
  return useMemo(() => {
    const mine = edges.filter((edge) => edge.source === id || (edge.kind === "handoff" && edge.target === id));
    return [...new Set(mine.map((edge) => edge.kind))].sort().join(" ");
  }, [edges, id]);
}

const isWired = (field: Field, wired: string): boolean =>
  !field.edges.length || field.edges.some((kind) => wired.split(" ").includes(kind));

/** The fields of one section; groups are kept, with what of them belongs there. */
function inSection(fields: ReturnType<typeof kindFields>, section: string): ReturnType<typeof kindFields> {
  return fields.flatMap((field) => {
    if (field.widget !== "group") return field.section === section ? [field] : [];
    const inner = inSection(field.fields, section);
    return inner.length ? [{ ...field, fields: inner }] : [];
  });
}
