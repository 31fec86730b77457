"""An agent with a task: model call, tool calls, model call … until an answer fits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import json_text, schemas
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node, Task
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import delegation, fallback, handoff, tool_turn
from runs.engine import events as ev
from runs.engine import prompt as words
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects import DIALECTS
from runs.engine.dialects.base import Offer, Prompt, Reply
from runs.engine.kind import Kind, NodeView
from runs.engine.model_turn import call_id, take_turn
from runs.engine.plan import Plan
from runs.engine.state import Call

OUTPUT_LIMIT = 1_000_000  # characters


class AgentConfig(NodeConfig):
    agent: str = Field(
        "",
        title="Agent",
        json_schema_extra={"ui": {"widget": "agent", "section": "Role", "subtitle": True, "chip": True}},
    )
    cache_s: float | None = Field(
        None,
        gt=0,
        le=30 * 86_400,
        title="Use an answer again for",
        json_schema_extra={
            "ui": {
                "widget": "duration",
                "section": "Reuse",
                "help": "An equal request is then answered from the earlier one, in any run of this "
                "workspace, at no cost. Empty: every request is made.",
            }
        },
    )
    task: Task = Field(Task(), title="Task", json_schema_extra={"ui": {"widget": "task", "section": "Task"}})
    fallback_agent: str = Field(
        "",
        title="If it fails",
        json_schema_extra={
            "ui": {
                "widget": "agent",
                "section": "Role",
                "help": "Another agent that does the task anew when none of its models can.",
            }
        },
    )
    max_delegations: int = Field(
        24,
        ge=1,
        le=500,
        title="Delegates at most",
        json_schema_extra={
            "ui": {
                "widget": "number",
                "section": "Colleagues",
                "edges": ["delegates"],
                "help": "Times in a run.",
            }
        },
    )
    delegations_at_once: int = Field(
        8,
        ge=1,
        le=64,
        title="At once",
        json_schema_extra={"ui": {"widget": "number", "section": "Colleagues", "edges": ["delegates"]}},
    )
    max_handoffs: int = Field(
        6,
        ge=1,
        le=50,
        title="Hands over at most",
        json_schema_extra={
            "ui": {
                "widget": "number",
                "section": "Colleagues",
                "edges": ["handoff"],
                "help": "Counted from the agent that has the job first.",
            }
        },
    )


class AgentKind(Kind):
    name: ClassVar[str] = "agent"
    title: ClassVar[str] = "Agent"
    summary: ClassVar[str] = "Somebody with a role, a goal and a task"
    icon: ClassVar[str] = "bot"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "thinks"
    ports: ClassVar[Ports] = Ports(gives=frozenset(EdgeKind), works=True, peers=True)
    goes_on: ClassVar[bool] = True
    Config = AgentConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        spec = scope.catalog.agents.get(config.agent)
        if not config.agent:
            yield Problem("agent.none", f"{node.title} has no agent.", "Choose one.", node.id, field="agent")
        elif spec is None:
            yield Problem(
                "agent.unknown",
                f"{node.title} needs the agent {config.agent}, which does not exist.",
                "Choose another, or create it.",
                node.id,
                field="agent",
            )
        else:
            yield from self._check_spec(node, spec, scope)
        yield from scope.template_problems(node, config.task.description, "task.description")
        yield from self._check_substitute(node, config, scope)

    def _check_substitute(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        other = config.fallback_agent
        if other and other not in scope.catalog.agents:
            message = f"{node.title} falls back to the agent {other}, which does not exist."
            yield Problem("agent.unknown", message, "Choose another.", node.id, field="fallback_agent")
        elif other and other == config.agent:
            message = f"{node.title} would fall back to the agent that has failed."
            fix = "Choose another, or none; its own chain of models is tried anyway."
            yield Problem("agent.fallback", message, fix, node.id, field="fallback_agent", severity="warning")

    def _check_spec(self, node: Node, spec: Any, scope: Scope) -> Iterator[Problem]:
        model = (spec.model.endpoint, spec.model.model)
        if scope.catalog.models is not None and model not in scope.catalog.models:
            yield Problem(
                "agent.model",
                f"{spec.name} uses {spec.model.model} at {spec.model.endpoint}, which is not set up here.",
                "Choose a model that is.",
                node.id,
                field="agent",
            )
        for tool in spec.tools:
            if tool not in scope.catalog.tools:
                yield Problem(
                    "agent.tool",
                    f"{spec.name} needs the tool {tool}, which does not exist.",
                    "Create it, or take it from the agent.",
                    node.id,
                    field="agent",
                )
        if spec.output.json_schema and (wrong := schemas.problem_with(spec.output.json_schema)):
            yield Problem(
                "agent.schema", wrong, f"Correct the output of {spec.name}.", node.id, field="agent"
            )

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        node, limits = view.state, self._spec(view).limits
        turn = take_turn(view, max(node.turns, node.first_turn), limits.retries)
        if turn.answered is None:
            yield from turn.commands
            return
        asked = turn.answered
        calls = [node.calls[tool.call] for tool in asked.tools]
        if calls:
            yield from self._after_calls(view, calls, limits.retries)
        elif node.rejected_turn == node.turns:
            yield from take_turn(view, node.turns + 1, limits.retries).commands
        else:
            yield Compute(view.path, "finish", asked.id)

    def _after_calls(self, view: NodeView, calls: list[Call], retries: int) -> Iterator[Command]:
        """Calls of tools and workers go on at once; a hand-over, or the next turn, when all are settled."""
        handed = [call for call in calls if call.effect == handoff.EFFECT]
        others = [call for call in calls if call.effect != handoff.EFFECT]
        for call in others:
            if call.effect == delegation.EFFECT:
                yield from delegation.steps(view, call)
            else:
                yield from tool_turn.tool_steps(view, call, retries)
        if not all(tool_turn.is_settled(view, call, retries) for call in others):
            return
        if handed:
            yield from handoff.steps(view, handed[0])
        else:
            yield from take_turn(view, view.state.turns + 1, retries).commands

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        asked = view.state.calls[call]
        if what == "finish":
            yield from self._finish(view, asked, content)
        elif what in ("delegate", "collect"):
            yield delegation.compute(what, view, asked, content)
        elif what in ("hand over", "handed over"):
            yield from handoff.compute(what, view, asked, content)
        elif what == "vet" and delegation.is_meant(view, asked.name):
            yield delegation.vet(view, asked, content)
        elif what == "vet" and handoff.peer_of(view, asked.name):
            yield handoff.vet(view, asked, content)
        else:
            tools = view.plan.tools_of(self._key(view))
            yield from tool_turn.compute(what, asked, view, tools, content)

    def introduce(self, plan: Plan, node_id: str) -> str:
        config = plan.configs[node_id]
        spec = plan.agent(config.agent).spec
        known = spec.name.lower() == node_id.replace("_", " ")  # then its key says the name
        who = ", ".join(filter(None, ["" if known and spec.role else spec.name, spec.role]))
        return f"{who}. {spec.goal}".strip()[:1_000]

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        spec = self._spec(view)
        sections = words.system_sections(view.plan.team.name, spec)
        first = turn == view.state.first_turn
        return Prompt(
            agent=self._key(view),
            model=spec.model,
            parameters=spec.parameters,
            timeout_s=spec.limits.timeout_s,
            system=words.join(sections),
            task=self._task(view, content) if first else "",
            tools=self._offers(view, turn),
            schema=spec.output.json_schema if spec.output.kind == "json" else None,
            replies=() if first else tuple(self._replies(view, turn, content)),
        )

    def _task(self, view: NodeView, content: Content) -> str:
        task = words.join(words.task_sections(view.config.task, view, content))
        return "\n\n".join(filter(None, [task, fallback.done_before(view, content)]))

    def _key(self, view: NodeView) -> str:
        """The agent at work: its own, or the one that took over."""
        return str(view.state.agent or view.config.agent)

    def _spec(self, view: NodeView) -> Any:
        return view.plan.agent(self._key(view)).spec

    def _offers(self, view: NodeView, turn: int) -> tuple[Offer, ...]:
        """The agent's tools; closed once its rounds are used up, so that it has to answer."""
        node, rounds = view.state, self._spec(view).limits.max_tool_rounds
        if not rounds:
            return ()
        tools = (
            Offer(name, tool.description or tool.spec.description, dict(tool.parameters))
            for name, tool in view.plan.tools_of(self._key(view)).items()
        )
        offers = (*tools, *delegation.offers(view), *handoff.offers(view))
        used_up = turn - node.first_turn >= rounds + node.corrections
        return tuple(replace(offer, open=False) for offer in offers) if used_up else offers

    def _replies(self, view: NodeView, turn: int, content: Content) -> Iterator[Reply]:
        """What the model is told after its previous turn: results in the order it asked, or its mistake."""
        node = view.state
        if node.rejected_turn == turn - 1:
            yield from self._correction(view, turn, content)
            return
        for tool in node.calls[call_id(view.path, turn - 1)].tools:
            call = node.calls[tool.call]
            result = tool_turn.result_text(call, content)
            approval = node.approvals.get(f"{call.id}/ask")
            if approval and approval.status == "edit":
                changed = json.dumps(content.get(approval.edited), ensure_ascii=False)
                result = f"A person changed the arguments to {changed} before the call.\n{result}"
            yield Reply(result, name=call.name, call_id=call.model_call_id)

    def _correction(self, view: NodeView, turn: int, content: Content) -> Iterator[Reply]:
        """Why the previous answer was rejected; told to each tool call in it, for none may go unanswered."""
        why = str(content.get(view.state.notes[f"correction {turn - 1}"]))
        said = content.get(view.state.calls[call_id(view.path, turn - 1)].result)
        calls = said.get("tool_calls") or [{}]
        for call in calls:
            yield Reply(why, name=call.get("function", {}).get("name", ""), call_id=str(call.get("id", "")))

    def _finish(self, view: NodeView, asked: Call, content: Content) -> Iterator[ev.Event]:
        """The node's output if the answer fits; else a corrective turn, and a fallback after the last."""
        spec = self._spec(view)
        answer = DIALECTS[asked.dialect].answer(content.get(asked.result), self._shape(view, asked.turn))
        value, wrong = self._judge(spec, asked, answer)
        if not wrong:
            yield ev.NodeCompleted(path=view.path, output=content.put(value))
            return
        told = "Your answer cannot be used:\n" + "\n".join(f"- {line}" for line in wrong)
        told += "\nAnswer again, correcting this."
        rejected = ev.OutputRejected(
            path=view.path, turn=asked.turn, errors=tuple(wrong[:10]), message=content.put(told)
        )
        if view.state.corrections - view.state.forgiven < spec.limits.corrective_turns:
            yield rejected
            return
        message = f"The answer did not fit after {asked.turn} turns: {wrong[0]}"
        yield from fallback.after_bad_answer(view, self._key(view), "bad_output", message, rejected, asked.id)

    def _shape(self, view: NodeView, turn: int) -> Prompt:
        """The parts of a request that say how to read its answer, without its text."""
        spec = self._spec(view)
        schema = spec.output.json_schema if spec.output.kind == "json" else None
        return Prompt("", spec.model, spec.parameters, 0, "", "", self._offers(view, turn), schema)

    def _judge(self, spec: Any, asked: Call, answer: str) -> tuple[Any, list[str]]:
        """The value of `answer`, or why it cannot be used."""
        if asked.defect:
            return None, [asked.defect]
        if not answer.strip():
            cut_off = asked.finish_reason == "length"
            return None, ["The answer was cut off before it began." if cut_off else "The answer was empty."]
        if len(answer) > OUTPUT_LIMIT:
            return None, [f"The answer is longer than {OUTPUT_LIMIT} characters."]
        if spec.output.kind == "text":
            return answer, []
        try:
            value = json_text.parse(answer)
        except ValueError as error:
            cut = " It was cut off by the token limit." if asked.finish_reason == "length" else ""
            return None, [f"The answer is not valid JSON: {error}.{cut}"]
        return value, schemas.errors(spec.output.json_schema, value)


KIND = AgentKind()
