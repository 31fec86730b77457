// The live list of runs: rows that changed are exchanged where they stand, and new runs are only counted ("12 new"):
// nothing moves under the reader.
import { tick } from "./elapsed.js";

const PAUSE_MS = 1500; // between two looks
const POLL_MS = 8000; // rows that live are looked at all the same: a signal may be lost
const changed = new Set();
let timer = 0;
let unknown = false; // a run that is not on this page has changed

const list = () => document.querySelector("[data-runs]");

function later() {
  if (!timer) timer = setTimeout(look, PAUSE_MS);
}

async function look() {
  timer = 0;
  const root = list();
  if (!root || document.hidden) return;
  const ids = [...changed].slice(0, 100);
  const counting = unknown && "countsNew" in root.dataset;
  for (const id of ids) changed.delete(id);
  unknown = false;
  if (!ids.length && !counting) return;
  const query = new URLSearchParams(location.search);
  query.set("ids", ids.join(","));
  query.set("since", counting ? root.dataset.since : "");
  const answer = await fetch(`${root.dataset.rowsUrl}?${query}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const table = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("table");
  for (const row of table?.querySelectorAll("tr[data-run]") ?? []) exchange(row);
  tick();
  if (counting) announce(root, Number(table?.dataset.newRuns ?? 0));
  if (changed.size) later();
}

function exchange(row) {
  const old = document.getElementById(row.id);
  if (!old || old.outerHTML === row.outerHTML) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(row);
  if (focused) row.querySelector("a")?.focus({ preventScroll: true });
}

function announce(root, count) {
  const pill = root.querySelector("[data-new]");
  if (!pill || !count) return;
  root.querySelector("[data-new-words]").textContent = `${count} new`;
  pill.hidden = false;
}

document.addEventListener("troupe:run", ({ detail }) => {
  if (document.getElementById(`run-${detail.run}`)) changed.add(detail.run);
  else unknown = true;
  later();
});
function lookAtLiving() {
  for (const row of document.querySelectorAll("[data-runs] tr[data-live-run]")) changed.add(row.dataset.run);
  if (changed.size) later();
}
setInterval(lookAtLiving, POLL_MS);
document.addEventListener("troupe:resync", () => {
  unknown = true;
  lookAtLiving();
  later();
});
document.addEventListener("visibilitychange", () => document.hidden || later());

// the CSV holds what the filters leave
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-follows-filters]");
  if (link) link.search = location.search;
});
