// The conversation as the model had it: who said what, in order.
import { useContent } from "../feed/content";
import { Loading, Value } from "../parts/Content";
import { Json } from "../parts/Json";
import { Prose } from "../parts/Prose";

interface Message {
  role?: string;
  content?: unknown;
  name?: string;
  tool_calls?: { function?: { name?: string; arguments?: string } }[];
}
const ROLES: Record<string, string> = { system: "System", user: "Task", assistant: "Answer", tool: "Tool result" };

export function Messages({ digests, answer = false }: { digests: string[]; answer?: boolean }) {
  if (!digests.length) return <p className="rt-none">No message was sent.</p>;
  return <div className={answer ? "" : "rt-messages"}>{digests.map((digest, at) => <One key={`${at}${digest}`} digest={digest} bare={answer} first={at === 0} />)}</div>;
}

function One({ digest, bare, first }: { digest: string; bare: boolean; first: boolean }) {
  const loaded = useContent(digest);
  if (!loaded) return <div className="rt-message"><Loading /></div>;
  if ("problem" in loaded) return <p className="rt-message text-dim">{loaded.problem}</p>;
  const message = loaded.value as Message;
  if (typeof message !== "object" || message === null || !("role" in message)) return <div className="rt-message"><Value value={loaded.value} /></div>;
  const role = ROLES[message.role ?? ""] ?? message.role ?? "";
  if (bare) return <Said message={message} />;
  return (
    <details className={`rt-message is-${message.role}`} open={!(first && message.role === "system")}>
      <summary>{role}</summary>
      <Said message={message} />
    </details>
  );
}

function Said({ message }: { message: Message }) {
  const calls = message.tool_calls ?? [];
  return (
    <>
      {typeof message.content === "string" ? message.content && <Text text={message.content} /> : message.content != null && <Json value={message.content} />}
      {calls.map((call, at) => (
        <div key={at} className="rt-asks"><div className="mono">{call.function?.name}</div><Arguments text={call.function?.arguments ?? ""} /></div>
      ))}
      {!message.content && !calls.length && <p className="text-dim">An empty answer</p>}
    </>
  );
}

/** Answers that are JSON are shown as such. */
function Text({ text }: { text: string }) {
  const value = /^\s*[[{]/.test(text) ? parse(text) : undefined;
  return value === undefined ? <Prose text={text} /> : <Json value={value} />;
}

export function Arguments({ text }: { text: string }) {
  const value = parse(text);
  return value === undefined ? <pre className="code">{text}</pre> : <Json value={value} />;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
