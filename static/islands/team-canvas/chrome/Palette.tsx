// What can be added, at the left: search with `/`, drag to the canvas, click or Enter puts it in a good place.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "../../graph/Icon";
import { DRAG_TYPE } from "../canvas/Canvas";
import { search, stillUseful, type PaletteItem } from "../model/palette";
import { add, addNote } from "../store/commands";
import { useEditor, useGraph } from "../store/hooks";

const SECTIONS = [
  { type: "agent", title: "Agents here", few: 8 },
  { type: "kind", title: "Nodes", few: Infinity },
  { type: "pattern", title: "Patterns", few: 5 },
] as const; // one node is meant more often than a pattern
type Section = (typeof SECTIONS)[number]["type"];

const optionId = (item: PaletteItem) => `tc-palette-${item.key.replace(":", "-")}`;

function Row({ item, active, onAdd }: { item: PaletteItem; active: boolean; onAdd(): void }) {
  return (
    <button
      type="button"
      role="option"
      id={optionId(item)}
      aria-selected={active}
      className={`tc-item tg-${item.group}`}
      title={item.hint}
      draggable
      tabIndex={-1}
      onClick={onAdd}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAG_TYPE, item.key);
        event.dataTransfer.effectAllowed = "copy";
      }}
    >
      <span className="tg-icon">
        <Icon name={item.icon} />
      </span>
      <span className="truncate">{item.title}</span>
    </button>
  );
}

export function Palette({ items }: { items: PaletteItem[] }) {
  const editor = useEditor();
  const graph = useGraph();
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<readonly Section[]>([]);
  const [at, setAt] = useState(-1);
  const list = useRef<HTMLDivElement>(null);
  const useful = useMemo(
    () => items.filter((item) => stillUseful(item, graph, editor.catalog)),
    [items, graph, editor],
  );
  const sections = useMemo(
    () =>
      SECTIONS.map((section) => {
        const all = search(
          useful.filter((item) => item.type === section.type),
          query,
        );
        const whole = open.includes(section.type) || query !== "";
        return { ...section, all, shown: whole ? all : all.slice(0, section.few) };
      }),
    [useful, query, open],
  );
  const flat = sections.flatMap((section) => section.shown);

  useEffect(() => setAt(query ? 0 : -1), [query]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const put = (item: PaletteItem) => {
    add(editor, item);
    setQuery("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, flat.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && flat[at]) {
      put(flat[at]);
      event.currentTarget.querySelector("input")?.blur(); // the next key is for what was added
    } else if (event.key === "Escape") {
      setQuery("");
      event.currentTarget.querySelector("input")?.blur();
    } else return;
    event.preventDefault();
  };

  return (
    <aside className="tc-palette" aria-label="Add to the team">
      <div className="tc-palette-search" onKeyDown={onKeyDown}>
        <Icon name="search" size={14} />
        <input
          id="tc-palette-search"
          type="search"
          placeholder="Add a node"
          aria-label="Search what can be added"
          role="combobox"
          aria-expanded="true"
          aria-controls="tc-palette-list"
          aria-activedescendant={flat[at] ? optionId(flat[at]) : undefined}
          autoComplete="off"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <kbd className="kbd">/</kbd>
      </div>
      <div ref={list} id="tc-palette-list" role="listbox" aria-label="What can be added" className="tc-palette-list">
        {sections.map(
          (section) =>
            section.all.length > 0 && (
              <div key={section.type} role="group" aria-label={section.title}>
                <div className="tc-caption">
                  <span>{section.title}</span>
                  {section.type === "agent" && <span className="num">{section.all.length}</span>}
                </div>
                {section.shown.map((item) => (
                  <Row key={item.key} item={item} active={flat[at] === item} onAdd={() => put(item)} />
                ))}
                {section.shown.length < section.all.length && (
                  <button
                    type="button"
                    role="option"
                    aria-selected={false}
                    className="tc-item is-more"
                    onClick={() => setOpen([...open, section.type])}
                  >
                    {section.all.length - section.shown.length} more
                  </button>
                )}
              </div>
            ),
        )}
        {flat.length === 0 && <p className="tc-none">Nothing is called “{query}”.</p>}
        {!query && (
          <button
            type="button"
            role="option"
            aria-selected={false}
            tabIndex={-1}
            className="tc-item"
            onClick={() => addNote(editor)}
          >
            <span className="tg-icon is-note">
              <Icon name="sticky-note" />
            </span>
            <span>Sticky note</span>
          </button>
        )}
      </div>
      <div className="tc-palette-foot">
        <a className="btn btn-xs btn-block" href={editor.data.urls.agent_new}>
          <Icon name="plus" />
          New agent
        </a>
      </div>
    </aside>
  );
}
