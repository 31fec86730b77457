// <time data-elapsed datetime="start"> counts how long something takes: `38s`, `6m 28s`, `1h 12m`, in the words of
// studio/web/figures.py without its fractions.
const two = (number) => String(number).padStart(2, "0");

export function elapsed(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}

export function tick() {
  for (const node of document.querySelectorAll("time[data-elapsed]")) {
    const words = elapsed((Date.now() - new Date(node.dateTime)) / 1000);
    if (node.textContent !== words) node.textContent = words;
  }
}

tick();
setInterval(() => document.hidden || tick(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || tick());
