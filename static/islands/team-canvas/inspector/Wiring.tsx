// How a node is connected, as lists: what leads in, what it leads to; and the name texts call it by.
import { useState, type ReactNode } from "react";
import { Icon } from "../../graph/Icon";
import { givesOf, kindOf, nodeName } from "../../graph/kinds";
import type { EdgeKind, GraphEdge, GraphNode } from "../../graph/types";
import { edgeLabel } from "../../graph/words";
import { NOTHING, remove, renameNode } from "../model/edits";
import { isKey } from "../model/ids";
import type { Editor } from "../store/editor";
import { useEditor, useGraph } from "../store/hooks";

const ADD: Record<EdgeKind, string> = {
  flow: "Lead on to…",
  error: "On error…",
  delegates: "Delegate to…",
  handoff: "Hand off to…",
};

function EdgeLine({ edge, other }: { edge: GraphEdge; other: string }) {
  const editor = useEditor();
  const { graph, catalog } = editor;
  const node = graph.nodes.find((one) => one.id === other);
  const label = edgeLabel(catalog, graph, edge);
  if (!node) return null;
  const kind = kindOf(catalog, node);
  return (
    <div className={`tc-wire tg-${kind.group}`}>
      <button type="button" className="tc-wire-main" onClick={() => editor.pickEdge(edge.id)}>
        <span className="tg-icon">
          <Icon name={kind.icon} />
        </span>
        <span className="truncate">{nodeName(catalog, node)}</span>
        {label && (
          <span className={`tg-label tone-${edge.kind}`}>
            <span className="truncate">{label}</span>
          </span>
        )}
      </button>
      <button
        type="button"
        className="btn btn-xs btn-square btn-ghost"
        aria-label={`Go to ${nodeName(catalog, node)}`}
        onClick={() => {
          editor.pickNode(node.id);
          editor.view?.reveal(node.id);
        }}
      >
        <Icon name="arrow-right" />
      </button>
      {editor.canEdit && (
        <button
          type="button"
          className="btn btn-xs btn-square btn-ghost"
          aria-label={`Disconnect ${nodeName(catalog, node)}`}
          onClick={() =>
            editor.edit(`Disconnect ${nodeName(catalog, node)}`, (before) =>
              remove(before, { ...NOTHING, edges: new Set([edge.id]) }),
            )
          }
        >
          <Icon name="x" />
        </button>
      )}
    </div>
  );
}

function rename(editor: Editor, node: GraphNode, to: string): string {
  if (to === node.id) return "";
  if (!isKey(to)) return "Use small letters, digits and underscores; begin with a letter.";
  if (editor.graph.nodes.some((one) => one.id === to)) return `Another node is already called ${to}.`;
  editor.edit(`Call it ${to}`, (graph) => renameNode(graph, node.id, to), {
    pick: { ...NOTHING, nodes: new Set([to]) },
  });
  return "";
}

function Id({ node }: { node: GraphNode }) {
  const editor = useEditor();
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  const commit = () => {
    const said = draft === null ? "" : rename(editor, node, draft.trim());
    setWrong(said);
    if (!said) setDraft(null);
  };
  return (
    <div className="field">
      <label className="field-label" htmlFor="tc-node-id">
        Id
      </label>
      <input
        id="tc-node-id"
        className="input mono"
        value={draft ?? node.id}
        maxLength={48}
        disabled={!editor.canEdit}
        aria-invalid={wrong !== "" || undefined}
        aria-describedby="tc-node-id-help"
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === "Enter" && commit()}
      />
      {wrong ? (
        <p className="field-error" role="alert">
          {wrong}
        </p>
      ) : (
        <p id="tc-node-id-help" className="field-help">
          Texts read its output as <code>{`{{ nodes.${node.id}.output }}`}</code>. Changing the id changes them too.
        </p>
      )}
    </div>
  );
}

/** `children` stand between the connections and the id. */
export function Wiring({ node, children }: { node: GraphNode; children?: ReactNode }) {
  const editor = useEditor();
  const graph = useGraph();
  const kind = kindOf(editor.catalog, node);
  const into = graph.edges.filter((edge) => edge.target === node.id);
  const out = graph.edges.filter((edge) => edge.source === node.id);
  return (
    <>
      {kind.takes && (
        <section className="tc-wires" aria-label="What leads in">
          <h2>Comes from</h2>
          {into.map((edge) => (
            <EdgeLine key={edge.id} edge={edge} other={edge.source} />
          ))}
          {!into.length && <p className="field-help">Nothing leads here yet.</p>}
        </section>
      )}
      {kind.gives.length > 0 && (
        <section className="tc-wires" aria-label="What it leads to">
          <h2>Leads to</h2>
          {out.map((edge) => (
            <EdgeLine key={edge.id} edge={edge} other={edge.target} />
          ))}
          {!out.length && <p className="field-help">It leads nowhere yet.</p>}
          {editor.canEdit && (
            <div className="tc-wire-add">
              {givesOf(kind).map((one) => (
                <button
                  key={one}
                  type="button"
                  className="btn btn-xs"
                  onClick={() => editor.set({ picker: { mode: "connect", source: node.id, kind: one } })}
                >
                  <Icon name="plus" />
                  {ADD[one]}
                </button>
              ))}
            </div>
          )}
        </section>
      )}
      {children}
      <Id node={node} />
    </>
  );
}
