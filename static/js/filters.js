// <form data-filters hx-get …>: leaves empty filters out of the request, so that addresses stay short; without
// htmx the form is sent when a filter changes.
document.addEventListener("htmx:config:request", ({ detail }) => {
  const { sourceElement, request } = detail.ctx;
  if (!sourceElement.matches("form[data-filters]") || !(request.body instanceof FormData)) return;
  for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-filters]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("form[data-filters]:not([hx-get])")) form.requestSubmit();
});
