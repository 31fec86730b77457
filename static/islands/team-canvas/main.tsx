// Mounts the team canvas where the page has a place for it.
import { createRoot } from "react-dom/client";
import { inlineSprite } from "../graph/Icon";
import "../graph/graph.css";
import { App } from "./App";
import "./canvas.css";
import "./inspector/inspector.css";
import { load } from "./store/api";
import { Editor } from "./store/editor";

async function mount(place: HTMLElement): Promise<void> {
  const [data] = await Promise.all([load(place.dataset.source ?? ""), inlineSprite()]);
  if (typeof data === "string") {
    place.textContent = data;
    place.setAttribute("role", "alert");
    return;
  }
  createRoot(place).render(<App editor={new Editor(data)} />);
}

const place = document.getElementById("team-canvas");
if (place) void mount(place);
