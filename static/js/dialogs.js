// <button data-dialog="id"> opens the <dialog id="id">; `data-close` inside it and a click beside it close it.
// A dialog that arrives in a fragment with `data-open` opens at once.
export function openDialog(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    openDialog(document.getElementById(opener.dataset.dialog));
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
});

document.addEventListener("mousedown", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || !dialog.open || dialog.dataset.keep !== undefined) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
});

function openArrived(root) {
  for (const dialog of root.querySelectorAll?.("dialog[data-open]") ?? []) {
    openDialog(dialog);
    delete dialog.dataset.open; // once: the next swap elsewhere must not open it again
  }
}
document.addEventListener("htmx:after:swap", () => openArrived(document));
openArrived(document);
