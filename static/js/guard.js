// htmx can evaluate code found in attributes (js:…, hx-on, trigger filters). We never do; the page's policy forbids
// it as well, and this makes an attempt fail with a sentence instead of a silent refusal.
class Refused {
  constructor() {
    throw new Error("Code in attributes is not run here.");
  }
}

window.htmx?.registerExtension("guard", {
  init: (api) => api.initSecurity(null, Refused, Refused),
});
