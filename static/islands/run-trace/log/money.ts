// Exact money: dollars as whole numbers of 10⁻²⁰, so that sums here and in the ledger agree to the last digit.
export type Money = bigint;

const PLACES = 20;
const NUMBER = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

export const ZERO: Money = 0n;

/** A decimal string as the log writes it. Throws on anything else. */
export function parseMoney(text: string): Money {
  const found = NUMBER.exec(text.trim());
  if (!found || !(found[2] || found[3])) throw new Error(`This is no amount: ${text}`);
  const [, sign, whole = "", part = "", exponent] = found;
  const places = PLACES - part.length + Number(exponent ?? 0);
  const digits = BigInt(whole + part || "0");
  const amount = places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
  return sign ? -amount : amount;
}

/** The shortest decimal string: `0.0042`, `1`, `0`. */
export function writeMoney(amount: Money): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(PLACES + 1, "0");
  const whole = digits.slice(0, -PLACES);
  const part = digits.slice(-PLACES).replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${whole}${part ? `.${part}` : ""}`;
}

export const toNumber = (amount: Money): number => Number(writeMoney(amount));
