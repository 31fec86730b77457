// [data-chosen]: a list that scrolls by itself shows the row that is chosen.
function show() {
  for (const list of document.querySelectorAll("[data-chosen]")) {
    const row = list.querySelector("[aria-current]");
    if (row) list.scrollTop = Math.max(0, row.offsetTop - list.clientHeight / 2);
  }
}
show();
document.addEventListener("htmx:after:swap", show);
