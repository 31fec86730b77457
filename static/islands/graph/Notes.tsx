// Sticky notes where nobody edits: drawn beneath the cards, untouchable.
import { ViewportPortal } from "@xyflow/react";
import type { StickyNote } from "./types";

export function NotesLayer({ notes }: { notes: StickyNote[] }) {
  return (
    <ViewportPortal>
      {notes.map((note) => (
        <div
          key={note.id}
          className="tg-note is-fixed"
          style={{ transform: `translate(${note.position.x}px, ${note.position.y}px)` }}
        >
          {note.text}
        </div>
      ))}
    </ViewportPortal>
  );
}
