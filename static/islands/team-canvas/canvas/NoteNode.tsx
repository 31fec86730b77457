// A sticky note on the canvas: double click or Enter writes on it.
import type { Node, NodeProps } from "@xyflow/react";
import { memo, useEffect, useRef } from "react";
import { changeNote } from "../model/edits";
import { useEditor, useEditorState } from "../store/hooks";

export interface NoteData extends Record<string, unknown> {
  id: string;
  text: string;
}
export type NoteFlow = Node<NoteData, "note">;

export const NoteNode = memo(function NoteNode({ data, selected }: NodeProps<NoteFlow>) {
  const editor = useEditor();
  const writing = useEditorState((state) => state.writing === data.id);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = area.current;
    if (!writing || !element) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, [writing]);

  const stop = () => editor.set({ writing: null });
  return (
    <div
      className={`tg-note${selected ? " is-selected" : ""}`}
      onDoubleClick={() => editor.canEdit && editor.set({ writing: data.id })}
    >
      {writing ? (
        <textarea
          ref={area}
          className="nodrag nowheel"
          value={data.text}
          maxLength={2000}
          aria-label="Text of the note"
          onBlur={stop}
          onChange={(event) =>
            editor.edit("Write a note", (graph) => changeNote(graph, data.id, event.target.value), {
              key: `note:${data.id}`,
            })
          }
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            stop();
          }}
        />
      ) : (
        data.text || <span className="tg-note-empty">{editor.canEdit ? "Double-click to write" : "Empty note"}</span>
      )}
    </div>
  );
});
