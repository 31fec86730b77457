// One WebSocket a page, for what changes in the workspace: the approvals badge and live lists. The socket's address
// is <body data-live>. Frames become events on document:
//   {type: "badge", approvals: n}            troupe:approvals   detail {approvals}
//   {type: "run", run, status, seq}          troupe:run         detail {run, status, seq}
//   {type: "changed", what: "runs"}          troupe:runs        (or troupe:approvals, …)
// After a gap `troupe:resync` asks lists to fetch themselves again.
const FIRST_MS = 500;
const LONGEST_MS = 20_000;
const STEADY_MS = 5000;
const ENDED = new Set([4401, 4403, 4404]); // signed out, no longer a member: trying again is of no use

const path = document.body.dataset.live;
let socket;
let attempt = 0;
let timer = 0;
let wasOpen = false;

const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

function say(words, off) {
  for (const node of document.querySelectorAll("[data-live-status]")) {
    if (node.textContent !== words) node.textContent = words;
    node.classList.toggle("is-off", off);
  }
}

function badge(count) {
  for (const node of document.querySelectorAll("[data-approvals-badge]")) node.textContent = count ? String(count) : "";
}

function receive(frame) {
  if (frame.type === "badge") {
    badge(frame.approvals);
    send("troupe:approvals", { approvals: frame.approvals });
  } else if (frame.type === "run") {
    send("troupe:run", frame);
  } else if (frame.type === "changed") {
    send(`troupe:${frame.what}`, frame);
  }
}

function opened() {
  say("Live", false);
  if (wasOpen) send("troupe:resync", {});
  wasOpen = true;
  const mine = socket;
  setTimeout(() => mine === socket && mine.readyState === WebSocket.OPEN && (attempt = 0), STEADY_MS);
}

function closed({ code }) {
  if (ENDED.has(code)) return say("Signed out", true);
  say("Reconnecting", true);
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt++);
  timer = setTimeout(connect, longest / 2 + Math.random() * (longest / 2));
}

function connect() {
  clearTimeout(timer);
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
  socket.addEventListener("open", opened);
  socket.addEventListener("close", closed);
  socket.addEventListener("message", ({ data }) => receive(JSON.parse(data)));
}

if (path) {
  connect();
  addEventListener("online", connect);
  document.addEventListener("visibilitychange", () => document.hidden || connect());
  // a page kept for the back button comes back without its socket
  addEventListener("pagehide", () => socket?.close(1000));
  addEventListener("pageshow", (event) => event.persisted && connect());
  document.addEventListener("htmx:after:swap", () => socket?.readyState === WebSocket.OPEN && say("Live", false));
}
