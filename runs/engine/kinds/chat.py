"""A conversation of several. Turns, rules or a model say who speaks next; conditions say when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from agents.topology import rules, text
from agents.topology.check import Scope
from agents.topology.graph import EdgeKind, Node
from agents.topology.kind import NodeConfig, Ports
from agents.topology.problems import Problem
from runs.engine import asking, spawn
from runs.engine import events as ev
from runs.engine.asking import Question
from runs.engine.commands import Command, Compute
from runs.engine.content import Content
from runs.engine.dialects.base import Prompt
from runs.engine.kind import Kind, NodeView
from runs.engine.plan import Plan
from runs.engine.state import Node as Instance

MOST = 12  # participants
NOBODY = "nobody"
NEXT = "next"  # the note that holds who speaks in which turn, or why it ends
SILENT = 3  # turns in a row without a word


class ChatConfig(NodeConfig):
    opening: str = Field(
        "",
        max_length=4_000,
        title="What it is about",
        json_schema_extra={
            "ui": {"widget": "template", "section": "Chat", "subtitle": True, "help": "Empty: what arrives."}
        },
    )
    speaker: Literal["round_robin", "rules", "model"] = Field(
        "round_robin",
        title="Who speaks next",
        json_schema_extra={
            "ui": {
                "widget": "select",
                "section": "Chat",
                "chip": True,
                "options": {
                    "round_robin": "everybody in turn",
                    "rules": "the first whose edge's rule holds",
                    "model": "whom a model chooses",
                },
            }
        },
    )
    selector: str = Field(
        "",
        title="Chosen by",
        json_schema_extra={"ui": {"widget": "agent", "section": "Chat", "when": {"speaker": ["model"]}}},
    )
    max_turns: int = Field(
        8,
        ge=1,
        le=200,
        title="Turns at most",
        json_schema_extra={"ui": {"widget": "number", "section": "Ends", "chip": True, "unit": "turns"}},
    )
    phrase: str = Field(
        "",
        max_length=200,
        title="Ends at the words",
        json_schema_extra={"ui": {"widget": "text", "section": "Ends", "help": "Such as AGREED."}},
    )
    until: str = Field(
        "",
        max_length=1_000,
        title="Ends when",
        json_schema_extra={
            "ui": {
                "widget": "rule",
                "section": "Ends",
                "help": "A rule over messages (speaker, text), last, turn and what the node reads.",
            }
        },
    )
    max_tokens: int = Field(
        0,
        ge=0,
        le=100_000_000,
        title="Tokens at most",
        json_schema_extra={"ui": {"widget": "number", "section": "Ends", "help": "0: no limit of its own."}},
    )
    window: int = Field(
        20,
        ge=1,
        le=200,
        title="Messages everybody sees",
        json_schema_extra={
            "ui": {
                "widget": "number",
                "section": "Chat",
                "help": "The latest; what it is about is always seen.",
            }
        },
    )


class ChatKind(Kind):
    name: ClassVar[str] = "chat"
    title: ClassVar[str] = "Group chat"
    summary: ClassVar[str] = "Several talk to one another until they are done"
    icon: ClassVar[str] = "message-square"
    group: ClassVar[Literal["thinks", "routes", "acts", "person"]] = "thinks"
    asks_by_rule: ClassVar[bool] = True
    ports: ClassVar[Ports] = Ports(
        gives=frozenset({EdgeKind.FLOW, EdgeKind.ERROR, EdgeKind.DELEGATES}), works=True
    )
    Config = ChatConfig

    # ── design time ─────────────────────────────────────────────────────────────────────────────────
    def check(self, node: Node, config: Any, scope: Scope) -> Iterator[Problem]:
        yield from spawn.worker_problems(node, scope, 2, MOST, "participants", NOBODY)
        yield from scope.template_problems(node, config.opening, "opening")
        if config.until:
            yield from scope.rule_problems(config.until, node=node.id, where="until")
        if config.speaker == "model" and config.selector not in scope.catalog.agents:
            message = f"{node.title} lets a model choose who speaks, but has no agent for it."
            yield Problem("chat.selector", message, "Choose an agent.", node.id, field="selector")
        edges = [edge for edge in scope.view.outgoing[node.id] if edge.kind is EdgeKind.DELEGATES]
        if config.speaker == "rules" and not any(edge.when for edge in edges):
            message = f"{node.title} chooses by rules, but none stands on its delegating edges."
            yield Problem("chat.rules", message, "Write rules on these edges.", node.id, field="speaker")

    def introduce(self, plan: Plan, node_id: str) -> str:
        return f"{plan.title(node_id)}: talks a question over."

    # ── run time ────────────────────────────────────────────────────────────────────────────────────
    def step(self, view: NodeView) -> Iterator[Command]:
        turns = view.run.spawned(view.path)
        if turns and not turns[-1].settled:
            return
        turn, _, speaker = view.state.notes.get(NEXT, "0").partition(" ")
        if int(turn) == len(turns) + 1:
            yield Compute(view.path, "speak" if speaker else "finish")
        elif view.config.speaker == "model" and view.state.notes.get("open") == str(len(turns) + 1):
            yield from asking.step(view, view.config.selector)
        else:
            yield Compute(view.path, "next")

    def compute(self, what: str, call: str, view: NodeView, content: Content) -> Iterator[ev.Event]:
        match what:
            case "next":
                yield self._next(view, content)
            case "answer":
                yield from self._chosen(view, call, content)
            case "speak":
                yield self._speak(view, content)
            case "finish":
                yield self._finish(view, content)

    def prompt(self, view: NodeView, turn: int, content: Content) -> Prompt:
        return asking.prompt(view, turn, self._question(view, turn, content), content)

    # ── who is next ─────────────────────────────────────────────────────────────────────────────────
    def _next(self, view: NodeView, content: Content) -> ev.Event:
        """Somebody, the end and why, or a question to the model."""
        turns = view.run.spawned(view.path)
        turn = len(turns) + 1
        if ended := self._ended(view, turns, content):
            return ev.NodeNoted(path=view.path, key=NEXT, text=f"{turn}", data={"because": ended})
        config, people = view.config, view.plan.view.workers(view.id)
        if config.speaker == "model":
            return ev.NodeNoted(path=view.path, key="open", text=str(turn))
        if config.speaker == "round_robin":
            speaker = people[len(turns) % len(people)]
        else:
            speaker = self._by_rules(view, content)
        return self._note(view, turn, speaker, "no rule let anybody speak")

    def _note(self, view: NodeView, turn: int, speaker: str, otherwise: str) -> ev.Event:
        because = {} if speaker else {"because": otherwise}
        return ev.NodeNoted(path=view.path, key=NEXT, text=f"{turn} {speaker}".strip(), data=because)

    def _ended(self, view: NodeView, turns: list[Instance], content: Content) -> str:
        """Why the conversation is over; empty while it is not."""
        config = view.config
        if len(turns) >= config.max_turns:
            return f"{len(turns)} turns"
        if len(turns) >= SILENT and not any(spawn.is_done(one) for one in turns[-SILENT:]):
            return f"{SILENT} turns without a word"
        if config.max_tokens and self._tokens(view) >= config.max_tokens:
            return f"{config.max_tokens:,} tokens"
        said = self._messages(view, content)
        if config.phrase and said and config.phrase.casefold() in said[-1]["text"].casefold():
            return f"{said[-1]['speaker']} said {config.phrase}"
        if config.until and said:
            try:
                if rules.evaluate(config.until, self._context(view, content)):
                    return f"{config.until} holds"
            except rules.RuleError:
                return ""  # a rule that fails does not hold; the turns are counted all the same
        return ""

    def _tokens(self, view: NodeView) -> int:
        """What the participants and whoever they ask have used."""
        inside = f"{view.path}/"
        return sum(
            call.tokens
            for path, node in view.run.nodes.items()
            if path.startswith(inside)
            for call in node.calls.values()
        )

    def _context(self, view: NodeView, content: Content) -> dict[str, Any]:
        said = self._messages(view, content)
        last = said[-1]["text"] if said else ""
        turn = len(view.run.spawned(view.path)) + 1
        return view.context(content) | {"messages": said, "last": last, "turn": turn}

    def _by_rules(self, view: NodeView, content: Content) -> str:
        context = self._context(view, content)
        for edge in view.plan.view.outgoing[view.id]:
            if edge.kind is not EdgeKind.DELEGATES:
                continue
            try:
                if not edge.when or rules.evaluate(edge.when, context):
                    return edge.target
            except rules.RuleError:
                continue
        return ""

    def _question(self, view: NodeView, turn: int, content: Content) -> Question:
        """The selector is told only what it has not heard: the conversation it has heard stands above."""
        people = {view.plan.title(node): node for node in view.plan.view.workers(view.id)}
        schema = asking.closed(next={"type": "string", "enum": [*people, NOBODY]})
        said = self._messages(view, content)
        if turn == 1:
            who = "\n".join(f"- {view.plan.kinds[n].introduce(view.plan, n)}" for n in people.values())
            ask = (
                "Say who of these speaks next in the conversation, or that nobody needs to any more "
                f"({NOBODY}).\n{who}"
            )
            material: tuple[tuple[str, Any], ...] = (("About", self._opening(view, content)),)
            if said:
                material += (("Conversation", _written(said)),)
            return Question(view.config.selector, ask, schema, material)
        return Question(view.config.selector, "Who is next?", schema, (("Said since", _written(said[-1:])),))

    def _chosen(self, view: NodeView, call: str, content: Content) -> Iterator[ev.Event]:
        asked = view.state.calls[call]
        question = self._question(view, asked.turn, content)
        value, wrong = asking.judge(view, asked, question, content)
        if wrong:
            yield from wrong
            return
        yield asking.accept(view, asked)
        people = {view.plan.title(node): node for node in view.plan.view.workers(view.id)}
        turn = len(view.run.spawned(view.path)) + 1
        yield self._note(view, turn, people.get(value["next"], ""), "nobody needed to say more")

    # ── what is said ────────────────────────────────────────────────────────────────────────────────
    def _opening(self, view: NodeView, content: Content) -> str:
        if view.config.opening:
            return text.render(view.config.opening, view.context(content))
        return content.text_of(content.get(view.arrival()))

    def _messages(self, view: NodeView, content: Content) -> list[dict[str, str]]:
        done = [one for one in view.run.spawned(view.path) if spawn.is_done(one)]
        content.need([one.output for one in done])
        return [
            {"speaker": view.plan.title(one.path), "text": content.text_of(content.get(one.output))}
            for one in done
        ]

    def _speak(self, view: NodeView, content: Content) -> ev.Event:
        turn, _, speaker = view.state.notes[NEXT].partition(" ")
        try:
            about = self._opening(view, content)
        except text.TemplateError as error:
            return ev.NodeFailed(path=view.path, code="template", message=str(error)[:500])
        said = self._messages(view, content)[-view.config.window :]
        given = f"About:\n{about}\n\n{_written(said)}".strip()
        ends = f" To end the conversation, say {view.config.phrase}." if view.config.phrase else ""
        asked = (
            f"You take part in a conversation as {view.plan.title(speaker)}. Say what you have to say next."
        )
        return spawn.start(view, turn, speaker, given, content, asked + ends)

    def _finish(self, view: NodeView, content: Content) -> ev.Event:
        said = self._messages(view, content)
        turns = view.run.spawned(view.path)
        if not said:
            message = f"Nobody said anything. {spawn.failures(view, turns)}"
            return ev.NodeFailed(path=view.path, code="chat", message=message[:500])
        output = {"last": said[-1]["text"], "messages": said}
        note = f"{len(turns)} turn{'' if len(turns) == 1 else 's'}"
        return ev.NodeCompleted(path=view.path, output=content.put(output), note=note)


def _written(said: list[dict[str, str]]) -> str:
    return "\n\n".join(f"{message['speaker']}: {message['text']}" for message in said)


KIND = ChatKind()
