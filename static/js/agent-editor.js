// The editor of an agent: says when something is not saved, estimates tokens, Ctrl+S saves, Ctrl+Enter tries.
const CHARACTERS_A_TOKEN = 4;
const form = () => document.querySelector("[data-agent-form]");
let dirty = false;

function mark(changed) {
  dirty = changed;
  for (const node of document.querySelectorAll("[data-when-dirty]")) node.hidden = !changed;
  for (const node of document.querySelectorAll("[data-when-clean]")) node.hidden = changed;
}

function count() {
  let total = 0;
  for (const note of document.querySelectorAll("[data-tokens-of]")) {
    const field = document.getElementById(note.dataset.tokensOf);
    const tokens = Math.ceil((field?.value.length ?? 0) / CHARACTERS_A_TOKEN);
    total += tokens;
    note.textContent = tokens ? `≈ ${tokens.toLocaleString("en")} tok` : "";
  }
  const sum = document.querySelector("[data-tokens-total]");
  if (sum) sum.textContent = total ? `≈ ${total.toLocaleString("en")} tok,` : "";
}

/** What was wrong before this save is not wrong any more. */
function clearErrors() {
  for (const node of form()?.querySelectorAll(".field-error:not([data-wrong]), .form-problem") ?? []) node.remove();
  for (const node of form()?.querySelectorAll("[aria-invalid]") ?? []) node.removeAttribute("aria-invalid");
}

document.addEventListener("input", ({ target }) => {
  if (target.form !== form() || target.matches("[data-try-words]")) return;
  mark(true);
  count();
});
document.addEventListener("submit", ({ target, submitter }) => {
  if (target === form() && !submitter?.hasAttribute("formaction")) dirty = false;
});
document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail.ctx?.sourceElement?.matches?.("[data-agent-form]")) {
    const saved = detail.ctx.response?.status === 200;
    if (saved) clearErrors();
    else form()?.querySelector('.form-problem, [aria-invalid="true"], .field-error:not([hidden])')?.scrollIntoView({ block: "center" });
    mark(!saved);
  }
  count();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  if (event.key === "s") {
    event.preventDefault();
    form()?.requestSubmit();
  } else if (event.key === "Enter" && event.target.matches("[data-try-words]")) {
    document.querySelector("[data-try-button]")?.click();
  }
});
addEventListener("beforeunload", (event) => dirty && event.preventDefault());
count();
