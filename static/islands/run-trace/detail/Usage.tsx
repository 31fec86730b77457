// What one attempt used: tokens by class, the cost and the price it was counted with, and how long each part took.
import type { Charge, Reused } from "../log/events";
import { parseMoney } from "../log/money";
import type { Attempt } from "../log/trace";
import { useNow, useRun } from "../show/context";
import { clockTime, counted, duration, money, span } from "../show/figures";
import { Facts } from "./Detail";

export function Usage({ one }: { one: Attempt }) {
  const usage = one.charge?.usage;
  return (
    <div className="rt-usage">
      {usage && <div className="rt-usage-part"><Facts facts={[
        ["Input", counted((usage.input_tokens ?? 0) - (usage.cached_tokens ?? 0))], ["Cached", counted(usage.cached_tokens ?? 0)],
        ["Output", counted((usage.output_tokens ?? 0) - (usage.reasoning_tokens ?? 0))], ["Reasoning", counted(usage.reasoning_tokens ?? 0)],
      ]} /></div>}
      <Cost one={one} />
      <Latency one={one} />
    </div>
  );
}

function Cost({ one }: { one: Attempt }) {
  const { charge } = one;
  const words = one.status === "running" ? <span className="italic text-dim">{one.reserved === null ? "no known price" : `${money(one.reserved)} reserved`}</span>
    : charge ? <b className="font-semibold" title={charge.cost ?? ""}>{money(one.cost)}</b> : <span className="text-dim">nothing billed</span>;
  return (
    <div className="rt-usage-part">
      <div className="flex items-baseline"><span className="label flex-1">Cost{one.simulated && " (simulated)"}</span><span className="num text-meta">{words}</span></div>
      {charge && <p className="text-label num mt-1">{price(charge)}</p>}
      {charge?.status === "estimated" && <p className="text-label text-dim">Estimated: it was cut off before its usage arrived.</p>}
      {charge?.status === "unknown" && <p className="text-label text-dim">Nobody knows whether it was answered; what was reserved counts.</p>}
      {one.reused && <ReusedFrom reused={one.reused} />}
      {charge?.price_source && <p className="text-label text-dim">{charge.price_source}</p>}
    </div>
  );
}

function price({ status, input_price, cached_price, output_price }: Charge): string {
  if (status === "reused") return "No request was made.";
  const dollars = (text: string | null | undefined) => (text == null ? "?" : money(parseMoney(text)));
  if (input_price == null && output_price == null) return "The price of this model is not known.";
  return `${dollars(input_price)} in · ${dollars(cached_price)} cached · ${dollars(output_price)} out per 1M`;
}

function Latency({ one }: { one: Attempt }) {
  const { store } = useRun();
  const now = useNow();
  const end = one.ended_at || now;
  const whole = (end - one.started_at) / 1e6;
  const first = one.first_token_s ?? (store.textOf(one.key) ? null : whole);
  return (
    <div className="rt-usage-part">
      <div className="flex"><span className="label flex-1">Latency</span><span className="num text-meta">{span(one.started_at, one.ended_at, now)}{one.status === "running" && " so far"}</span></div>
      {first !== null && whole > 0 && (one.status === "done" || one.status === "running") && (
        <>
          <div className="rt-latency"><i style={{ width: `${Math.min(100, (first / whole) * 100)}%` }} /></div>
          <p className="text-label num mt-1"><span className="text-dim">first token</span> {duration(first)}{whole - first > 0.001 && <> <span className="text-dim ml-2">writing</span> {duration(whole - first)}</>}</p>
        </>
      )}
    </div>
  );
}

/** Where an answer came from that no request was made for. */
export function ReusedFrom({ reused }: { reused: Reused }) {
  const { page } = useRun();
  const select = encodeURIComponent(`call:${reused.call}`);
  return (
    <p className="text-label text-dim">
      {reused.source === "cache" ? "From the cache: answered to" : "As recorded in"} <a className="link" href={`${page.urls.runs}${reused.run}/?select=${select}`}>r-{reused.run.slice(0, 6)}</a>, {clockTime(reused.at)}.
    </p>
  );
}
