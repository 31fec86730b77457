// The inbox beyond what htmx does: times of day in the reader's own zone, and how long it has waited.
import "./decide.js";
import "./elapsed.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function localise() {
  for (const node of document.querySelectorAll("time[data-clock-time]")) node.textContent = clock.format(new Date(node.dateTime));
}
localise();
document.addEventListener("htmx:after:swap", localise);
