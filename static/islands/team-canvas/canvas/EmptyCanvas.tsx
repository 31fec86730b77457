// What a blank team says: the two nodes every team has, or a pattern to begin from.
import { Icon } from "../../graph/Icon";
import { kindOf } from "../../graph/kinds";
import * as edits from "../model/edits";
import { nodeFrom, type PaletteItem } from "../model/palette";
import { add } from "../store/commands";
import type { Editor } from "../store/editor";
import { useEditor } from "../store/hooks";

type KindItem = Extract<PaletteItem, { type: "kind" }>;

/** Where a run begins, the first agent there is, and where it ends, connected. */
function begin(editor: Editor, items: PaletteItem[]): void {
  const kinds = items.filter((item): item is KindItem => item.type === "kind");
  const first = kinds.find((item) => !item.kind.takes);
  const last = kinds.find((item) => item.kind.takes && item.kind.gives.length === 0);
  const agent = items.find((item) => item.type === "agent");
  const line = [first, agent, last].filter((item) => item !== undefined);
  let { graph } = editor;
  let before: string | null = null;
  let x = 0;
  for (const item of line) {
    const tile = item.kind.shape === "tile";
    const node = nodeFrom(item, graph, editor.catalog, { x, y: tile ? 29 : 0 });
    graph = edits.addNode(graph, node);
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
  const patterns = items.filter((item) => item.type === "pattern").slice(0, 6);
  return (
    <div className="tc-empty">
      <h2>Draw your team</h2>
      <p>Drag agents and nodes here from the left, or begin with something that runs.</p>
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
