// The bar above the canvas: where one is, what state the draft is in, and what can be done with the team.
import { useRef } from "react";
import { Icon } from "../../graph/Icon";
import { copyText, pickAll, tidy } from "../store/commands";
import type { Editor } from "../store/editor";
import { useEditor, useEditorState } from "../store/hooks";
import { showKeys } from "../store/keys";
import { Saved } from "./Saved";
import { TeamName } from "./TeamName";

function Tags() {
  const team = useEditorState((state) => state.team);
  return (
    <>
      {(team.changed || team.version === null) && (
        <span className="chip chip-off tc-draft">
          <Icon name="pencil-line" />
          Draft
        </span>
      )}
      {team.version !== null && (
        <span className="chip s-done max-md:hidden">
          <Icon name="check" />v{team.version} published
        </span>
      )}
    </>
  );
}

/** Saves first, then goes where the team can be started. */
async function go(editor: Editor, url: string): Promise<void> {
  if (editor.canEdit && !(await editor.saver.flush())) {
    editor.toast("The draft is not saved yet, so it was not started. Try again in a moment.", "bad");
    return;
  }
  window.location.assign(url);
}

function More() {
  const editor = useEditor();
  const menu = useRef<HTMLDivElement>(null);
  const copyAll = async () => {
    const { picked } = editor.state;
    pickAll(editor);
    const text = copyText(editor);
    editor.pick(picked);
    await navigator.clipboard.writeText(text).then(
      () => editor.toast("The team is on the clipboard as JSON.", "good"),
      () => editor.toast("The browser did not allow copying. Select all and press Ctrl C.", "bad"),
    );
  };
  const act = (run: () => void) => () => {
    menu.current?.hidePopover();
    run();
  };
  return (
    <>
      <button
        type="button"
        id="tc-more"
        className="btn btn-sm btn-square btn-ghost"
        popoverTarget="tc-more-menu"
        aria-label="More"
        title="More"
      >
        <Icon name="ellipsis" />
      </button>
      <div ref={menu} id="tc-more-menu" className="menu tc-more" popover="auto">
        <a className="menu-item" href={editor.data.urls.export}>
          <Icon name="file-down" />
          Export as a file
        </a>
        <button type="button" className="menu-item" onClick={act(() => void copyAll())}>
          <Icon name="copy" />
          Copy as JSON
        </button>
        <button type="button" className="menu-item" onClick={act(() => editor.set({ picker: { mode: "find" } }))}>
          <Icon name="search" />
          Find<kbd className="kbd">Ctrl F</kbd>
        </button>
        <button
          type="button"
          className="menu-item"
          onClick={act(() => editor.set({ mode: editor.state.mode === "map" ? "outline" : "map" }))}
        >
          <Icon name="list" />
          Map or outline<kbd className="kbd">O</kbd>
        </button>
        <button type="button" className="menu-item" onClick={act(showKeys)}>
          <Icon name="keyboard" />
          Keys
        </button>
      </div>
    </>
  );
}

export function TopBar() {
  const editor = useEditor();
  const { urls } = editor.data;
  const past = useEditorState((state) => state.history.past);
  const future = useEditorState((state) => state.history.future);
  const nodes = useEditorState((state) => state.history.present.graph.nodes.length);
  const tidying = useEditorState((state) => state.tidying);
  const back = past.at(-1)?.label;
  const forth = future[0]?.label;
  return (
    <header className="page-head tc-head">
      <a className="btn btn-square btn-ghost md:hidden" href={urls.teams} aria-label="Teams">
        <Icon name="arrow-left" />
      </a>
      <nav className="crumbs" aria-label="Where you are">
        <a href={urls.teams}>Teams</a>
      </nav>
      <TeamName />
      <Tags />
      {editor.canEdit ? (
        <span className="max-md:hidden" aria-live="off">
          <Saved />
        </span>
      ) : (
        <span className="chip">
          <Icon name="eye" />
          Read only
        </span>
      )}
      {editor.canEdit && (
        <div className="tc-tools">
          <button
            type="button"
            className="btn btn-sm btn-square btn-ghost"
            disabled={!back}
            onClick={editor.undo}
            aria-label="Undo"
            title={back ? `Undo: ${back} (Ctrl Z)` : "Nothing to undo"}
          >
            <Icon name="undo-2" />
          </button>
          <button
            type="button"
            className="btn btn-sm btn-square btn-ghost"
            disabled={!forth}
            onClick={editor.redo}
            aria-label="Redo"
            title={forth ? `Redo: ${forth} (Shift Ctrl Z)` : "Nothing to redo"}
          >
            <Icon name="redo-2" />
          </button>
          <span className="rule" />
          <button
            type="button"
            className="btn btn-sm btn-ghost"
            disabled={nodes === 0 || tidying}
            onClick={() => void tidy(editor)}
            title="Lay everything out anew; undo brings it back"
          >
            <Icon name={tidying ? "loader" : "layout-grid"} />
            Tidy
          </button>
        </div>
      )}
      <div className="head-actions">
        <span id="tc-forecast" className="contents" />
        <More />
        {urls.rehearse && (
          <button type="button" className="btn btn-sm max-md:hidden" onClick={() => void go(editor, urls.rehearse!)}>
            <Icon name="flask-conical" />
            Rehearse
          </button>
        )}
        {urls.launch && (
          <button
            type="button"
            className="btn btn-sm"
            disabled={nodes === 0}
            onClick={() => void go(editor, urls.launch)}
          >
            <Icon name="play" />
            Run
          </button>
        )}
        {editor.canEdit && (
          <button
            type="button"
            className="btn btn-sm btn-primary max-md:hidden"
            disabled={nodes === 0}
            onClick={() => editor.set({ publishing: true })}
          >
            <Icon name="upload" />
            Publish
          </button>
        )}
      </div>
    </header>
  );
}
