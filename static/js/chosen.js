// [data-chosen]: a list or a row of tabs that scrolls by itself shows what is chosen.
function show() {
  for (const list of document.querySelectorAll("[data-chosen]")) {
    const row = list.querySelector("[aria-current]");
    if (!row) continue;
    list.scrollTop = Math.max(0, row.offsetTop - list.clientHeight / 2);
    list.scrollLeft = Math.max(0, row.offsetLeft - (list.clientWidth - row.offsetWidth) / 2);
  }
}
show();
document.addEventListener("htmx:after:swap", show);
