// Draws the charts of a page with Plotly, which is loaded only when there is one. <div data-chart="name"> gets the
// figure `name` of <script id="charts-data">; colours in it are the theme's names, `var(--c1)`. A click on a bar
// leads where its `customdata[1]` says, or else `data-href`.
const own = document.querySelector("script[data-plotly]");
const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };
const LABEL_PX = 44; // room that a label of the time axis takes
const VARIABLE = /^var\((--[\w-]+)\)$/;
let loading;

function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = own.dataset.plotly;
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => reject(new Error("Plotly could not be loaded.")));
    document.head.append(script);
  });
  return loading;
}

/** Plotly reads few ways of writing colours; a canvas turns what CSS computes into one of them. */
function painter(element) {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const span = element.appendChild(document.createElement("span"));
  span.style.transitionProperty = "none"; // where motion is reduced, every element has a transition, if a short one
  const known = new Map();
  const paint = (name) => {
    if (!known.has(name)) {
      span.style.color = `var(${name})`;
      probe.clearRect(0, 0, 1, 1);
      probe.fillStyle = getComputedStyle(span).color;
      probe.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
      known.set(name, `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`);
    }
    return known.get(name);
  };
  return { paint, done: () => span.remove() };
}

function painted(value, paint) {
  if (typeof value === "string") return value.replace(VARIABLE, (_, name) => paint(name));
  if (Array.isArray(value)) return value.map((one) => painted(one, paint));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, painted(one, paint)]));
}

/** Fewer labels where there is no room for all; the month moves to the first one that stays. */
function thinned(layout, width) {
  const { tickvals, ticktext, type } = layout.xaxis;
  const every = Math.ceil((ticktext.length * LABEL_PX) / width);
  if (type !== "category" || every < 2) return layout;
  const stays = (_, at) => (ticktext.length - 1 - at) % every === 0;
  const words = ticktext.filter(stays);
  const month = ticktext[0].split(" ")[1];
  if (month && !words[0].includes(" ")) words[0] += ` ${month}`;
  return { ...layout, xaxis: { ...layout.xaxis, tickvals: tickvals.filter(stays), ticktext: words } };
}

const size = (place) => `${place.clientWidth}×${place.clientHeight}`;
const drawnAt = new WeakMap();
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (!target.isConnected || drawnAt.get(target) === size(target)) continue;
    drawnAt.set(target, size(target));
    window.Plotly.Plots.resize(target);
  }
});

function follow(element) {
  sizes.observe(element);
  element.on("plotly_click", ({ points }) => {
    const link = points.find((point) => Array.isArray(point.customdata) && point.customdata[1])?.customdata[1];
    const href = link ?? element.dataset.href;
    if (href) location.assign(href);
  });
}

async function draw() {
  const places = document.querySelectorAll("[data-chart]");
  const data = document.getElementById("charts-data");
  if (!places.length || !data) return;
  const figures = JSON.parse(data.textContent);
  let Plotly;
  try {
    Plotly = await plotly();
  } catch {
    for (const place of places) place.textContent = "The chart could not be drawn. The tables have the numbers.";
    return;
  }
  for (const place of places) {
    if (!place.isConnected) continue;
    const { paint, done } = painter(place);
    const { data: traces, layout } = painted(figures[place.dataset.chart], paint);
    done();
    drawnAt.set(place, size(place));
    const isNew = !place.classList.contains("js-plotly-plot");
    await Plotly.react(place, traces, thinned(layout, place.clientWidth), CONFIG);
    if (isNew) follow(place);
  }
}

draw();
document.addEventListener("htmx:after:swap", draw);
document.addEventListener("troupe:theme", draw);

// the CSV holds what the filters leave
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-follows-filters]");
  if (link) link.search = location.search;
});

// days of one's own keep the other filters
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-days]")) return;
  event.preventDefault();
  const address = new URL(location.href);
  address.searchParams.delete("range");
  for (const [name, value] of new FormData(event.target)) address.searchParams.set(name, value);
  location.assign(address);
});
