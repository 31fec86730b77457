// Find anything: Ctrl or Cmd + K opens it, the server finds, arrows choose, Enter goes.
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("#palette-hits")?.parentElement;

const hits = () => [...dialog.querySelectorAll("[role=option]")];

function open() {
  if (dialog.open) return dialog.close();
  dialog.showModal();
  input.select();
  input.dispatchEvent(new Event("troupe:palette"));
}

function select(hit) {
  for (const other of hits()) other.setAttribute("aria-selected", String(other === hit));
  if (!hit) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", hit.id);
  hit.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = hits();
  const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  select(all.at((at + step + all.length) % all.length));
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-palette]") && open());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      const chosen = hits().find((hit) => hit.getAttribute("aria-selected") === "true");
      if (!chosen) return;
      event.preventDefault();
      chosen.click();
    }
  });
  list.addEventListener("pointermove", (event) => {
    const hit = event.target.closest("[role=option]");
    if (hit && hit.getAttribute("aria-selected") !== "true") select(hit);
  });
  dialog.addEventListener("htmx:after:swap", () => select(hits()[0]));
}
