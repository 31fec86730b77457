// What lies over the canvas: the toast, the conflict banner, the keys; and what is said to screen readers.
import { Icon } from "../../graph/Icon";
import { useEditor, useEditorState } from "../store/hooks";
import { ago } from "./Saved";

export function Live() {
  const said = useEditorState((state) => state.said);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {said}
    </div>
  );
}

export function Toast() {
  const editor = useEditor();
  const toast = useEditorState((state) => state.toast);
  if (!toast) return null;
  const look = { plain: ["", "info"], bad: ["s-failed", "circle-alert"], good: ["s-done", "circle-check"] }[toast.tone];
  return (
    <div className={`toast tc-toast ${look[0]}`} key={toast.id}>
      <Icon name={look[1]!} />
      <span>{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          className="btn btn-xs btn-soft"
          onClick={() => {
            toast.action?.run();
            editor.set({ toast: null });
          }}
        >
          {toast.action.label}
        </button>
      )}
    </div>
  );
}

export function Conflict() {
  const editor = useEditor();
  const save = useEditorState((state) => state.save);
  if (save.kind !== "conflict") return null;
  const { by, at } = save.theirs;
  const when = at ? ` ${ago(Date.now() - Date.parse(at))}` : "";
  return (
    <div className="tc-banner" role="alert">
      <Icon name="git-compare" />
      <span>
        <b>
          {by || "Somebody else"} saved this team{when}.
        </b>{" "}
        Your changes since then are not saved. Which shall stay?
      </span>
      <button type="button" className="btn btn-sm" onClick={() => editor.takeTheirs()}>
        Take theirs
      </button>
      <button type="button" className="btn btn-sm btn-danger" onClick={() => editor.keepMine()}>
        Overwrite with mine
      </button>
    </div>
  );
}
