// Asks before something destructive, in one dialog (components/confirm.html): plain forms say `data-confirm`,
// htmx elements `hx-confirm`; `data-confirm-text` and `data-confirm-verb` complete the question.
const dialog = document.getElementById("confirm");

/** Resolves to whether the person said yes. */
export function ask(question, text = "", verb = "Continue") {
  dialog.querySelector("#confirm-title").textContent = question;
  dialog.querySelector("#confirm-text").textContent = text;
  dialog.querySelector("[data-confirm-yes]").textContent = verb;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const asked = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const says = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!dialog || !says.dataset.confirm) return;
    if (asked.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(says.dataset.confirm, says.dataset.confirmText, says.dataset.confirmVerb)) {
      asked.add(form);
      form.requestSubmit(event.submitter ?? undefined);
    }
  },
  true,
);

document.addEventListener("htmx:confirm", async (event) => {
  if (!dialog) return;
  event.preventDefault();
  const { ctx, issueRequest, dropRequest } = event.detail;
  const { confirmText, confirmVerb } = ctx.sourceElement.dataset;
  (await ask(ctx.confirm, confirmText, confirmVerb)) ? issueRequest() : dropRequest();
});
