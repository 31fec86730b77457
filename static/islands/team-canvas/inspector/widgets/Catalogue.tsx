// Choosing from what the workspace has: an agent, a model, tools.
import { Icon } from "../../../graph/Icon";
import { isObject } from "../../../graph/kinds";
import type { AgentInfo } from "../../../graph/types";
import { useEditor } from "../../store/hooks";
import type { ControlProps } from "../Form";
import { emptied } from "./Simple";

function AgentPeek({ agent }: { agent: AgentInfo }) {
  const editor = useEditor();
  const tools = agent.tools.flatMap((name) => editor.catalog.tools.get(name) ?? []);
  return (
    <div className="tc-agent">
      {agent.role && <p className="tc-agent-role">{agent.role}</p>}
      {agent.goal && <p className="tc-agent-goal">{agent.goal}</p>}
      <div className="tc-agent-facts">
        <span className="tg-chip" title={`${agent.model.model} at ${agent.model.endpoint}`}>
          {agent.model.model}
        </span>
        {agent.fallbacks?.map(({ endpoint, model }) => (
          <span key={`${endpoint}/${model}`} className="tg-chip" title={`If that fails: ${model} at ${endpoint}`}>
            then {model}
          </span>
        ))}
        {tools.map((tool) => (
          <span
            key={tool.name}
            className="tc-agent-tool"
            title={`${tool.title}${tool.approval ? ", with an approval rule" : ""}`}
          >
            <Icon name={tool.icon || "wrench"} size={13} />
            {tool.approval && <Icon name="stamp" size={10} />}
          </span>
        ))}
        <span className="tc-agent-out">{agent.output === "json" ? "gives JSON" : "gives text"}</span>
      </div>
      <a className="link tc-agent-link" href={agent.url}>
        {editor.canEdit ? "Edit" : "Open"} {agent.name} <span className="num">v{agent.version}</span>
        <Icon name="arrow-up-right" size={13} />
      </a>
    </div>
  );
}

export function AgentControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const editor = useEditor();
  const agents = [...editor.catalog.agents.values()];
  const chosen = typeof value === "string" ? editor.catalog.agents.get(value) : undefined;
  const missing = typeof value === "string" && value !== "" && !chosen;
  return (
    <>
      <select
        id={id}
        className="input"
        value={typeof value === "string" ? value : ""}
        disabled={context.disabled}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value || undefined)}
      >
        {field.subtitle ? (
          <option value="" disabled>
            Choose an agent
          </option>
        ) : (
          <option value="">None</option>
        )}
        {missing && <option value={String(value)}>{String(value)} (not in this workspace)</option>}
        {agents.map((agent) => (
          <option key={agent.key} value={agent.key}>
            {agent.name}
          </option>
        ))}
      </select>
      {chosen && <AgentPeek agent={chosen} />}
      {!agents.length && (
        <p className="field-help">
          There are no agents yet.{" "}
          <a className="link" href={editor.data.urls.agent_new}>
            Make one
          </a>
        </p>
      )}
    </>
  );
}

export function ModelControl({ field, id, value, context, invalid, describedBy, onChange }: ControlProps) {
  const editor = useEditor();
  const { models } = editor.data;
  const at = isObject(value)
    ? models.findIndex((one) => one.endpoint === value.endpoint && one.model === value.model)
    : -1;
  const endpoints = [...new Set(models.map((one) => one.endpoint))];
  const missing = isObject(value) && at < 0;
  return (
    <select
      id={id}
      className="input"
      value={missing ? "missing" : at}
      disabled={context.disabled}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      onChange={(event) => {
        const model = models[Number(event.target.value)];
        onChange(model ? { endpoint: model.endpoint, model: model.model } : emptied(field));
      }}
    >
      <option value={-1} disabled={!field.nullable}>
        {field.placeholder || (field.nullable ? "None" : "Choose a model")}
      </option>
      {missing && isObject(value) && <option value="missing">{String(value.model)} (not known here)</option>}
      {endpoints.map((endpoint) => (
        <optgroup key={endpoint} label={endpoint}>
          {models.map(
            (one, n) =>
              one.endpoint === endpoint && (
                <option key={`${endpoint}/${one.model}`} value={n}>
                  {one.model}
                  {one.price ? ` · ${one.price}` : ""}
                </option>
              ),
          )}
        </optgroup>
      ))}
    </select>
  );
}

/** One thing of the workspace by its key. */
function OneOf({
  id,
  value,
  context,
  invalid,
  describedBy,
  onChange,
  choices,
  placeholder,
}: ControlProps & { choices: { value: string; label: string }[]; placeholder: string }) {
  const chosen = typeof value === "string" ? value : "";
  const missing = chosen !== "" && !choices.some((one) => one.value === chosen);
  return (
    <select
      id={id}
      className="input"
      value={chosen}
      disabled={context.disabled}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{placeholder}</option>
      {missing && <option value={chosen}>{chosen} (not in this workspace)</option>}
      {choices.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ))}
    </select>
  );
}

export function ToolControl(props: ControlProps) {
  const editor = useEditor();
  const choices = [...editor.catalog.tools.values()].map((tool) => ({
    value: tool.name,
    label: `${tool.title || tool.name}${tool.approval ? " (asks by its rule)" : ""}`,
  }));
  return <OneOf {...props} choices={choices} placeholder="Choose a tool" />;
}

/** A team that was published; the one that is edited cannot hold itself. */
export function TeamControl(props: ControlProps) {
  const editor = useEditor();
  const choices = (editor.data.teams ?? [])
    .filter((team) => team.id !== editor.data.team.id)
    .map((team) => ({ value: team.name, label: `${team.name} v${team.version}` }));
  return <OneOf {...props} choices={choices} placeholder="Choose a published team" />;
}

export function ToolsControl({ id, value, context, describedBy, onChange }: ControlProps) {
  const editor = useEditor();
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const toggle = (name: string, on: boolean) => onChange(on ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <div id={id} className="tc-checks" role="group" aria-labelledby={`${id}-label`} aria-describedby={describedBy}>
      {[...editor.catalog.tools.values()].map((tool) => (
        <label key={tool.name} className="tc-check">
          <input
            type="checkbox"
            className="checkbox checkbox-xs"
            checked={chosen.includes(tool.name)}
            disabled={context.disabled}
            onChange={(event) => toggle(tool.name, event.target.checked)}
          />
          <Icon name={tool.icon || "wrench"} size={14} />
          <span className="truncate">{tool.title || tool.name}</span>
          <small>{tool.effect}</small>
        </label>
      ))}
    </div>
  );
}
