// On phones: what is selected, or what is being written, at the foot of the page; a tap opens it to most of the screen.
import { useState } from "react";
import { Detail } from "../detail/Detail";
import { useNames, useRun } from "../show/context";
import { lastWords } from "../show/lighting";
import { pathOfSelected } from "../show/names";
import type { Selected } from "../show/selection";
import { statusOf } from "../show/status";
import { Icon } from "./icons";
import { StateWord } from "./StateWord";

export function Sheet({ selected, select }: { selected: Selected | null; select(selected: Selected | null): void }) {
  const { store } = useRun();
  const name = useNames();
  const [open, setOpen] = useState(false);
  const writing = [...store.trace.open.values()].find((one) => store.textOf(one.key));
  const path = pathOfSelected(store, selected) ?? writing?.path ?? null;
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
          <b className="font-semibold truncate">{path ? name(path) : "Selected"}</b>
          {path && <StateWord status={statusOf(store.state, path)} />}
          <span className="flex-1" /><Icon name={open ? "chevron-down" : "chevron-up"} size={16} />
        </span>
        {!open && words && <span className="rt-sheet-words"><bdi>{words}<span className="caret" /></bdi></span>}
      </button>
      {open && selected && <div className="rt-detail" aria-label="Selected"><Detail selected={selected} /></div>}
    </div>
  );
}
