// Times in words, as studio/web/figures.py writes them (a test compares the two).
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** How long ago or in how long `moment` (a Date) is, roughly. */
export function ago(moment, now = new Date()) {
  const seconds = (now - moment) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return seconds >= 0 ? "just now" : "in a moment";
  let words;
  if (size < 45 * MINUTE) words = `${Math.max(1, Math.round(size / MINUTE))} min`;
  else if (size < 22 * HOUR) words = `${Math.max(1, Math.round(size / HOUR))} h`;
  else if (size < 7 * DAY) {
    const days = Math.max(1, Math.round(size / DAY));
    if (days === 1) return seconds > 0 ? "yesterday" : "tomorrow";
    words = `${days} days`;
  } else {
    const day = `${moment.getUTCDate()} ${MONTHS[moment.getUTCMonth()]}`;
    return moment.getUTCFullYear() === now.getUTCFullYear() ? day : `${day} ${moment.getUTCFullYear()}`;
  }
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

/** Seconds as a clock: `1:07:20`, `0:38`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / HOUR), Math.floor((whole % HOUR) / MINUTE), whole % MINUTE];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
