// Keeps the head of a run's page and its cards true while it is open: elements with `data-part` are replaced when
// the server's differ; cards in `data-parts` come, go and stay, so that nobody loses what they are typing.
// The island says when there is something new (`troupe:run-moved`), or else the workspace's socket (`troupe:run`), which
// also tells of the runs of sub-teams, listed in `data-watched`; `troupe:family` passes that on to the island.
import { tick } from "./elapsed.js";

const SHORTEST_MS = 900; // between two looks
const page = document.querySelector("[data-run-page]");
let looking = false;
let again = false;
let family = false; // a sub-team's run has moved
let timer = 0;

function swapParts(fresh) {
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = document.getElementById(part.id);
    if (!old || old.outerHTML === part.outerHTML || document.querySelector("#confirm[open]")) continue;
    old.replaceWith(part);
  }
}

function swapCards(fresh) {
  const list = document.querySelector("[data-parts]");
  const cards = [...fresh.querySelectorAll("[data-parts] > [data-card]")];
  const wanted = new Set(cards.map((card) => card.id));
  for (const old of [...list.querySelectorAll(":scope > [data-card]")]) if (!wanted.has(old.id)) old.remove();
  for (const card of cards) {
    const old = document.getElementById(card.id);
    if (old?.dataset.card === card.dataset.card) continue;
    if (old) old.replaceWith(card);
    else list.append(card);
    window.htmx?.process(card);
  }
}

async function look() {
  if (looking) return void (again = true);
  looking = true;
  again = false;
  try {
    const answer = await fetch(page.dataset.liveUrl, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      swapParts(fresh);
      swapCards(fresh);
      tick();
      if (family) document.dispatchEvent(new CustomEvent("troupe:family"));
      family = false;
    }
  } catch {
    again = true; // the network is away; the sockets say when it is back
  }
  timer = setTimeout(() => {
    looking = false;
    if (again) look();
  }, SHORTEST_MS);
}

if (page) {
  document.addEventListener("troupe:run-moved", look);
  document.addEventListener("troupe:run", ({ detail }) => {
    const watched = document.querySelector("[data-watched]")?.dataset.watched.split(" ").includes(detail.run);
    family ||= Boolean(watched);
    if (watched || detail.run === page.dataset.runPage) look();
  });
  document.addEventListener("troupe:resync", look);
  addEventListener("pagehide", () => clearTimeout(timer));
}
