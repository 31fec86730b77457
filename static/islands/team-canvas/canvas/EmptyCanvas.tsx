// What a team without anybody at work says: how to add the first agent, or a pattern to begin from.
import { Icon } from "../../graph/Icon";
import { kindOf } from "../../graph/kinds";
import type { Catalog, Graph } from "../../graph/types";
import * as edits from "../model/edits";
import { nodeFrom, type PaletteItem } from "../model/palette";
import { add } from "../store/commands";
import type { Editor } from "../store/editor";
import { useEditor } from "../store/hooks";

type KindItem = Extract<PaletteItem, { type: "kind" }>;

/** Nothing is drawn, or only where a run begins and ends, unconnected. */
export function isBlank(graph: Graph, catalog: Catalog): boolean {
  return graph.edges.length === 0 && graph.nodes.every((node) => isEnd(kindOf(catalog, node)));
}

const isEnd = (kind: KindItem["kind"]): boolean => !kind.takes || kind.gives.length === 0;

/** Where a run begins, the first agent there is, and where it ends, connected; what is there already is used. */
function begin(editor: Editor, items: PaletteItem[]): void {
  const kinds = items.filter((item): item is KindItem => item.type === "kind");
  const first = kinds.find((item) => !item.kind.takes);
  const last = kinds.find((item) => item.kind.takes && item.kind.gives.length === 0);
  const agent = items.find((item) => item.type === "agent");
  const line = [first, agent, last].filter((item) => item !== undefined);
  let { graph } = editor;
  const there = (item: PaletteItem) => item.type === "kind" && graph.nodes.find((node) => node.kind === item.kind.name);
  let before: string | null = null;
  let x = 0;
  for (const item of line) {
    const tile = item.kind.shape === "tile";
    const position = { x, y: tile ? 29 : 0 };
    const old = there(item);
    const node = old ? { ...old, position } : nodeFrom(item, graph, editor.catalog, position);
    graph = old ? edits.place(graph, new Map([[old.id, position]])) : edits.addNode(graph, node);
    if (before) graph = edits.connect(graph, before, node.id, "flow").graph;
    before = node.id;
    x += (tile ? 44 : kindOf(editor.catalog, node).group === "thinks" ? 180 : 156) + 48;
  }
  editor.edit("Begin with one agent", () => graph);
  editor.view?.fit();
}

export function EmptyCanvas({ items }: { items: PaletteItem[] }) {
  const editor = useEditor();
  if (!editor.canEdit)
    return (
      <div className="tc-empty">
        <p>This team is empty so far.</p>
      </div>
    );
  const patterns = editor.graph.nodes.length ? [] : items.filter((item) => item.type === "pattern").slice(0, 6);
  return (
    <div className="tc-empty">
      <h2>Draw your team</h2>
      <p>Drag agents and nodes here, or begin with one agent between the input and the output.</p>
      <div className="tc-empty-actions">
        <button type="button" className="btn btn-sm btn-primary" onClick={() => begin(editor, items)}>
          <Icon name="bot" />
          One agent
        </button>
        {patterns.map((item) => (
          <button
            key={item.key}
            type="button"
            className="btn btn-sm"
            title={item.hint}
            onClick={() => add(editor, item, { x: 0, y: 0 })}
          >
            <Icon name={item.icon} />
            {item.title}
          </button>
        ))}
      </div>
    </div>
  );
}
