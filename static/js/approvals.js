// The inbox beyond what htmx does: times of day in the reader's own zone, and how long it has waited.
import "./decide.js";
import "./elapsed.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function localise() {
  const today = new Date().toDateString();
  for (const node of document.querySelectorAll("time[data-clock-time]")) {
    const moment = new Date(node.dateTime);
    node.textContent = (moment.toDateString() === today ? clock : dated).format(moment);
  }
}
localise();
document.addEventListener("htmx:after:swap", localise);
