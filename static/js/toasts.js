// Short messages at the edge of the page: `toast("Saved.", "success")`, or the server's through htmx. Errors stay
// until dismissed; the rest leave by themselves, not while someone points at or tabs into them.
const STATES = { error: "failed", warning: "warning", success: "done", info: "brand", debug: "brand" };
const STAY_MS = 6000;

export function toast(text, level = "info") {
  const box = document.getElementById("toasts");
  const template = document.getElementById("toast");
  if (!box || !template) return;
  const node = template.content.firstElementChild.cloneNode(true);
  node.dataset.toast = level;
  node.classList.add(`s-${STATES[level] ?? "brand"}`);
  const icon = node.querySelector(`[data-toast-icon="${level}"]`) ?? node.querySelector('[data-toast-icon="info"]');
  for (const other of node.querySelectorAll("[data-toast-icon]")) other === icon ? (other.hidden = false) : other.remove();
  node.querySelector("[data-toast-text]").textContent = text;
  box.append(node);
  lift(box);
  leaveLater(node);
}

/** An open modal dialog covers everything that is not in the top layer; as a popover the toasts are. */
function lift(box) {
  if (!box.showPopover) return;
  box.setAttribute("popover", "manual");
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
}

function leaveLater(node) {
  if (node.dataset.toast === "error") return;
  let timer = setTimeout(() => node.remove(), STAY_MS);
  const hold = () => clearTimeout(timer);
  const resume = () => (timer = setTimeout(() => node.remove(), STAY_MS / 2));
  for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, hold);
  for (const name of ["pointerleave", "focusout"]) node.addEventListener(name, resume);
}

document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove());
document.addEventListener("troupe:toast", ({ detail }) => {
  for (const { text, level } of detail.toasts ?? [detail]) toast(text, level);
});
for (const node of document.querySelectorAll("#toasts > [data-toast]")) leaveLater(node);
