// Light, dark or as the system says. The choice is a cookie, so that the server renders the next page right and
// nothing flashes. Dispatches `troupe:theme` for what draws itself, such as charts and the canvas.
const THEMES = { light: "troupe-light", dark: "troupe-dark" };
const system = matchMedia("(prefers-color-scheme: dark)");

/** "light" or "dark", as it looks now. */
export function current() {
  const set = document.documentElement.dataset.theme;
  return set ? set.replace("troupe-", "") : system.matches ? "dark" : "light";
}

/** "light", "dark", or "" for what the system says. */
export function choose(name) {
  const age = name ? 31_536_000 : 0;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${name}; path=/; max-age=${age}; samesite=lax${secure}`;
  if (name) document.documentElement.dataset.theme = THEMES[name];
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === name));
  }
  announce();
}

function announce() {
  document.dispatchEvent(new CustomEvent("troupe:theme", { detail: { theme: current() } }));
}

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (choice) choose(choice.dataset.themeChoice);
  else if (event.target.closest("[data-theme-toggle]")) choose(current() === "dark" ? "light" : "dark");
});
system.addEventListener("change", announce);
