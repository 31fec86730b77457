// Whether the draft is saved, and if not, why not.
import { useEffect, useState } from "react";
import { Icon } from "../../graph/Icon";
import { useEditorState } from "../store/hooks";

export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

function useNow(every: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}

export function Saved() {
  const save = useEditorState((state) => state.save);
  const now = useNow(5_000);
  switch (save.kind) {
    case "saved":
      return save.at ? (
        <span className="tc-saved" title={new Date(save.at).toLocaleString()}>
          Saved {ago(Math.max(now, Date.now()) - save.at)}
        </span>
      ) : null;
    case "dirty":
    case "saving":
      return <span className="tc-saved">Saving…</span>;
    case "offline":
      return (
        <span className="tc-saved is-bad" title="It is saved as soon as the server answers.">
          <Icon name="wifi-off" size={14} />
          Not saved: no connection
        </span>
      );
    case "refused":
      return (
        <span className="tc-saved is-bad" title={save.message}>
          <Icon name="circle-alert" size={14} />
          Not saved
        </span>
      );
    case "conflict":
      return (
        <span className="tc-saved is-bad">
          <Icon name="git-compare" size={14} />
          Two versions
        </span>
      );
  }
}
