// <div data-rows> holds rows of inputs named `field-0-column` (agents/forms/fields.py) and a <template data-row-blank>
// whose names have `__n__` for the number. Buttons add a row, take one away, or move one up; without this module there
// is one empty row to fill in.
function add(list) {
  const blank = list.querySelector("[data-row-blank]");
  const number = Math.max(-1, ...[...list.querySelectorAll("[data-row] [name]")].map((field) => Number(field.name.match(/-(\d+)-/)?.[1] ?? -1))) + 1;
  const row = blank.content.firstElementChild.cloneNode(true);
  for (const field of row.querySelectorAll("[name]")) {
    field.name = field.name.replace("__n__", number);
    field.id = field.id.replace("__n__", number);
  }
  show(row);
  blank.before(row);
  row.querySelector("input, select")?.focus();
}

/** Rows are read by their numbers, so what is in them moves, not the rows. */
function moveUp(row) {
  const above = row.previousElementSibling;
  if (!above?.matches("[data-row]")) return;
  const [mine, theirs] = [row, above].map((one) => [...one.querySelectorAll("[name]")]);
  mine.forEach((field, at) => ([field.value, theirs[at].value] = [theirs[at].value, field.value]));
  above.querySelector("[data-row-up]").focus();
}

function show(root) {
  for (const button of root.querySelectorAll("[data-row-add], [data-row-remove], [data-row-up]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const adder = event.target.closest("[data-row-add]");
  const remover = event.target.closest("[data-row-remove]");
  const list = (adder ?? remover)?.closest("[data-rows]");
  const riser = event.target.closest("[data-row-up]");
  if (riser) {
    moveUp(riser.closest("[data-row]"));
    riser.closest("[data-rows]").dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (adder) add(list);
  if (remover) {
    remover.closest("[data-row]").remove();
    list.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

show(document);
document.addEventListener("htmx:after:swap", () => show(document));
