// On a phone: what is picked, in a sheet at the bottom that opens to the whole inspector.
import { useEffect } from "react";
import { Icon } from "../../graph/Icon";
import { cardText } from "../../graph/kinds";
import { Inspector } from "../inspector/Inspector";
import { useEditor, useEditorState, useGraph, usePicked, useProblems } from "../store/hooks";

export function OutlineBar() {
  const editor = useEditor();
  const mode = useEditorState((state) => state.mode);
  const { errors, warnings } = useProblems();
  return (
    <div className="tc-outline-bar">
      <span className="seg" role="group" aria-label="How the team is shown">
        <button type="button" aria-pressed={mode === "outline"} onClick={() => editor.set({ mode: "outline" })}>
          Outline
        </button>
        <button type="button" aria-pressed={mode === "map"} onClick={() => editor.set({ mode: "map" })}>
          Map
        </button>
      </span>
      <span className="flex-1" />
      {errors + warnings > 0 && (
        <span className={`chip ${errors ? "s-failed" : "s-warning"}`}>
          <Icon name={errors ? "circle-x" : "triangle-alert"} />
          {errors + warnings}
        </span>
      )}
      {editor.canEdit && (
        <button type="button" className="btn btn-sm" onClick={() => editor.set({ picker: { mode: "add" } })}>
          <Icon name="plus" />
          Add
        </button>
      )}
    </div>
  );
}

function Peek({ onOpen }: { onOpen(): void }) {
  const editor = useEditor();
  const graph = useGraph();
  const picked = usePicked();
  const problems = useProblems();
  const node = graph.nodes.find((one) => picked.nodes.has(one.id));
  if (!node) return null;
  const text = cardText(editor.catalog, node);
  const found = problems.byNode.get(node.id)?.[0];
  return (
    <div className="tc-peek">
      <i className="tc-grip" />
      <div className="tc-peek-row">
        <span className="tc-peek-text">
          <b className="truncate">{text.name}</b>
          <small className="truncate">{[text.kind.title, ...text.chips.map((chip) => chip.text)].join(" · ")}</small>
        </span>
        <button type="button" className="btn" onClick={onOpen}>
          Open
        </button>
      </div>
      {found && (
        <p className={`tc-peek-problem ${found.severity === "error" ? "s-failed" : "s-warning"}`}>
          <span className="state-color">
            <Icon name={found.severity === "error" ? "circle-x" : "triangle-alert"} size={14} />
          </span>
          <span>{found.message}</span>
        </p>
      )}
    </div>
  );
}

export function Sheet({ opened, onOpen }: { opened: boolean; onOpen(open: boolean): void }) {
  const picked = usePicked();
  const nothing = picked.nodes.size + picked.edges.size + picked.notes.size === 0;
  useEffect(() => {
    if (nothing) onOpen(false);
  }, [nothing, onOpen]);
  if (!opened) return <Peek onOpen={() => onOpen(true)} />;
  return (
    <div className="tc-sheet" role="dialog" aria-modal="true" aria-label="Edit">
      <button type="button" className="tc-sheet-close btn btn-ghost" onClick={() => onOpen(false)}>
        <Icon name="chevron-down" />
        Done
      </button>
      <Inspector />
    </div>
  );
}
