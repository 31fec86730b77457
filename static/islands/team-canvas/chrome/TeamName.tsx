// The team's name in the bar: text until it is clicked, then a field.
import { useRef, useState } from "react";
import { useEditor, useEditorState } from "../store/hooks";

export function TeamName() {
  const editor = useEditor();
  const name = useEditorState((state) => state.history.present.name);
  const [draft, setDraft] = useState<string | null>(null);
  const given = useRef(false); // up with Escape: what was typed is not kept
  if (!editor.canEdit) return <h1 className="truncate">{name}</h1>;
  const keep = () => {
    if (draft !== null && !given.current) editor.rename(draft);
    given.current = false;
    setDraft(null);
  };
  return (
    <h1 className="tc-name">
      <span className="tc-name-ghost" aria-hidden="true">
        {draft ?? name}
      </span>
      <input
        aria-label="Name of the team"
        value={draft ?? name}
        maxLength={80}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          given.current = event.key === "Escape";
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </h1>
  );
}
