// <button popovertarget="x"> … <div id="x" popover class="menu" role="menu" data-side="top|right">: puts the menu
// beside its button and moves through its items with the arrow keys.
const GAP = 4;
const EDGE = 8;
const ITEMS = "a[href], button:not(:disabled)";

function place(menu, button) {
  const box = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const side = menu.dataset.side ?? "bottom";
  let left = side === "right" ? box.right + GAP : menu.dataset.align === "end" ? box.right - width : box.left;
  let top = side === "right" ? box.bottom - height : side === "top" ? box.top - height - GAP : box.bottom + GAP;
  if (side === "bottom" && top + height > innerHeight - EDGE) top = Math.max(EDGE, box.top - height - GAP);
  left = Math.min(Math.max(EDGE, left), innerWidth - width - EDGE);
  top = Math.min(Math.max(EDGE, top), innerHeight - height - EDGE);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open" || !button) return;
    place(menu, button);
    menu.querySelector(ITEMS)?.focus({ preventScroll: true });
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll(ITEMS)];
  const at = items.indexOf(document.activeElement);
  items.at((at + step + items.length) % items.length)?.focus();
});
