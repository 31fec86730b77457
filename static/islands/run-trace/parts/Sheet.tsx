// On phones: what is selected, or what is being written, at the foot of the page; a tap opens it to most of the screen.
import { useState } from "react";
import { Detail } from "../detail/Detail";
import { titleOf, useRun } from "../show/context";
import { lastWords, statusOf } from "../show/lighting";
import type { Selected } from "../show/selection";
import { Icon } from "./icons";
import { StateWord } from "./StateWord";
import { pathOf } from "../views/GraphView";

export function Sheet({ selected, select }: { selected: Selected | null; select(selected: Selected | null): void }) {
  const { store, page } = useRun();
  const [open, setOpen] = useState(false);
  const writing = [...store.trace.open.values()].find((one) => store.textOf(one.key));
  const path = pathOf(selected) ?? writing?.path ?? null;
  if (!selected && !path) return null;
  const turn = () => {
    if (!selected && path) select({ kind: "node", path });
    setOpen(!open);
  };
  const words = path ? lastWords(store, path) : "";
  return (
    <div className={`rt-sheet${open ? " is-open" : ""}`}>
      <button type="button" className="rt-sheet-head" aria-expanded={open} onClick={turn}>
        <i className="rt-grip" />
        <span className="flex items-center gap-2 w-full">
          <b className="font-semibold truncate">{path ? titleOf(page, path) : "Selected"}</b>
          {path && <StateWord status={statusOf(store.state, path)} />}
          <span className="flex-1" /><Icon name={open ? "chevron-down" : "chevron-up"} size={16} />
        </span>
        {!open && words && <span className="rt-sheet-words"><bdi>{words}<span className="caret" /></bdi></span>}
      </button>
      {open && selected && <div className="rt-detail" aria-label="Selected"><Detail selected={selected} /></div>}
    </div>
  );
}
