// Keys: `data-key="n"` on a link, button or field is pressed by n; `data-key="g h"` by g, then h. Nothing fires
// while someone types, and only what is visible can be pressed. `?` shows the list.
const SEQUENCE_MS = 1200;
let first = "";
let timer = 0;

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function find(keys) {
  const open = document.querySelector("dialog[open]");
  const scope = open ?? document;
  const all = [...scope.querySelectorAll(`[data-key="${CSS.escape(keys)}"]`)];
  return all.find((node) => !node.disabled && node.checkVisibility?.({ visibilityProperty: true }) !== false);
}

function press(node) {
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName)) {
    node.focus();
    node.select?.();
  } else node.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key.length !== 1 || document.querySelector(":popover-open.menu")) return;
  const keys = first ? `${first} ${event.key.toLowerCase()}` : event.key.toLowerCase();
  clearTimeout(timer);
  first = "";
  const node = find(keys);
  if (node) {
    event.preventDefault();
    press(node);
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  } else if (document.querySelector(`[data-key^="${CSS.escape(event.key)} "]`)) {
    first = event.key.toLowerCase();
    timer = setTimeout(() => (first = ""), SEQUENCE_MS);
  }
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const node of document.querySelectorAll("[data-mod-key]")) node.textContent = `⌘${node.dataset.modKey}`;
}
