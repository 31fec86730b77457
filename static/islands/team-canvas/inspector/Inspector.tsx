// The right-hand side: what is picked, to be read and changed.
import { memo } from "react";
import { useEditor, useGraph, usePicked } from "../store/hooks";
import { EdgePanel } from "./EdgePanel";
import { ManyPanel } from "./ManyPanel";
import { NodePanel } from "./NodePanel";
import { TeamPanel } from "./TeamPanel";

export const Inspector = memo(function Inspector() {
  const editor = useEditor();
  const graph = useGraph();
  const { nodes, edges, notes } = usePicked();
  const node = nodes.size === 1 && !notes.size ? graph.nodes.find((one) => nodes.has(one.id)) : undefined;
  const edge =
    edges.size === 1 && !nodes.size && !notes.size ? graph.edges.find((one) => edges.has(one.id)) : undefined;
  const panel = node ? (
    <NodePanel key={node.id} node={node} />
  ) : edge ? (
    <EdgePanel key={edge.id} edge={edge} />
  ) : nodes.size + notes.size + edges.size > 0 ? (
    <ManyPanel />
  ) : (
    <TeamPanel />
  );
  return (
    <aside className="tc-inspector" aria-label={editor.canEdit ? "Edit what is selected" : "What is selected"}>
      {panel}
    </aside>
  );
});
