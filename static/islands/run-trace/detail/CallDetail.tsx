// One model or tool call: what was sent, what came back, what it used, cost and took, attempt by attempt.
import { useState } from "react";
import type { Call } from "../log/state";
import type { Attempt } from "../log/trace";
import { Content, Writing } from "../parts/Content";
import { Icon } from "../parts/icons";
import { StateWord } from "../parts/StateWord";
import { useNames, useNow, useRun } from "../show/context";
import { duration, span } from "../show/figures";
import { pathOfCall } from "../show/names";
import { DetailFrame, Facts, Gone, Section } from "./Detail";
import { Messages } from "./Messages";
import { ToolCall, ToolCalls } from "./ToolCalls";
import { Usage } from "./Usage";

type Tab = "output" | "messages" | "tools";

export function CallDetail({ call: id, attempt }: { call: string; attempt: number }) {
  const { store } = useRun();
  const name = useNames();
  const path = pathOfCall(store, id);
  const call = store.state.nodes.get(path)?.calls.get(id);
  if (!call) return <Gone what={id} />;
  const attempts = store.trace.attempts.get(id) ?? [];
  const one = attempts.find((other) => other.attempt === attempt) ?? attempts.at(-1);
  const title = name(path);
  if (call.kind === "tool") return <ToolCall call={call} attempts={attempts} title={title} />;
  if (!one) return <Gone what={id} />;
  return <ModelCall call={call} attempts={attempts} one={one} title={title} />;
}

function ModelCall({ call, attempts, one, title }: { call: Call; attempts: Attempt[]; one: Attempt; title: string }) {
  const { store } = useRun();
  const [tab, setTab] = useState<Tab>("output");
  const text = store.textOf(one.key);
  const word = one.status === "running" ? (text ? "Writing" : "Thinking") : undefined;
  const transcript = store.state.nodes.get(call.path)?.transcript ?? [];
  const tabs: [Tab, string, number][] = [["output", "Output", 0], ["messages", "Messages", one.messages - one.from], ["tools", "Tools", call.tools.length]];
  return (
    <DetailFrame icon="sparkles" title={title} beside={<span className="text-dim whitespace-nowrap">turn {call.turn}</span>}
      under={<>
        <div className="mt-1 flex items-center gap-2"><StateWord status={one.status} word={word} /><span className="text-dim text-meta truncate"><span className="mono">{call.name}</span> on {call.endpoint}</span></div>
        <div className="rt-tabs" role="tablist">
          {tabs.filter(([id, , count]) => id !== "tools" || count > 0).map(([id, words, count]) => (
            <button key={id} type="button" role="tab" aria-selected={tab === id} onClick={() => setTab(id)}>{words}{count > 0 && <span className="text-dim num">{count}</span>}</button>
          ))}
        </div>
      </>}>
      {attempts.length > 1 && <Attempts attempts={attempts} one={one} />}
      {tab === "messages" ? <Messages digests={transcript.slice(one.from, one.messages)} />
        : tab === "tools" ? <ToolCalls call={call} />
        : <Answer one={one} call={call} text={text} />}
      <Usage one={one} />
    </DetailFrame>
  );
}

function Attempts({ attempts, one }: { attempts: Attempt[]; one: Attempt }) {
  const { select } = useRun();
  return (
    <div className="rt-attempts">
      <Icon name="rotate-cw" size={13} /><b className="font-semibold">Attempt {one.attempt} of {attempts.length}</b><span className="flex-1" />
      {attempts.filter((other) => other !== one).map((other) => (
        <button key={other.key} type="button" className="link" onClick={() => select({ kind: "call", call: other.call, attempt: other.attempt })}>Attempt {other.attempt}</button>
      ))}
    </div>
  );
}

function Answer({ one, call, text }: { one: Attempt; call: Call; text: string }) {
  const now = useNow();
  if (one.status === "running") {
    const waits = `${one.attempt > 1 ? "Asked again" : "Asked"} ${span(one.started_at, 0, now)} ago; no word has come yet.`;
    return <div className="rt-block">{text ? <Writing text={text} /> : <p className="text-dim">{waits}</p>}</div>;
  }
  if (one.status === "failed" || one.status === "cancelled") {
    return (
      <div className="rt-block">
        <p className={`rt-said s-${one.status}`}>{one.message || "The call failed."}</p>
        {one.partial && <Section title="What had arrived"><Content digest={one.partial} /></Section>}
      </div>
    );
  }
  return (
    <div className="rt-block">
      {call.defect && <p className="rt-said s-warning">{call.defect}</p>}
      {one.finish_reason === "length" && <p className="rt-said s-warning">The answer was cut off by the limit of {one.max_tokens} tokens.</p>}
      <Messages digests={[one.result]} answer />
      <Facts facts={[["Ended with", one.finish_reason || "–"], ["First token", one.first_token_s === null ? "–" : duration(one.first_token_s)], ["Model", one.response_model || "–"]]} />
    </div>
  );
}
