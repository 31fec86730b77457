// What happens when an htmx request does not come back with the fragment it asked for.
import { toast } from "./toasts.js";

const SENTENCES = {
  0: "The server did not answer. Check the connection and try again.",
  403: "You may not do this, or the page is out of date. Reload it and try again.",
  404: "This is no longer there.",
  413: "That is too large.",
  429: "Too many requests at once. Wait a moment and try again.",
};

// django-htmx's script of debug mode lets no 4xx be swapped in; forms with what is wrong in them must be.
const noSwap = window.htmx?.config.noSwap;
if (noSwap?.includes("4xx")) noSwap.splice(noSwap.indexOf("4xx"), 1);

document.addEventListener("htmx:response:error", ({ detail }) => {
  const { status, headers } = detail.ctx.response;
  const isForm = status === 422 || status === 409; // these carry the fragment with what is wrong
  if (isForm || headers.get("HX-Trigger")) return;
  toast(SENTENCES[status] ?? `The server could not do this (${status}). It has been logged.`, "error");
});

document.addEventListener("htmx:error", ({ detail }) => {
  const wasStopped = detail.error?.name === "AbortError";
  if (detail.ctx && !detail.ctx.response && !wasStopped) toast(SENTENCES[0], "error");
});

// A session that has ended answers with the sign-in page: go there instead of swapping it into a list.
document.addEventListener("htmx:before:response", (event) => {
  const { raw } = event.detail.ctx.response;
  if (!raw.redirected || new URL(raw.url).pathname !== "/accounts/login/") return;
  event.preventDefault();
  location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
});
