// Several things picked: line them up, copy them, delete them; or one note.
import { Icon } from "../../graph/Icon";
import { count } from "../../graph/words";
import { changeNote } from "../model/edits";
import type { Alignment } from "../model/place";
import { align, copyText, duplicate, removePicked } from "../store/commands";
import { useEditor, useGraph, usePicked } from "../store/hooks";

const WAYS: { how: Alignment; label: string; d: string }[] = [
  { how: "left", label: "Align left", d: "M4 3v18M8 6h12v4H8zM8 14h7v4H8z" },
  { how: "centre", label: "Align centres", d: "M12 3v18M5 6h14v4H5zM8 14h8v4H8z" },
  { how: "right", label: "Align right", d: "M20 3v18M4 6h12v4H4zM9 14h7v4H9z" },
  { how: "top", label: "Align top", d: "M3 4h18M6 8v12h4V8zM14 8v7h4V8z" },
  { how: "middle", label: "Align middles", d: "M3 12h18M6 5v14h4V5zM14 8v8h4V8z" },
  { how: "bottom", label: "Align bottom", d: "M3 20h18M6 4v12h4V4zM14 9v7h4V9z" },
  { how: "across", label: "Spread across", d: "M4 3v18M20 3v18M10 7h4v10h-4z" },
  { how: "down", label: "Spread down", d: "M3 4h18M3 20h18M7 10v4h10v-4z" },
];

export function ManyPanel() {
  const editor = useEditor();
  const graph = useGraph();
  const { nodes, edges, notes } = usePicked();
  const note = notes.size === 1 && !nodes.size ? graph.notes.find((one) => notes.has(one.id)) : undefined;
  const title = [
    nodes.size && count(nodes.size, "node"),
    notes.size && count(notes.size, "note"),
    !nodes.size && !notes.size && count(edges.size, "connection"),
  ]
    .filter(Boolean)
    .join(", ");
  const copy = async () => {
    await navigator.clipboard.writeText(copyText(editor)).then(
      () => editor.toast("Copied. Paste it here or in another team.", "good"),
      () => editor.toast("The browser did not allow copying. Press Ctrl C.", "bad"),
    );
  };
  return (
    <>
      <div className="tc-inspector-head">
        <span className="tg-icon is-large">
          <Icon name={note ? "sticky-note" : "group"} />
        </span>
        <div className="tc-inspector-title">
          <b>{note ? "Sticky note" : title}</b>
          <small>{note ? "Beside the team; it does not run" : "selected"}</small>
        </div>
      </div>
      <div className="tc-panel">
        {note && (
          <div className="field">
            <label className="field-label" htmlFor="tc-note-text">
              Text
            </label>
            <textarea
              id="tc-note-text"
              className="input"
              rows={4}
              maxLength={2000}
              value={note.text}
              disabled={!editor.canEdit}
              onChange={(event) =>
                editor.edit("Write a note", (before) => changeNote(before, note.id, event.target.value), {
                  key: `note:${note.id}`,
                })
              }
            />
          </div>
        )}
        {editor.canEdit && nodes.size > 1 && (
          <div className="tc-align" role="group" aria-label="Line up">
            {WAYS.map(({ how, label, d }) => (
              <button
                key={how}
                type="button"
                className="btn btn-sm btn-square"
                title={label}
                aria-label={label}
                onClick={() => align(editor, how)}
              >
                <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
                  <path d={d} />
                </svg>
              </button>
            ))}
          </div>
        )}
        <div className="tc-actions">
          {nodes.size + notes.size > 0 && (
            <button type="button" className="btn btn-sm" onClick={() => void copy()}>
              <Icon name="copy" />
              Copy
            </button>
          )}
          {editor.canEdit && nodes.size + notes.size > 0 && (
            <button type="button" className="btn btn-sm" onClick={() => duplicate(editor)}>
              <Icon name="layers" />
              Duplicate
            </button>
          )}
          {editor.canEdit && (
            <button type="button" className="btn btn-sm btn-danger" onClick={() => removePicked(editor)}>
              <Icon name="trash-2" />
              Delete
            </button>
          )}
        </div>
      </div>
    </>
  );
}
