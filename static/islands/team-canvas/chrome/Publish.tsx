// Publishing: what it means, a note for those who read the history, and what stands in the way.
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Icon } from "../../graph/Icon";
import type { Problem } from "../../graph/types";
import type { Editor } from "../store/editor";
import { useEditor, useEditorState, useGraph, useProblems } from "../store/hooks";
import { ProblemRow } from "./Drawer";

type Failed = { message: string; problems: Problem[] };

async function publish(editor: Editor, note: string): Promise<number | Failed> {
  if (!(await editor.saver.flush()))
    return { message: "The draft could not be saved, so nothing was published.", problems: [] };
  const outcome = await editor.api.publish(editor.saver.currentRevision, note);
  switch (outcome.kind) {
    case "published":
      editor.set({ team: { ...editor.state.team, version: outcome.version, changed: false } });
      return outcome.version;
    case "invalid":
      editor.showProblems(outcome.problems);
      return { message: "These problems block publishing:", problems: outcome.problems };
    case "offline":
      return { message: "The server does not answer. Nothing was published.", problems: [] };
    case "refused":
      return outcome;
  }
}

export function PublishDialog() {
  const editor = useEditor();
  const graph = useGraph();
  const { errors, all } = useProblems();
  const { version, changed } = useEditorState((state) => state.team);
  const dialog = useRef<HTMLDialogElement>(null);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed | null>(null);
  const close = () => editor.set({ publishing: false });
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const result = await publish(editor, note.trim());
    setBusy(false);
    if (typeof result === "number") {
      close();
      const same = result === version;
      editor.toast(
        same ? `Nothing had changed: version ${result} stays.` : `Version ${result} is published. New runs use it.`,
        "good",
      );
    } else {
      setFailed(result);
    }
  };
  const blocking = failed?.problems.length
    ? failed.problems
    : errors
      ? all.filter((one) => one.severity === "error")
      : [];
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="tc-publish-title" onClose={close}>
      <form onSubmit={(event) => void submit(event)} className="contents">
        <div className="dialog-head">
          <h2 id="tc-publish-title">Publish version {(version ?? 0) + 1}</h2>
        </div>
        <div className="dialog-body form">
          <p>
            {version !== null && !changed
              ? `The drawing is the same as in version ${version}. Publishing takes the agents as they are now.`
              : "A published version never changes. New runs use it; runs that are under way keep theirs."}
          </p>
          {(failed || blocking.length > 0) && (
            <div className="notice s-failed" role="alert">
              <Icon name="circle-x" />
              <span>
                {failed?.message ??
                  (errors === 1 ? "One problem blocks publishing:" : `${errors} problems block publishing:`)}
              </span>
            </div>
          )}
          {blocking.length > 0 && (
            <div className="tc-publish-problems" onClick={close}>
              {blocking.slice(0, 6).map((problem, at) => (
                <ProblemRow key={at} problem={problem} graph={graph} />
              ))}
            </div>
          )}
          <div className="field">
            <label className="field-label" htmlFor="tc-note">
              What changed? <span className="optional">optional</span>
            </label>
            <input
              id="tc-note"
              className="input"
              maxLength={200}
              value={note}
              onChange={(event) => setNote(event.target.value)}
              autoFocus
            />
          </div>
        </div>
        <div className="dialog-foot">
          <button type="button" className="btn btn-ghost" onClick={close}>
            Not yet
          </button>
          <button type="submit" className="btn btn-primary" disabled={busy || errors > 0}>
            {busy ? "Publishing…" : "Publish"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
