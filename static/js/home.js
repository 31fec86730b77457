// Keeps Home true while it is open: when a run, an approval or the connection changes, the content is fetched again
// and morphed, so that only what differs moves and focus stays.
import { tick } from "./elapsed.js";

const PAUSE_MS = 1500; // between two looks
const home = document.getElementById("home");
let timer = 0;
let changed = false;

async function look() {
  timer = 0;
  if (!changed || document.hidden) return;
  changed = false;
  timer = setTimeout(look, PAUSE_MS); // whatever changes meanwhile waits this long
  await window.htmx.ajax("GET", home.dataset.liveUrl, { target: "#home", swap: "outerMorph" });
  tick();
}

function later() {
  changed = true;
  if (!timer) timer = setTimeout(look, PAUSE_MS / 3);
}

for (const name of ["troupe:run", "troupe:approvals", "troupe:resync"]) document.addEventListener(name, later);
document.addEventListener("visibilitychange", () => document.hidden || look());
