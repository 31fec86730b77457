// Texts with references: what can be named is offered below, what is named is coloured as it is typed.
import { useMemo, useRef, type RefObject } from "react";
import { Icon } from "../../../graph/Icon";
import { references, type Reference } from "../../model/references";
import { useEditor, useGraph } from "../../store/hooks";
import type { ControlProps } from "../Form";
import { emptied } from "./Simple";

const asText = (value: unknown): string => (typeof value === "string" ? value : "");

function useReferences({ context }: ControlProps): Reference[] {
  const editor = useEditor();
  const graph = useGraph();
  return useMemo(
    () => (context.node ? references(graph, editor.catalog, context.node, context.after === true) : []),
    [graph, editor, context.node, context.after],
  );
}

/** Puts text where the caret is, as if it were typed, so that the browser keeps its place. */
function insertAtCaret(
  area: RefObject<HTMLTextAreaElement | null>,
  text: string,
  onChange: (next: string) => void,
): void {
  const element = area.current;
  if (!element) return;
  const { selectionStart: from, selectionEnd: to, value } = element;
  const before = value.slice(0, from);
  const gap = before && !/\s$/.test(before) ? " " : "";
  onChange(before + gap + text + value.slice(to));
  const caret = from + gap.length + text.length;
  requestAnimationFrame(() => {
    element.focus();
    element.setSelectionRange(caret, caret);
  });
}

function Chips({ found, write, disabled }: { found: Reference[]; write(name: string): void; disabled: boolean }) {
  if (disabled || !found.length) return null;
  return (
    <div className="tc-refs" role="group" aria-label="Insert a reference">
      {found.map((one) => (
        <button
          key={one.name}
          type="button"
          className={`tc-ref is-${one.source}`}
          title={`Insert ${one.name}`}
          onClick={() => write(one.name)}
        >
          <Icon name={one.icon} size={12} />
          <span className="truncate">{one.title}</span>
        </button>
      ))}
    </div>
  );
}

const REFERENCE = /(\{\{[^}]*\}\}|\{%[^%]*%\})/;

function isKnown(part: string, found: Reference[]): boolean {
  const names = part.match(/\b(input|nodes|vars)(\.[A-Za-z_][\w]*)+/g) ?? [];
  return names.every((name) =>
    found.some(
      (one) => name === one.name || name.startsWith(`${one.name}.`) || (one.source === "input" && name === "input"),
    ),
  );
}

function Marked({ text, found }: { text: string; found: Reference[] }) {
  return text.split(REFERENCE).map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <mark key={at} className={isKnown(part, found) ? "" : "is-unknown"}>
        {part}
      </mark>
    ),
  );
}

export function TemplateControl(props: ControlProps) {
  const { field, id, value, context, invalid, describedBy, onChange } = props;
  const found = useReferences(props);
  const area = useRef<HTMLTextAreaElement>(null);
  const text = asText(value);
  const change = (next: string) => onChange(next || emptied(field));
  return (
    <>
      <div className="tc-template input" aria-invalid={invalid || undefined}>
        <pre aria-hidden="true">
          <Marked text={text} found={found} />
          {"\n"}
        </pre>
        <textarea
          ref={area}
          id={id}
          value={text}
          placeholder={field.placeholder}
          disabled={context.disabled}
          aria-invalid={invalid || undefined}
          aria-describedby={describedBy}
          onChange={(event) => change(event.target.value)}
        />
      </div>
      <Chips found={found} disabled={context.disabled} write={(name) => insertAtCaret(area, `{{ ${name} }}`, change)} />
    </>
  );
}

export function RuleControl(props: ControlProps) {
  const { field, id, value, context, invalid, describedBy, onChange } = props;
  const found = useReferences(props);
  const area = useRef<HTMLTextAreaElement>(null);
  const change = (next: string) => onChange(next.replaceAll("\n", " ") || emptied(field));
  return (
    <>
      <textarea
        ref={area}
        id={id}
        className="input mono tc-rule"
        rows={1}
        spellCheck={false}
        autoCapitalize="off"
        value={asText(value)}
        maxLength={1000}
        placeholder={field.placeholder || 'input.amount > 500 && value.topic == "refund"'}
        disabled={context.disabled}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => change(event.target.value)}
      />
      <Chips found={found} disabled={context.disabled} write={(name) => insertAtCaret(area, name, change)} />
    </>
  );
}
