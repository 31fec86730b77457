// Tabs of the inspector, with arrow keys; a dot marks those that hold a problem.
import { useId, type KeyboardEvent, type ReactNode } from "react";

export interface Tab {
  id: string;
  title: string;
  wrong: boolean;
}

export function Tabs({
  tabs,
  current,
  onChoose,
  children,
}: {
  tabs: Tab[];
  current: string;
  onChoose(id: string): void;
  children: ReactNode;
}) {
  const base = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onChoose(next.id);
    document.getElementById(`${base}-${next.id}`)?.focus();
  };
  return (
    <>
      <div role="tablist" className="tc-tabs" onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${base}-${tab.id}`}
            type="button"
            role="tab"
            className="tc-tab"
            aria-selected={tab.id === current}
            tabIndex={tab.id === current ? 0 : -1}
            aria-controls={`${base}-panel`}
            onClick={() => onChoose(tab.id)}
          >
            {tab.title}
            {tab.wrong && <i className="tc-dot" title="There is a problem here" />}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current}`} className="tc-panel">
        {children}
      </div>
    </>
  );
}
