// Markdown from models and people: hostile until shown otherwise. Raw HTML stays text, nothing is loaded from elsewhere.
import Markdown, { type Components } from "react-markdown";

const LONGEST = 60_000; // beyond it the text is shown as it is

const COMPONENTS: Components = {
  a: ({ href, children }) => <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>,
  // an image would tell its server who reads what, and when
  img: ({ src, alt }) => <a href={String(src ?? "")} target="_blank" rel="noopener noreferrer nofollow">{alt || "image"}</a>,
};

export function Prose({ text }: { text: string }) {
  if (text.length > LONGEST) return <pre className="code">{text}</pre>;
  return <div className="prose"><Markdown components={COMPONENTS}>{text}</Markdown></div>;
}
