// Keys of the canvas. Text fields keep theirs, but undo in the inspector is the team's: what is typed there is stored.
import { givesOf, kindOf } from "../../graph/kinds";
import { NOTHING } from "../model/edits";
import {
  addNote,
  copyText,
  duplicate,
  nudge,
  oneNode,
  pasteText,
  pickAll,
  pickedCount,
  removePicked,
  tidy,
} from "./commands";
import type { Editor } from "./editor";

const STEP = 6;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Whether what is typed here goes into the team at once, so that undo is the team's. */
function isStored(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(".tc-inspector, .tg-note") !== null;
}

/** Something over the canvas has the keyboard. */
function isCovered(target: EventTarget | null): boolean {
  const over = target instanceof Element && target.closest("[popover]") !== null;
  return over || document.querySelector("dialog[open]") !== null;
}

/** The node the keyboard speaks of: the one that has the focus, or else the picked one. */
function current(editor: Editor): string | null {
  const focused = document.activeElement?.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  return editor.graph.nodes.find((node) => node.id === focused)?.id ?? oneNode(editor);
}

/** Walks to the nearest node in the direction of an arrow. */
function walk(editor: Editor, [dx, dy]: [number, number]): void {
  const from = editor.graph.nodes.find((node) => node.id === current(editor)) ?? editor.graph.nodes[0];
  if (!from) return;
  const ranked = editor.graph.nodes
    .filter((node) => node !== from)
    .map((node) => {
      const x = node.position.x - from.position.x;
      const y = node.position.y - from.position.y;
      const along = x * dx + y * dy;
      return { node, along, cost: along + 2.5 * Math.abs(x * dy + y * dx) };
    });
  const best = ranked.filter((one) => one.along > 10).sort((a, b) => a.cost - b.cost)[0];
  if (!best) return;
  editor.pickNode(best.node.id);
  editor.view?.reveal(best.node.id);
  document.querySelector<HTMLElement>(`.react-flow__node[data-id="${best.node.id}"]`)?.focus();
}

export function openInspector(editor: Editor): void {
  const [note] = editor.state.picked.notes;
  if (note && pickedCount(editor.state.picked) === 1) return editor.set({ writing: note });
  const field = document.querySelector<HTMLElement>(
    ".tc-inspector [role=tabpanel] :is(input, textarea, select, button, a), .tc-inspector input",
  );
  field?.focus();
}

type Act = (editor: Editor) => void;

const WITH_CTRL: Record<string, Act> = {
  z: (editor) => editor.undo(),
  Z: (editor) => editor.redo(),
  y: (editor) => editor.redo(),
  f: (editor) => editor.set({ picker: { mode: "find" } }),
};
const WITH_CTRL_OUTSIDE_TEXT: Record<string, Act> = { d: duplicate, a: pickAll };

const ALONE: Record<string, Act> = {
  "/": () => document.getElementById("tc-palette-search")?.focus(),
  Delete: removePicked,
  Backspace: removePicked,
  Escape: (editor) => editor.pick(NOTHING),
  Enter: openInspector,
  "1": (editor) => editor.view?.fit(),
  "+": (editor) => editor.view?.zoom(1),
  "=": (editor) => editor.view?.zoom(1),
  "-": (editor) => editor.view?.zoom(-1),
  n: (editor) => editor.canEdit && addNote(editor),
  t: (editor) => editor.canEdit && void tidy(editor),
  o: (editor) => editor.set({ mode: editor.state.mode === "map" ? "outline" : "map" }),
  c: (editor) => {
    const source = current(editor);
    const node = editor.graph.nodes.find((one) => one.id === source);
    const gives = node && givesOf(kindOf(editor.catalog, node));
    if (!editor.canEdit) return;
    if (!node || !gives?.[0])
      return editor.toast(node ? "Nothing can follow this node." : "Select a node first, then press C to connect it.");
    editor.set({ picker: { mode: "connect", source: node.id, kind: gives[0] } });
  },
  a: (editor) => {
    const source = current(editor);
    const node = editor.graph.nodes.find((one) => one.id === source);
    const flows = node && kindOf(editor.catalog, node).gives.includes("flow");
    if (editor.canEdit)
      editor.set({ picker: node && flows ? { mode: "after", source: node.id, kind: "flow" } : { mode: "add" } });
  },
};

/** The list of keys belongs to the page: this one's are among them. */
export function showKeys(): void {
  const list = document.getElementById("keys");
  if (list instanceof HTMLDialogElement) list.showModal();
}

export function onKey(editor: Editor, event: KeyboardEvent): void {
  if (event.defaultPrevented || isCovered(event.target)) return;
  const writing = isWriting(event.target);
  let act: Act | undefined;
  if (event.ctrlKey || event.metaKey) {
    if (writing && !isStored(event.target) && event.key.toLowerCase() !== "f") return;
    act =
      WITH_CTRL[event.shiftKey ? event.key.toUpperCase() : event.key] ??
      (writing ? undefined : WITH_CTRL_OUTSIDE_TEXT[event.key]);
  } else if (writing) {
    return;
  } else if (!event.altKey) {
    const onButton = event.target instanceof Element && event.target.closest("button, a, [role=tab]") !== null;
    act = onButton && event.key === "Enter" ? undefined : ALONE[event.key];
  }
  if (!act) return;
  event.preventDefault();
  act(editor);
}

/** Arrows move what is picked, with Alt they go to a neighbour. Heard before React Flow, which has its own way. */
export function onArrow(editor: Editor, event: KeyboardEvent): void {
  const arrow = ARROWS[event.key];
  const other = event.ctrlKey || event.metaKey || isWriting(event.target) || isCovered(event.target);
  if (!arrow || other || (!event.altKey && pickedCount(editor.state.picked) === 0)) return;
  if (event.target instanceof Element && event.target.closest("[role=tablist], [role=radiogroup], [role=tree]")) return;
  const step = event.shiftKey ? 4 * STEP : STEP;
  event.preventDefault();
  event.stopPropagation();
  if (event.altKey) walk(editor, arrow);
  else nudge(editor, arrow[0] * step, arrow[1] * step);
}

/** Copy, cut and paste by the browser's own events: no permission is asked, and any text may come in. */
export function onClipboard(editor: Editor, event: ClipboardEvent): void {
  if (isWriting(event.target) || isCovered(event.target)) return;
  if (event.type !== "paste" && window.getSelection()?.toString()) return;
  if (event.type === "paste") {
    if (!editor.canEdit) return;
    if (pasteText(editor, event.clipboardData?.getData("text/plain") ?? "", editor.pointer ?? undefined))
      event.preventDefault();
    else editor.toast("The clipboard holds nothing that can be pasted here.");
    return;
  }
  const text = copyText(editor);
  if (!text) return;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  if (event.type === "cut") removePicked(editor);
}
