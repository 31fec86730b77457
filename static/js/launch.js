// The launch form: Ctrl or Cmd + Enter launches; what is wrong is shown first.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = document.querySelector("form[data-launch]");
  if (!form || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-launch-now]"));
});

function first() {
  const wrong = document.querySelector("form[data-launch] :is([aria-invalid=true], :has(> .field-error) input)");
  if (!wrong) return;
  wrong.focus({ preventScroll: true });
  wrong.scrollIntoView({ block: "center" });
}
first();
document.addEventListener("htmx:after:swap", first);
