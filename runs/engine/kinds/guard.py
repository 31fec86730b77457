"""A guardrail: what arrives goes on only if it keeps to rules, a schema and a model's judgement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, StringConstraints

from agents.topology import json_text, rules, schemas
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.policy import Policy
from agents.topology.problems import Problem
from runs.engine import approving, asking
from runs.engine import events as ev
from runs.engine.asking import Question
from runs.engine.commands import Command, Compute, Record
from runs.engine.content import Content
from runs.engine.dialects.base import Prompt
from runs.engine.kind import Kind, NodeView

ASK = "guard"
VALUE = "value"  # the note that holds what goes on, once it was corrected
FOUND = "found"  # "<round> <what is wrong>"; nothing is wrong if it ends there
OPEN = "open"  # "judge" or "correct": what the model is being asked


class GuardConfig(NodeConfig):
    rules: list[Annotated[str, StringConstraints(max_length=1_000)]] = Field(
        default_factory=list,
        max_length=20,
        title="Must hold",
        json_schema_extra={
            "ui": {"widget": "rules", "section": "Checks", "help": "Such as size(value) < 2000. All of them."}
        },
    )
    value_schema: dict[str, JsonValue] | None = Field(
        None,
        alias="schema",
        title="Must fit",
        json_schema_extra={"ui": {"widget": "schema", "section": "Checks", "optional": True}},
    )
    question: str = Field(
        "",
        max_length=4_000,
        title="A model judges",
        json_schema_extra={
            "ui": {
                "widget": "textarea",
                "section": "Checks",
                "subtitle": True,
                "help": "What must be so, such as: it promises no refund and names no customer.",
            }
        },
    )
    agent: str = Field(
        "",
        title="Judges and corrects as",
        json_schema_extra={"ui": {"widget": "agent", "section": "Checks", "chip": True}},
    )
    action: Literal["block", "correct", "ask"] = Field(
        "block",
        title="Otherwise",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Otherwise",
                "chip": "else {}",
                "options": {
                    "block": "it fails",
                    "correct": "the agent corrects it",
                    "ask": "a person decides",
                },
            }
        },
    )
    corrections: int = Field(
        2,
        ge=1,
        le=10,
        title="Corrections at most",
        json_schema_extra={
            "ui": {"widget": "number", "section": "Otherwise", "when": {"action": ["correct"]}}
        },
    )


class GuardKind(Kind):
    name: ClassVar[str] = "guard"
    title: ClassVar[str] = "Guardrail"
    summary: ClassVar[str] = "Lets through only what keeps to its rules; blocks, corrects or asks"
    icon: ClassVar[str] = "shield"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "routes"
    ports: ClassVar[Ports] = Ports(gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR}))
    Config = GuardConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        if not (config.rules or config.value_schema or config.question):
            message = f"{node.title} checks nothing."
            yield Problem(
                "guard.empty", message, "Write a rule, a schema or a question.", node.id, field="rules"
            )
        for at, rule in enumerate(config.rules):
            yield from scope.rule_problems(rule, node=node.id, where=f"rules[{at}]")
        if config.value_schema and (wrong := schemas.problem_with(config.value_schema)):
            yield Problem("guard.schema", wrong, "Correct the schema.", node.id, field="schema")
        needs = bool(config.question) or config.action == "correct"
        if needs and config.agent not in scope.catalog.agents:
            what = "judges" if config.question else "corrects"
            message = f"{node.title} has no agent that {what}."
            yield Problem("guard.agent", message, "Choose an agent.", node.id, field="agent")

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def passes_on(self, view: NodeView) -> bool:
        approval = view.state.approvals.get(ASK)
        return VALUE not in view.state.notes and not (approval and approval.edited)

    def step(self, view: NodeView) -> Iterator[Command]:
        notes = view.state.notes
        if notes.get(OPEN):
            yield from asking.step(view, view.config.agent)
        elif FOUND not in notes:
            yield Compute(view.path, "check")
        elif wrong := self._wrong(view):
            yield from self._violated(view, wrong)
        else:
            yield self._done(view, self._value(view), "")

    def _violated(self, view: NodeView, wrong: str) -> Iterator[Command]:
        approval = view.state.approvals.get(ASK)
        if view.config.action == "ask" and approval is None:
            yield Compute(view.path, "ask")
        elif approval is not None:
            yield from self._decided(view, approval, wrong)
        elif view.config.action == "correct" and self._round(view) <= view.config.corrections:
            yield Record(ev.NodeNoted(path=view.path, key=OPEN, text="correct"))
        else:
            yield Record(ev.NodeFailed(path=view.path, code="guardrail", message=wrong[:500]))

    def _decided(self, view: NodeView, approval: Any, wrong: str) -> Iterator[Command]:
        if approval.status in ("approve", "edit"):
            note = f"{approval.by_name} let it through: {wrong}"
            yield self._done(view, approval.edited or self._value(view), note)
        elif approval.status != "pending":
            why = f": {approval.comment}" if approval.comment else "."
            message = f"{approval.by_name or 'Nobody'} did not let it through{why} {wrong}"
            yield Record(ev.NodeFailed(path=view.path, code="guardrail", message=message[:500]))

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        match what:
            case "check":
                yield self._check(view, content)
            case "answer":
                yield from self._answered(view, call, content)
            case "ask":
                yield self._ask(view, content)

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        return asking.prompt(view, turn, self._question(view, content), content)

    # ── what is checked ─────────────────────────────────────────────────────────────────────────────
    def _value(self, view: NodeView) -> str:
        return view.state.notes.get(VALUE) or view.arrival()

    def _round(self, view: NodeView) -> int:
        return int(view.state.notes.get(FOUND, "1").partition(" ")[0])

    def _wrong(self, view: NodeView) -> str:
        return view.state.notes[FOUND].partition(" ")[2]

    def _found(self, view: NodeView, wrong: str, round_: int) -> ev.Event:
        return ev.NodeNoted(path=view.path, key=FOUND, text=f"{round_} {wrong}".strip()[:1_000])

    def _check(self, view: NodeView, content: Content) -> ev.Event:
        wrong = self._broken(view, self._value(view), content)
        if not wrong and view.config.question:
            return ev.NodeNoted(path=view.path, key=OPEN, text="judge")
        return self._found(view, wrong, 1)

    def _broken(self, view: NodeView, digest: str, content: Content) -> str:
        """The first rule that does not hold, or what does not fit the schema; one that fails does not."""
        value = content.get(digest)
        context = view.context(content) | {"value": value}
        for rule in view.config.rules:
            try:
                if not rules.evaluate(rule, context):
                    return f"It does not keep to: {rule}"
            except rules.RuleError as error:
                return f"{rule} could not be decided: {error}"
        if view.config.value_schema:
            return next(iter(schemas.errors(view.config.value_schema, _parsed(value))), "")
        return ""

    def _question(self, view: NodeView, content: Content) -> Question:
        config, value = view.config, content.get(self._value(view))
        if view.state.notes.get(OPEN) == "judge":
            schema = asking.closed(
                ok={"type": "boolean"},
                reason={"type": "string", "maxLength": 1_000, "description": "If not."},
            )
            ask = f"Judge whether this is so of the text: {config.question}"
            return Question(config.agent, ask, schema, (("Text", value),))
        shape: Any = config.value_schema or (
            {"type": "string", "minLength": 1} if isinstance(value, str) else {}
        )
        must = "\n".join(f"- {one}" for one in [*config.rules, config.question] if one)
        ask = f"Correct this, changing as little as possible. {self._wrong(view)}\nIt must keep to:\n{must}"
        return Question(config.agent, ask, asking.closed(value=shape), (("Text", value),))

    def _answered(self, view: NodeView, call: str, content: Content) -> Iterator[ev.Event]:
        asked, round_ = view.state.calls[call], self._round(view)
        value, wrong = asking.judge(view, asked, self._question(view, content), content)
        if wrong:
            yield from wrong
            return
        yield asking.accept(view, asked)
        if view.state.notes[OPEN] == "judge":
            yield ev.NodeNoted(path=view.path, key=OPEN, text="")
            reason = value["reason"].strip() or "The model found it does not comply."
            yield self._found(view, "" if value["ok"] else reason, round_)
            return
        corrected = content.put(value["value"])
        yield ev.NodeNoted(path=view.path, key=VALUE, text=corrected)
        broken = self._broken(view, corrected, content)
        judge = bool(view.config.question) and not broken
        yield ev.NodeNoted(path=view.path, key=OPEN, text="judge" if judge else "")
        yield self._found(view, broken, round_ + 1)

    def _ask(self, view: NodeView, content: Content) -> ev.Event:
        title = f"{view.title}: let this through?"
        subject = {
            "kind": "gate",
            "title": title[:300],
            "instructions": self._wrong(view),
            "value": content.get(self._value(view)),
            "from": [view.plan.title(path) for path in view.contributions()],
        }
        return ev.ApprovalRequested(
            path=view.path,
            key=ASK,
            kind="gate",
            title=title[:300],
            subject=content.put(subject),
            reason=self._wrong(view)[:500],
            **approving.as_asked(Policy(), view),
        )

    def _done(self, view: NodeView, output: str, note: str) -> Command:
        corrected = self._round(view) - 1
        note = note or (f"{corrected} correction{'s' if corrected > 1 else ''}" if corrected else "")
        return Record(ev.NodeCompleted(path=view.path, output=output, note=note[:500]))


def _parsed(value: Any) -> Any:
    """The JSON in a text, where a schema is checked; the text itself if it is none."""
    if not isinstance(value, str):
        return value
    try:
        return json_text.parse(value)
    except ValueError:
        return value


KIND = GuardKind()
