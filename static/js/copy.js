// <button data-copy="text"> puts the text on the clipboard and says so; `data-copy-from="id"` takes an element's.
import { toast } from "./toasts.js";

const SHOW_MS = 1400;

async function copy(button) {
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = source ? (source.value ?? source.textContent) : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return toast("The browser did not allow copying. Select the text and copy it by hand.", "warning");
  }
  const label = button.getAttribute("aria-label");
  const use = button.querySelector("use");
  const icon = use?.getAttribute("href");
  button.classList.add("is-copied");
  button.setAttribute("aria-label", "Copied");
  use?.setAttribute("href", icon.replace(/#.*/, "#check"));
  setTimeout(() => {
    button.classList.remove("is-copied");
    if (label) button.setAttribute("aria-label", label);
    use?.setAttribute("href", icon);
  }, SHOW_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button || button.classList.contains("is-copied")) return;
  event.preventDefault();
  event.stopPropagation();
  copy(button);
});
