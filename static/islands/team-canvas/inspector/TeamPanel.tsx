// Nothing picked: the team itself. What a run may use up, and how to begin.
import { Icon } from "../../graph/Icon";
import { plainField, type Field } from "../../graph/schema";
import type { Json, RunLimits } from "../../graph/types";
import { count } from "../../graph/words";
import { changeLimits } from "../model/edits";
import { useEditor, useGraph } from "../store/hooks";
import { showKeys } from "../store/keys";
import type { ControlProps } from "./Form";
import { Variables } from "./Variables";
import { DurationControl, NumberControl } from "./widgets/Numbers";

const limit = (key: keyof RunLimits, label: string, more: Partial<Field> = {}): Field =>
  plainField(key, "number", { path: ["limits", key], label, nullable: true, placeholder: "No limit", ...more });
const LIMITS = [
  limit("cost_usd", "Cost", { unit: "US $" }),
  limit("model_calls", "Model calls", { schema: { type: "integer", minimum: 1 }, fallback: 200 }),
  limit("tokens", "Tokens", { schema: { type: "integer", minimum: 1 } }),
  limit("seconds", "Time", { widget: "duration" }),
  limit("soft_percent", "Ask a person at", {
    unit: "% of each",
    placeholder: "Never",
    schema: { type: "integer", minimum: 1, maximum: 99 },
  }),
  limit("latency_s", "Meant to take", { widget: "duration", placeholder: "Not said" }),
];

export function TeamPanel() {
  const editor = useEditor();
  const graph = useGraph();
  const { description, pattern } = editor.data.team;
  const put = (key: string, next: Json | undefined) => {
    const value = next === undefined ? null : next;
    const stored = key === "cost_usd" && typeof value === "number" ? plain(value) : value;
    editor.edit("Change a limit", (before) => changeLimits(before, { [key]: stored } as Partial<RunLimits>), {
      key: `limit:${key}`,
    });
  };
  return (
    <>
      <div className="tc-inspector-head">
        <span className="tg-icon is-large">
          <Icon name="workflow" />
        </span>
        <div className="tc-inspector-title">
          <b>The team</b>
          <small>
            {[count(graph.nodes.length, "node"), count(graph.edges.length, "connection"), pattern]
              .filter(Boolean)
              .join(" · ")}
          </small>
        </div>
      </div>
      <div className="tc-panel">
        {description && <p className="tc-about">{description}</p>}
        <section className="tc-limits" aria-labelledby="tc-limits">
          <h2 id="tc-limits">A run may use</h2>
          {LIMITS.map((field) => {
            const raw = graph.limits[field.key as keyof RunLimits];
            const value = raw === undefined ? field.fallback : typeof raw === "string" ? Number(raw) : raw;
            const Control = field.widget === "duration" ? DurationControl : NumberControl;
            const props: ControlProps = {
              field,
              id: `tc-limit-${field.key}`,
              value,
              invalid: false,
              describedBy: undefined,
              context: { node: null, disabled: !editor.canEdit },
              onChange: (next) => put(field.key, next),
            };
            return (
              <div key={field.key} className="field tc-limit">
                <label className="field-label" htmlFor={props.id}>
                  {field.label}
                </label>
                <Control {...props} />
              </div>
            );
          })}
        </section>
        <Variables />
        {editor.canEdit && (
          <ul className="tc-hints">
            <li>
              <kbd className="kbd">/</kbd>find something to add
            </li>
            <li>
              <kbd className="kbd">C</kbd>connect the selected node
            </li>
            <li>
              <kbd className="kbd">Ctrl F</kbd>find a node
            </li>
            <li>
              <button type="button" className="link" onClick={showKeys}>
                All keys
              </button>
            </li>
          </ul>
        )}
      </div>
    </>
  );
}

/** A number as the decimal text that documents hold, never in exponents. */
function plain(value: number): string {
  return Math.max(0, value)
    .toFixed(10)
    .replace(/\.?0+$/, "");
}
