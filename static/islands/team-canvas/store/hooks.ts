// How components read the editor.
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Editor, State } from "./editor";

export const EditorContext = createContext<Editor | null>(null);

export function useEditor(): Editor {
  const editor = useContext(EditorContext);
  if (!editor) throw new Error("There is no editor above this component.");
  return editor;
}

/** A part of the editor's state; `read` must give the same object while nothing it reads has changed. */
export function useEditorState<T>(read: (state: State) => T): T {
  const editor = useEditor();
  return useSyncExternalStore(editor.subscribe, () => read(editor.state));
}

export const useGraph = () => useEditorState((state) => state.history.present.graph);
export const usePicked = () => useEditorState((state) => state.picked);
export const useProblems = () => useEditorState((state) => state.problems);
