"""Makes runs with realistic logs: through the real writer, but by a script instead of an engine.

script = Script(workspace, user)
script.start({"ticket": "…"}).node("input").done("input", {...}).model("triage", answer="refund")
run = script.commit()
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agents.models import TeamVersion
from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.fold import replay
from runs.engine.plan import plan_for
from runs.engine.state import RunState
from runs.log import Draft, Head, run_sync
from runs.models import LogEvent, Run
from runs.projections.base import Ref
from studio.workspaces.models import User, Workspace
from tests.runs.team import publish

INPUT_PRICE, CACHED_PRICE, OUTPUT_PRICE = "0.25", "0.025", "2"  # dollars per million tokens


def charge(input_tokens: int, output_tokens: int, cached: int = 0, reasoning: int = 0) -> ev.Charge:
    """A settled call at the prices above."""
    cost = (
        (input_tokens - cached) * Decimal(INPUT_PRICE)
        + cached * Decimal(CACHED_PRICE)
        + output_tokens * Decimal(OUTPUT_PRICE)
    ) / 1_000_000
    return ev.Charge(
        status="settled",
        usage=ev.Usage(
            input_tokens=input_tokens,
            cached_tokens=cached,
            output_tokens=output_tokens,
            reasoning_tokens=reasoning,
        ),
        cost=f"{cost:f}",
        input_price=INPUT_PRICE,
        cached_price=CACHED_PRICE,
        output_price=OUTPUT_PRICE,
        price_source="OpenAI price list, checked 18 Nov 2026",
    )


@dataclass
class Script:
    """Appends events at a clock of its own, which begins `ago_s` seconds in the past."""

    workspace: Workspace
    user: User
    version: TeamVersion | None = None
    mode: str = "live"
    ago_s: float = 388
    run: Run = field(init=False)

    def __post_init__(self) -> None:
        self.version = self.version or publish(self.workspace)
        self.content = Content()
        self.now = time.time_ns() // 1000 - int(self.ago_s * 1e6)
        self.run = Run.objects.create(
            workspace=self.workspace,
            team_version=self.version,
            mode=self.mode,
            started_by=self.user,
            input_digest="",
            runnable=False,  # no worker that happens to be there takes it
        )
        plan = plan_for(self.version.digest, self.version.content)
        ref = Ref(self.run.pk, self.workspace.pk, plan)
        self.state = RunState()
        self.draft = Draft(ref, Head(0, bytes(32), 0), self.state)
        self.turns: dict[str, int] = {}

    @classmethod
    def going_on(cls, run: Run) -> Script:
        """A script that goes on with a run that is there, such as a fork. No worker shall take part in it."""
        Run.objects.filter(pk=run.pk).update(runnable=False)
        made = cls.__new__(cls)
        made.workspace, made.version, made.mode, made.run = run.workspace, run.team_version, run.mode, run
        assert run.started_by is not None
        made.user, made.content, made.now = run.started_by, Content(), time.time_ns() // 1000
        rows = LogEvent.objects.filter(run_id=run.pk).order_by("seq").values_list("body", flat=True)
        made.state = replay(ev.decode(body) for body in rows)
        plan = plan_for(run.team_version.digest, run.team_version.content)
        head = Head(run.seq, bytes(run.head_hash), run.epoch)
        made.draft = Draft(Ref(run.pk, run.workspace_id, plan), head, made.state)
        made.turns = {path: node.turns for path, node in made.state.nodes.items()}
        return made

    # ── the run ─────────────────────────────────────────────────────────────────────────────────────
    def put(self, value: Any) -> str:
        return self.content.put(value)

    def wait(self, seconds: float) -> Script:
        self.now += int(seconds * 1e6)
        return self

    def add(self, event: ev.Event) -> Script:
        self.draft.add(msgspec.structs.replace(event, at=self.now))
        return self.wait(0.004)

    def start(self, value: Any, **limits: Any) -> Script:
        given = self.put(value)
        Run.objects.filter(pk=self.run.pk).update(input_digest=given)
        started = ev.RunStarted(
            team_version=str(self.run.team_version_id),
            plan_digest=self.run.team_version.digest,
            input=given,
            mode="simulated" if self.mode == "simulated" else "live",
            by=str(self.user.pk),
            via="web",
            **({"cost_limit": "0.02"} | limits),
        )
        self.add(started).node("input")
        return self.add(ev.NodeCompleted(path="input", output=given))

    def node(self, path: str) -> Script:
        return self.add(ev.NodeStarted(path=path))

    def done(self, path: str, output: Any, **more: Any) -> Script:
        return self.add(ev.NodeCompleted(path=path, output=self.put(output), **more))

    def skip(self, *paths: str) -> Script:
        for path in paths:
            self.add(ev.NodeSkipped(path=path, because="not taken"))
        return self

    def finish(self, output: Any) -> Script:
        return self.add(ev.RunCompleted(output=self.put(output)))

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────
    def ask(self, path: str, messages: list[dict[str, Any]] | None = None, attempt: int = 1) -> str:
        """A model call begins; gives its id. Without `messages` it goes on with the last turn."""
        if attempt == 1:
            self.turns[path] = self.turns.get(path, 0) + 1
        call = f"{path}/m{self.turns[path]}"
        node = self.draft.ref.plan.node(path)
        key = str(node.config.get("agent", ""))
        agent = self.draft.ref.plan.agent(key)
        append = tuple(self.put(message) for message in messages or []) if attempt == 1 else ()
        started = ev.ModelCallStarted(
            path=path,
            call=call,
            attempt=attempt,
            turn=self.turns[path],
            endpoint=agent.spec.model.endpoint,
            model=agent.spec.model.model,
            dialect="native",
            append=append,
            request="0" * 64,
            idempotency_key=f"{call}#{attempt}",
            max_tokens=1500,
            reserved_tokens=4_000,
            reserved_cost="0.004",
            agent=key,
            agent_name=agent.spec.name,
            agent_version=agent.version,
            simulated=self.mode == "simulated",
        )
        self.add(started)
        return call

    def answer(self, path: str, call: str, text: str, seconds: float = 4.0, **more: Any) -> Script:
        """The call's answer arrives after `seconds`; `tools` are (name, arguments) pairs it asks for."""
        tools = tuple(
            ev.RequestedTool(
                call=f"{call}/t{at}", id=f"call_{at}", name=name, arguments=self.put(self.text(arguments))
            )
            for at, (name, arguments) in enumerate(more.pop("tools", ()))
        )
        billed = more.pop("charge", None) or charge(
            1_400 + 11 * len(text), 60 + len(text) // 4, cached=1_024, reasoning=48
        )
        attempt = more.pop("attempt", 1)
        message = {"role": "assistant", "content": text}
        if tools:
            message["tool_calls"] = [  # type: ignore[assignment]
                {
                    "id": tool.id,
                    "type": "function",
                    "function": {"name": tool.name, "arguments": self.content.get(tool.arguments)},
                }
                for tool in tools
            ]
        return self.wait(seconds).add(
            ev.ModelCallCompleted(
                path=path,
                call=call,
                attempt=attempt,
                message=self.put(message),
                charge=billed,
                finish_reason="tool_calls" if tools else "stop",
                tools=tools,
                first_token_s=min(0.6, seconds / 2),
                response_model="gpt-5-mini-2026-08-07",
                **more,
            )
        )

    @staticmethod
    def text(value: Any) -> str:
        return json.dumps(value)

    def say(self, path: str, text: str, seconds: float = 4.0, output: Any = None, **more: Any) -> Script:
        """A node that thinks once and is done with what it said."""
        self.node(path)
        self.answer(path, self.ask(path, self.prompt(path)), text, seconds)
        return self.done(path, text if output is None else output, **more)

    def prompt(self, path: str) -> list[dict[str, Any]]:
        plan = self.draft.ref.plan
        name = plan.title(path)
        return [
            {"role": "system", "content": f"You are {name}. You work in the team “{plan.team.name}”."},
            {
                "role": "user",
                "content": "# Task\nDo your part.\n\n# Input\n<data>\nI was charged twice.\n</data>",
            },
        ]

    def vet(self, path: str, call: str, tool: str, arguments: dict[str, Any], ask: str = "") -> Script:
        effect = self.draft.ref.plan.team.tools[tool].effect
        return self.add(
            ev.ToolCallVetted(
                path=path, call=call, tool=tool, arguments=self.put(arguments), effect=effect, ask=ask
            )
        )

    def run_tool(
        self, path: str, call: str, tool: str, arguments: dict[str, Any], attempt: int = 1
    ) -> Script:
        return self.add(
            ev.ToolCallStarted(
                path=path,
                call=call,
                attempt=attempt,
                tool=tool,
                arguments=self.put(arguments),
                effect=self.draft.ref.plan.team.tools[tool].effect,
                idempotency_key=call,
            )
        )

    def tool(self, path: str, call: str, tool: str, arguments: dict[str, Any], result: Any) -> Script:
        self.vet(path, call, tool, arguments).run_tool(path, call, tool, arguments).wait(0.9)
        return self.add(ev.ToolCallCompleted(path=path, call=call, result=self.put(result)))

    def request_approval(
        self,
        path: str,
        key: str,
        kind: Literal["gate", "question", "tool", "doubt", "budget"],
        title: str,
        subject: Any,
        **more: Any,
    ) -> Script:
        return self.add(
            ev.ApprovalRequested(
                path=path,
                key=key,
                kind=kind,
                title=title,
                subject=self.put(subject),
                **more,
            )
        )

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────
    def commit(self) -> Run:
        """Write what was scripted since the last commit; gives the run as it is now."""
        written = self.draft.append(self.content.fresh, runnable=False, release=False)
        if not run_sync(written):
            raise RuntimeError("The run has changed under the script.")
        self.content.fresh = {}
        self.draft = Draft(self.draft.ref, written.head, self.state)
        return Run.objects.select_related("team_version__team").get(pk=self.run.pk)
