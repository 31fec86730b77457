// The whole canvas: bar, palette, drawing or outline, drawer, inspector, and what lies over them.
import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useMemo, useState } from "react";
import { Outline } from "../graph/Outline";
import { Canvas } from "./canvas/Canvas";
import { Drawer } from "./chrome/Drawer";
import { Conflict, Live, Toast } from "./chrome/Overlays";
import { Palette } from "./chrome/Palette";
import { Picker } from "./chrome/Picker";
import { PublishDialog } from "./chrome/Publish";
import { OutlineBar, Sheet } from "./chrome/Sheet";
import { TopBar } from "./chrome/TopBar";
import { Inspector } from "./inspector/Inspector";
import { paletteItems } from "./model/palette";
import type { Editor } from "./store/editor";
import { EditorContext, useEditor, useEditorState, useGraph, usePicked, useProblems } from "./store/hooks";
import { watchPage } from "./store/leaving";
import { onArrow, onClipboard, onKey } from "./store/keys";

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const onChange = () => setMatches(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [query]);
  return matches;
}

function useWindowEvents(editor: Editor): void {
  useEffect(() => {
    const key = (event: KeyboardEvent) => onKey(editor, event);
    const arrow = (event: KeyboardEvent) => onArrow(editor, event);
    const clip = (event: ClipboardEvent) => onClipboard(editor, event);
    const stop = watchPage(editor);
    window.addEventListener("keydown", arrow, true);
    window.addEventListener("keydown", key);
    for (const name of ["copy", "cut", "paste"] as const) document.addEventListener(name, clip);
    return () => {
      stop();
      window.removeEventListener("keydown", arrow, true);
      window.removeEventListener("keydown", key);
      for (const name of ["copy", "cut", "paste"] as const) document.removeEventListener(name, clip);
    };
  }, [editor]);
}

function TeamOutline({ onOpen }: { onOpen(): void }) {
  const editor = useEditor();
  const graph = useGraph();
  const picked = usePicked();
  const problems = useProblems();
  const [selected = null] = picked.nodes;
  return (
    <Outline
      graph={graph}
      catalog={editor.catalog}
      selected={selected}
      problems={problems.byNode}
      onSelect={(id) => editor.pickNode(id)}
      onOpen={onOpen}
    />
  );
}

function Workbench() {
  const editor = useEditor();
  const mode = useEditorState((state) => state.mode);
  const publishing = useEditorState((state) => state.publishing);
  const phone = useMedia("(max-width: 767px)");
  const [opened, setOpened] = useState(false);
  const items = useMemo(() => paletteItems(editor.catalog, editor.data.patterns ?? []), [editor]);
  useWindowEvents(editor);

  const focusInspector = () => document.querySelector<HTMLElement>(".tc-inspector input")?.focus();
  return (
    <div className="tc">
      <TopBar />
      <Conflict />
      {phone && <OutlineBar />}
      <div className="tc-panes">
        {!phone && editor.canEdit && <Palette items={items} />}
        <div className="tc-middle">
          {mode === "map" ? (
            <Canvas items={items} />
          ) : (
            <TeamOutline onOpen={() => (phone ? setOpened(true) : focusInspector())} />
          )}
          <Toast />
          {!phone && <Drawer />}
        </div>
        {!phone && <Inspector />}
      </div>
      {phone && <Sheet opened={opened} onOpen={setOpened} />}
      <Picker items={items} />
      {publishing && <PublishDialog />}
      <Live />
    </div>
  );
}

export function App({ editor }: { editor: Editor }) {
  return (
    <EditorContext value={editor}>
      <ReactFlowProvider>
        <Workbench />
      </ReactFlowProvider>
    </EditorContext>
  );
}
