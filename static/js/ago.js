// Keeps times true: <time data-ago> says "6 min ago"; <time data-clock> counts up from its moment,
// <time data-countdown> down to it.
import { ago, clock } from "./words.js";

function refresh() {
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const words = ago(new Date(node.dateTime));
    if (node.textContent !== words) node.textContent = words;
  }
}

function tick() {
  for (const node of document.querySelectorAll("time[data-clock], time[data-countdown]")) {
    const seconds = (Date.now() - new Date(node.dateTime)) / 1000;
    node.textContent = clock("countdown" in node.dataset ? -seconds : seconds);
  }
}

refresh();
setInterval(() => document.hidden || refresh(), 15_000);
tick();
setInterval(() => document.hidden || tick(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
document.addEventListener("htmx:after:swap", tick);
