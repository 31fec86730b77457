// Money, tokens and durations in the words of studio/web/figures.py (a test compares the two).
import type { Money } from "../log/money";

const ONE = 10n ** 20n;
const CENT = ONE / 100n;

/** Enough digits to differ: `$18.42`, `$0.0042`, `$0.00002`. null: `unknown`. */
export function money(amount: Money | null): string {
  if (amount === null) return "unknown";
  const size = amount < 0n ? -amount : amount;
  let decimals = 2;
  if (size < ONE && size % CENT !== 0n) {
    decimals = size >= ONE / 1000n ? 4 : 2 + leadingZeros(size);
  }
  const step = 10n ** BigInt(20 - decimals);
  const rounded = (size + step / 2n) / step;
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, -decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${amount < 0n ? "−" : ""}$${whole}.${digits.slice(-decimals)}`;
}

/** Zeros between the point and the first digit. */
function leadingZeros(size: Money): number {
  return 20 - size.toString().length;
}

/** `819`, `40.1k`, `188k`, `1.2M`. */
export function tokens(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_500) return `${threeDigits(count / 1000)}k`;
  if (count < 999_500_000) return `${threeDigits(count / 1e6)}M`;
  return `${threeDigits(count / 1e9)}G`;
}

const threeDigits = (value: number): string => (value < 99.95 ? value.toFixed(1) : value.toFixed(0));

export const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

/** Seconds: `38ms`, `2.4s`, `6m 28s`, `1h 12m`, `2d 3h`. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(0, seconds * 1000).toFixed(0)}ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  return long(Math.round(seconds));
}

/** The same without fractions, for clocks that tick. */
export function ticking(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole}s` : long(whole);
}

function long(whole: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}

/** Between two moments of the log, in microseconds; to `now` while there is no end. */
export const span = (from: number, to: number, now: number): string =>
  to ? duration((to - from) / 1e6) : ticking((now - from) / 1e6);

/** A moment of the log on the wall: `14:02:07.123`. */
export function clockTime(at: number): string {
  const moment = new Date(at / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const millis = String(moment.getMilliseconds()).padStart(3, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}.${millis}`;
}
