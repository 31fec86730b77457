// Mounts what is live on a run's page where the page has a place for it.
import { createRoot } from "react-dom/client";
import "../graph/graph.css";
import { App } from "./App";
import { followParts } from "./feed/costs";
import { Feed } from "./feed/feed";
import { Store } from "./feed/store";
import { readPage } from "./page";
import "./run.css";

const place = document.getElementById("run-trace");
const page = readPage();
if (place && page) {
  const store = new Store();
  createRoot(place).render(<App store={store} page={page} />);
  if (!page.until) followParts(store, page.urls.cost);
  void new Feed(store, page.urls, page.until).start();
}
