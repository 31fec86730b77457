// Decisions: `data-edit` in a form[data-decide] exchanges its values for controls without a request; every
// [data-argument] shows old → new while it is typed, and the button counts the edits. The server checks it all again.
const now = (row) => {
  const control = row.querySelector("input, select, textarea");
  if (!control) return "";
  if (control.type === "radio") return row.querySelector("input:checked")?.value ?? "";
  if (control.type === "checkbox") {
    const boxes = [...row.querySelectorAll("input")];
    return control.matches(".toggle") ? (control.checked ? "on" : "") : boxes.filter((box) => box.checked).map((box) => box.value).join("\n");
  }
  return control.value;
};

const same = (row) => now(row).replaceAll("\r\n", "\n") === row.dataset.original.replaceAll("\r\n", "\n");

/** What a person reads of the control's value. */
function words(row) {
  const control = row.querySelector("input:checked, select, textarea, input");
  if (control.type === "radio") return control.closest("label").textContent.trim();
  if (control.matches(".toggle")) return control.checked ? "Yes" : "No";
  return control.matches("select") ? control.selectedOptions[0]?.textContent : control.value || "empty";
}

function compare(form) {
  let edits = 0;
  for (const row of form.querySelectorAll("[data-argument]")) {
    const changed = !same(row);
    edits += changed;
    const line = row.querySelector("[data-change]");
    if (line) line.hidden = !changed;
    const shown = row.querySelector("[data-now]");
    if (shown && changed) shown.textContent = words(row);
  }
  const says = form.querySelector("[data-edits]");
  if (!says) return;
  says.lastChild.textContent = edits === 1 ? "Approve with 1 edit" : edits ? `Approve with ${edits} edits` : "Approve with edits";
  says.closest("button").disabled = edits === 0;
}

function undo(row) {
  const original = row.dataset.original;
  for (const control of row.querySelectorAll("input, select, textarea")) {
    if (control.type === "radio") control.checked = control.value === original;
    else if (control.matches(".toggle")) control.checked = original === "on";
    else if (control.type === "checkbox") control.checked = original.split("\n").includes(control.value);
    else control.value = original;
  }
  compare(row.closest("form"));
}

document.addEventListener("click", (event) => {
  const open = event.target.closest("[data-edit]");
  const form = event.target.closest("form[data-decide]");
  if (!form) return;
  if (open && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    form.dataset.editing = "";
    compare(form);
    form.querySelector("[data-argument] :is(input, select, textarea)")?.focus();
  }
  if (event.target.closest("[data-edit-off]")) {
    event.preventDefault();
    for (const row of form.querySelectorAll("[data-argument]")) undo(row);
    delete form.dataset.editing;
  }
  const row = event.target.closest("[data-undo]")?.closest("[data-argument]");
  if (row) undo(row);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-decide][data-editing]");
  if (form) compare(form);
});

// a form that came back with something wrong: there first
function arrived() {
  for (const form of document.querySelectorAll("form[data-decide][data-editing]")) compare(form);
  const wrong = document.querySelector("form[data-decide] [aria-invalid=true]");
  if (wrong && !document.activeElement?.matches("[aria-invalid=true]")) wrong.focus();
}
arrived();
document.addEventListener("htmx:after:swap", arrived);
