// A node as a person sees it: card or tile, without anything of the library that places it.
import { memo } from "react";
import { Icon } from "./Icon";
import type { CardText } from "./kinds";
import { STATUS, stateWord, type NodeState } from "./states";
import type { Problem } from "./types";

export interface CardProps {
  text: CardText;
  problems: Problem[];
  selected: boolean;
  workers?: number; // nodes it delegates to
  state?: NodeState | undefined;
}

export const worst = (problems: Problem[]): Problem | undefined =>
  problems.find((problem) => problem.severity === "error") ?? problems[0];

export function cardClass(base: string, { text, problems, selected, state }: CardProps): string {
  const found = state ? undefined : worst(problems);
  return [
    base,
    `tg-${text.kind.group}`,
    state && `is-${state.status}`,
    found && (found.severity === "error" ? "is-invalid" : "is-warned"),
    selected && "is-selected",
  ]
    .filter(Boolean)
    .join(" ");
}

export function ProblemBadge({ problems }: { problems: Problem[] }) {
  const found = worst(problems);
  if (!found) return null;
  const bad = found.severity === "error";
  return (
    <span className={`tg-badge${bad ? " is-error" : ""}`} title={problems.map((one) => one.message).join("\n")}>
      <Icon name={bad ? "circle-x" : "triangle-alert"} />
      {problems.length}
    </span>
  );
}

function Role({ text, problems, state }: CardProps) {
  const found = worst(problems);
  const said = state && text.isTemplate ? "" : text.role;
  if (state?.note) {
    return (
      <div className={`tg-role${state.status === "running" ? " is-live" : ""}`} title={state.note}>
        <span dir="ltr">{state.note}</span>
      </div>
    );
  }
  if (found && !state) {
    return (
      <div className={`tg-role is-${found.severity}`} title={found.message}>
        {found.message}
      </div>
    );
  }
  return (
    <div className="tg-role" title={said}>
      {said}
    </div>
  );
}

const SHOWN_TOOLS = 3;

function Foot({ text, workers = 0 }: CardProps) {
  const [first, ...chips] = text.chips;
  const more = text.tools.length - SHOWN_TOOLS;
  return (
    <div className="tg-foot">
      {first ? (
        <span className="tg-chip" title={first.text}>
          {first.text}
        </span>
      ) : (
        <span />
      )}
      <span className="tg-tools">
        {workers > 0 && (
          <span className="tg-workers num" title={`Delegates to ${workers} ${workers === 1 ? "node" : "nodes"}`}>
            <Icon name="users" />
            {workers}
          </span>
        )}
        {chips[0] && (
          <span className="tg-chip-plain" title={chips[0].text}>
            {chips[0].text}
          </span>
        )}
        {text.tools.slice(0, SHOWN_TOOLS).map((tool) => (
          <span key={tool.name} title={tool.title || tool.name}>
            <Icon name={tool.icon || "wrench"} />
          </span>
        ))}
        {more > 0 && <span className="num">+{more}</span>}
      </span>
    </div>
  );
}

export function StateFoot({ state }: { state: NodeState }) {
  const facts = [state.time, state.cost].filter(Boolean);
  const running = state.status === "running" && state.progress !== undefined;
  return (
    <div className="tg-state">
      {running && (
        <i className="tg-bar">
          <i style={{ width: `${Math.round(Math.min(1, Math.max(0, state.progress ?? 0)) * 100)}%` }} />
        </i>
      )}
      {state.status === "waiting" && <i className="tg-hatch" />}
      <Icon name={STATUS[state.status].icon} />
      <span className="tg-word">{stateWord(state)}</span>
      {state.late && (
        <span className="tg-late" title="It worked for longer than its latency budget">
          <Icon name="timer" label="Over its latency budget" />
        </span>
      )}
      {facts.length > 0 && (
        <b className="num" title={facts.join(" · ")}>
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </b>
      )}
    </div>
  );
}

export const Card = memo(function Card(props: CardProps) {
  const { text, problems, state } = props;
  return (
    <div className={cardClass("tg-card", props)}>
      <div className="tg-body">
        <div className="tg-kind">
          <span className="tg-icon">
            <Icon name={text.kind.icon} />
          </span>
          <span className="truncate">{text.kind.title}</span>
          {!state && <ProblemBadge problems={problems} />}
        </div>
        <div className="tg-name" title={text.name}>
          {text.name}
        </div>
        <Role {...props} />
      </div>
      {state ? <StateFoot state={state} /> : <Foot {...props} />}
    </div>
  );
});

export const Tile = memo(function Tile(props: CardProps) {
  const { text, problems, state } = props;
  const inside = text.chips.find((chip) => chip.mark && chip.mark.length <= 4)?.mark;
  const below = text.chips.map((chip) => chip.text).join(" · ");
  const found = state ? undefined : worst(problems);
  const facts = [state && (state.note || stateWord(state)), state?.time].filter(Boolean).join(" · ");
  return (
    <div className={cardClass("tg-tile", props)}>
      {inside ? (
        <span className="tg-tile-two">
          <Icon name={text.kind.icon} />
          {inside}
        </span>
      ) : (
        <Icon name={text.kind.icon} />
      )}
      {state && state.status !== "queued" && (
        <sup className="tg-mark">
          <Icon name={STATUS[state.status].icon} />
        </sup>
      )}
      {found && (
        <sup className={`tg-mark is-${found.severity}`} title={problems.map((one) => one.message).join("\n")}>
          <Icon name={found.severity === "error" ? "x" : "triangle-alert"} />
        </sup>
      )}
      <em>
        {text.name}
        {(facts || below) && <small>{facts || below}</small>}
      </em>
    </div>
  );
});
