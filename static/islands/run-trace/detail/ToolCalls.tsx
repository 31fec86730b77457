// Tool calls: those a model asked for in one turn, and one of them in full.
import type { Call } from "../log/state";
import type { Attempt } from "../log/trace";
import { Content } from "../parts/Content";
import { Icon } from "../parts/icons";
import { StateWord } from "../parts/StateWord";
import { useNow, useRun } from "../show/context";
import { span } from "../show/figures";
import { useContent } from "../feed/content";
import { nameOfCall, spawnedFor } from "../show/names";
import { Instances } from "./AllDetail";
import { DetailFrame, Facts, Section } from "./Detail";
import { Arguments } from "./Messages";
import { ReusedFrom } from "./Usage";

const EFFECTS: Record<string, string> = { reads: "only reads", idempotent: "may be repeated", writes: "must happen once", delegates: "asks a colleague", "hands over": "gives the job away" };
const WORDS: Record<Call["status"], ["queued" | "running" | "done" | "failed" | "doubt" | "waiting", string]> = {
  requested: ["queued", "Asked for"], vetted: ["queued", "Checked"], delegated: ["running", "Under way"], started: ["running", "Running"], completed: ["done", "Done"],
  failed: ["failed", "Failed"], refused: ["failed", "Refused"], abandoned: ["failed", "Abandoned"], doubt: ["doubt", "In doubt"],
};

export function ToolCalls({ call }: { call: Call }) {
  const { store, select } = useRun();
  const calls = store.state.nodes.get(call.path)?.calls;
  return (
    <div className="rt-steps p-2">
      {call.tools.map((tool) => {
        const [status, word] = WORDS[calls?.get(tool.call)?.status ?? "requested"];
        return (
          <button key={tool.call} type="button" className="rt-step" onClick={() => select({ kind: "call", call: tool.call, attempt: 0 })}>
            <span className="wf-icon is-tool"><Icon name="wrench" size={14} /></span><Named call={tool.call} name={tool.name} /><StateWord status={status} word={word} /><Icon name="chevron-right" size={14} />
          </button>
        );
      })}
    </div>
  );
}

/** A tool by its name, a colleague in words. */
function Named({ call, name }: { call: string; name: string }) {
  const { store, page } = useRun();
  const words = nameOfCall(store, page, call);
  return <span className={`flex-1 truncate${words === name ? " mono" : ""}`}>{words}</span>;
}

export function ToolCall({ call, attempts, title }: { call: Call; attempts: Attempt[]; title: string }) {
  const { store, page, select } = useRun();
  const now = useNow();
  const approval = store.state.nodes.get(call.path)?.approvals.get(`${call.id}/ask`);
  const waits = approval?.status === "pending";
  const [status, word] = waits ? (["waiting", "Waits for a person"] as const) : WORDS[call.status];
  const known = page.catalog.tools.get(call.name);
  const asked = `${call.path}/m${call.turn}`;
  const spawned = spawnedFor(store, call.path, call.id);
  const colleague = spawned.length > 0 || call.effect === "delegates" || call.effect === "hands over";
  return (
    <DetailFrame icon={known?.icon || (colleague ? "network" : "wrench")} title={nameOfCall(store, page, call.id)} beside={<span className="text-dim truncate">{title}</span>}
      under={<>
        <div className="mt-1 flex items-center gap-2"><StateWord status={status} word={word} />{known?.title && known.title !== call.name && <span className="text-dim text-meta truncate">{known.title}</span>}</div>
        <Facts facts={[["Effect", EFFECTS[call.effect] ?? "–"], ["Attempts", String(attempts.length || "–")], ["Time", call.started_at ? span(call.started_at, call.ended_at, now) : "–"]]} />
      </>}>
      {call.message && <p className={`rt-said ${call.status === "doubt" ? "s-doubt" : "s-failed"}`}>{call.message}</p>}
      {approval && <button type="button" className="rt-step mx-2 mt-2" onClick={() => select({ kind: "approval", path: call.path, key: approval.key })}><Icon name="hand" size={14} /><span className="flex-1 truncate">{waits ? "Waits for a decision" : `Decided by ${approval.by_name || "nobody"}`}</span><Icon name="chevron-right" size={14} /></button>}
      {spawned.length > 0 && <Section title="Who does it"><Instances paths={spawned} own /></Section>}
      <Section title={colleague ? "Asked for" : "Arguments"} {...(approval?.edited ? { aside: "changed by a person" } : {})}><Given digest={call.arguments} /></Section>
      <Section title="Result"><Content digest={call.result} none={call.started_at ? "Nothing has come back yet." : "It was not called."} /></Section>
      {attempts.at(-1)?.reused && <div className="rt-block"><ReusedFrom reused={attempts.at(-1)!.reused!} /></div>}
      {attempts.length > 1 && <Section title="Attempts">{attempts.map((one) => <p key={one.key} className="text-meta flex gap-2"><span className="num text-dim">{one.attempt}</span><span className="flex-1 wrap-anywhere">{one.message || "answered"}</span><span className="num">{span(one.started_at, one.ended_at, now)}</span></p>)}</Section>}
      <div className="rt-block"><button type="button" className="link" onClick={() => select({ kind: "call", call: asked, attempt: 0 })}>The turn that asked for it</button></div>
    </DetailFrame>
  );
}

/** Before they are checked, arguments are the model's raw text. */
function Given({ digest }: { digest: string }) {
  const loaded = useContent(digest);
  if (loaded && "value" in loaded && typeof loaded.value === "string") return <Arguments text={loaded.value} />;
  return <Content digest={digest} />;
}
