// One list to choose from, used for connecting, inserting, adding and finding; keyboard first.
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "../../graph/Icon";
import { cardText, givesOf, kindOf, nodeName } from "../../graph/kinds";
import type { EdgeKind, GraphNode } from "../../graph/types";
import { excerpt, search, stillUseful, type PaletteItem } from "../model/palette";
import { targets } from "../model/wiring";
import { add, addAfter, connect, fitsOn, insert } from "../store/commands";
import { EDGE_KINDS } from "../inspector/edgeKinds";
import type { Editor, PickerRequest } from "../store/editor";
import { useEditor, useEditorState } from "../store/hooks";

interface Hit {
  key: string;
  title: string;
  hint: string;
  words?: string; // searched, and shown where it matches
  icon: string;
  group: string;
  choose(): void;
}

const EDGE_WORDS: Record<EdgeKind, string> = {
  flow: "Leads to",
  error: "On error, leads to",
  delegates: "Delegates to",
  handoff: "Hands off to",
};

export function Picker({ items }: { items: PaletteItem[] }) {
  const request = useEditorState((state) => state.picker);
  return request ? <OpenPicker key={JSON.stringify(request)} request={request} items={items} /> : null;
}

function nodeHit(editor: Editor, node: GraphNode, choose: () => void): Hit {
  const text = cardText(editor.catalog, node);
  return {
    key: node.id,
    title: text.name,
    hint: `${text.kind.title} · ${node.id}`,
    icon: text.kind.icon,
    group: text.kind.group,
    choose,
  };
}

function useHits(
  request: PickerRequest,
  items: PaletteItem[],
  kind: EdgeKind,
): { title: string; placeholder: string; hits: Hit[] } {
  const editor = useEditor();
  return useMemo(() => {
    const { graph, catalog } = editor;
    const nameOf = (id: string) => {
      const node = graph.nodes.find((one) => one.id === id);
      return node ? nodeName(catalog, node) : id;
    };
    const things = (use: (item: PaletteItem) => void, fits: (item: PaletteItem) => boolean = () => true): Hit[] =>
      items
        .filter((item) => stillUseful(item, graph, catalog) && fits(item))
        .map((item) => ({
          key: item.key,
          title: item.title,
          hint: item.hint,
          icon: item.icon,
          group: item.group,
          choose: () => use(item),
        }));
    const enters = (item: PaletteItem, edge: EdgeKind) => item.type !== "pattern" && fitsOn(item.kind, edge);
    switch (request.mode) {
      case "connect":
        return {
          title: nameOf(request.source),
          placeholder: "Which node?",
          hits: targets(graph, catalog, request.source, kind).map((node) =>
            nodeHit(editor, node, () => void connect(editor, request.source, node.id, kind)),
          ),
        };
      case "kind":
        return {
          title: `${nameOf(request.source)} and ${nameOf(request.target)}`,
          placeholder: "How are they connected?",
          hits: request.kinds.map((one) => ({
            key: one,
            title: `${EDGE_WORDS[one]} ${nameOf(request.target)}`,
            hint: EDGE_KINDS[one].says,
            icon: EDGE_KINDS[one].icon,
            group: "routes",
            choose: () => void connect(editor, request.source, request.target, one),
          })),
        };
      case "insert": {
        const on = graph.edges.find((edge) => edge.id === request.edge)?.kind ?? "flow";
        return {
          title: "Insert here",
          placeholder: "What comes in between?",
          hits: things((item) => insert(editor, item, request.edge), (item) => enters(item, on)),
        };
      }
      case "after":
        return {
          title: `${nameOf(request.source)} ${EDGE_WORDS[request.kind].toLowerCase()}`,
          placeholder: "Add a node",
          hits: things((item) => addAfter(editor, item, request.source, request.kind, request.at), (item) =>
            enters(item, request.kind),
          ),
        };
      case "add":
        return { title: "Add here", placeholder: "Add a node", hits: things((item) => add(editor, item, request.at)) };
      case "find":
        return { title: "Find", placeholder: "Find a node, a note, a word in a task", hits: findable(editor) };
    }
  }, [request, items, kind, editor]);
}

function findable(editor: Editor): Hit[] {
  const { graph } = editor;
  const nodes = graph.nodes.map((node) => {
    const hit = nodeHit(editor, node, () => {
      editor.pickNode(node.id);
      editor.view?.reveal(node.id);
    });
    return { ...hit, words: wordsIn(node.config) };
  });
  const notes = graph.notes.map((note): Hit => ({
    key: note.id,
    title: note.text.split("\n", 1)[0] || "Empty note",
    hint: "Sticky note",
    words: note.text,
    icon: "sticky-note",
    group: "routes",
    choose: () => {
      editor.pick({ nodes: new Set(), edges: new Set(), notes: new Set([note.id]) });
      editor.view?.revealAll([`note:${note.id}`]);
    },
  }));
  return [...nodes, ...notes];
}

function wordsIn(value: unknown): string {
  if (typeof value === "string") return value;
  return value && typeof value === "object" ? Object.values(value).map(wordsIn).filter(Boolean).join(" ") : "";
}

function OpenPicker({ request, items }: { request: PickerRequest; items: PaletteItem[] }) {
  const editor = useEditor();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  const given =
    request.mode === "connect"
      ? givesOf(
          kindOf(
            editor.catalog,
            editor.graph.nodes.find((node) => node.id === request.source)!,
          ),
        )
      : [];
  const [kind, setKind] = useState<EdgeKind>(request.mode === "connect" ? request.kind : "flow");
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const { title, placeholder, hits } = useHits(request, items, kind);
  const found = useMemo(() => search(hits, query).slice(0, 60), [hits, query]);
  const close = () => editor.set({ picker: null });

  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialog.current?.querySelector("input")?.focus();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  useEffect(() => setAt(0), [query, kind]);
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const choose = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    hit.choose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      className="dialog palette tc-picker"
      aria-label={title}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div className="tc-picker-head">
        <span className="truncate">{title}</span>
        {given.length > 1 && (
          <span className="seg" role="group" aria-label="Kind of connection">
            {given.map((one) => (
              <button key={one} type="button" aria-pressed={one === kind} onClick={() => setKind(one)}>
                {EDGE_WORDS[one]}
              </button>
            ))}
          </span>
        )}
      </div>
      <div className="palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
          placeholder={placeholder}
          aria-label={placeholder}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <div id={list} role="listbox" aria-label={title} className="palette-list">
        {found.map((hit, n) => (
          <div
            key={hit.key}
            id={`${list}-${n}`}
            role="option"
            aria-selected={n === at}
            className={`palette-hit tg-${hit.group}`}
            onPointerMove={() => setAt(n)}
            onClick={() => choose(hit)}
          >
            <span className="tg-icon is-row">
              <Icon name={hit.icon} />
            </span>
            <span className="tc-hit">
              <b>{hit.title}</b>
              <small>{excerpt(hit.words ?? "", query) || hit.hint}</small>
            </span>
          </div>
        ))}
        {found.length === 0 && (
          <p className="tc-none">
            {query ? `Nothing matches “${query}”.` : "There is nothing it could be connected to."}
          </p>
        )}
      </div>
    </dialog>
  );
}
