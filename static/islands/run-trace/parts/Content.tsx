// Content by digest: text as Markdown, everything else as a tree.
import { useContent } from "../feed/content";
import { Json } from "./Json";
import { Prose } from "./Prose";

export function Value({ value }: { value: unknown }) {
  if (typeof value === "string") return value ? <Prose text={value} /> : <p className="text-dim">Empty text</p>;
  return <Json value={value} />;
}

export function Content({ digest, none = "Nothing yet" }: { digest: string; none?: string }) {
  const loaded = useContent(digest);
  if (!digest) return <p className="text-dim">{none}</p>;
  if (!loaded) return <Loading />;
  if ("problem" in loaded) return <p className="text-dim" role="alert">{loaded.problem}</p>;
  return <Value value={loaded.value} />;
}

export function Loading() {
  return (
    <div className="grid gap-2" role="status" aria-label="Loading">
      <i className="skeleton block" style={{ width: "86%" }} /><i className="skeleton block" style={{ width: "72%" }} /><i className="skeleton block" style={{ width: "40%" }} />
    </div>
  );
}

/** Text that is still being written. */
export function Writing({ text }: { text: string }) {
  return <div className="rt-writing" aria-live="off">{text}<span className="caret" /></div>;
}
