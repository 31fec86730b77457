"""Model calls: from a kind's prompt to a request with its reservation, and from a reply to facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from agents.prices import Price, bound, cost
from agents.queries import ResolvedModel
from agents.topology.text import TemplateError
from runs.engine import budget as budgets
from runs.engine import events as ev
from runs.engine import fallback
from runs.engine.commands import StartModelCall
from runs.engine.content import Content, canonical, digest_of
from runs.engine.dialects.base import Decoded, Dialect, Prompt
from runs.engine.keys import idempotency_key
from runs.engine.kind import NodeView
from runs.engine.state import RunState
from runs.execute.clock import now_us
from runs.execute.dispatch import Fact, Key, is_open
from runs.execute.endpoint_permit import Permit
from runs.execute.errors import ModelCallError
from runs.execute.model_client import ModelReply, ModelRequest, complete
from runs.projections.base import Ref

MAX_TOOLS_A_TURN = 64
OVERHEAD_TOKENS = 64  # what chat templates add around messages, at most
PER_MESSAGE_TOKENS = 16


@dataclass
class ModelDispatch:
    """A request whose start is about to be committed."""

    started: ev.ModelCallStarted
    request: ModelRequest
    prompt: Prompt
    dialect: Dialect
    price: Price | None
    on_text: Callable[[str, int, str], None]
    model: ResolvedModel
    permit: Permit | None = None  # from its endpoint's gate, which counts it until it is given back
    heard: list[str] = field(default_factory=list)

    abortable = True

    @property
    def key(self) -> Key:
        return self.started.call, self.started.attempt

    async def perform(self) -> Fact:
        permit = self.permit
        try:
            reply = await complete(self.request, on_delta=self._hear)
        except ModelCallError as error:
            if permit:
                permit.failed(error)
            return Failed(self, error)
        except BaseException:  # aborted, or the worker stops
            if permit:
                permit.drop()
            raise
        if permit:
            usage = reply.usage
            permit.answered(usage.input_tokens + usage.output_tokens if usage else None)
        return Answered(self, reply)

    def _hear(self, delta: str) -> None:
        self.heard.append(delta)
        self.on_text(self.started.call, self.started.attempt, delta)

    def aborted(self) -> Fact:
        return Failed(
            self, ModelCallError("cancelled", "The call was stopped.", partial_text="".join(self.heard))
        )


# ── before: the request and its reservation ─────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Prepared:
    """Either a start with its dispatch, or a fact that stands in its way.

    `hindered` stands in the way of the request, but not of an answer that needs none: the fact to record
    instead, or that other calls must end first.
    """

    event: ev.Event
    dispatch: ModelDispatch | None = None
    hindered: ev.Event | Literal["later"] | None = None


def prepare(
    command: StartModelCall,
    view: NodeView,
    ref: Ref,
    content: Content,
    models: dict[tuple[str, str], ResolvedModel],
    *,
    on_text: Callable[[str, int, str], None],
) -> Prepared:
    """May raise ContentMissing."""
    try:
        prompt = view.plan.kind(view.path).prompt(view, command.turn, content)
    except TemplateError as error:
        return Prepared(ev.NodeFailed(path=view.path, code="template", message=str(error)[:500]))
    prompt = fallback.aimed(view, prompt)
    name = (prompt.model.endpoint, prompt.model.model)
    model = models.get(name)
    if model is None or not model.base_url:
        where = "is not set up here" if model is None else "is not running"
        message = f"The model {name[1]} at {name[0]} {where}."
        return Prepared(fallback.next_hop(view, prompt.agent, command.call, "no_model", message))
    node = view.state
    dialect = fallback.dialect_for(view, prompt, model.capabilities)
    transcript = node.transcript[node.opened :]
    append = () if command.call in node.calls else _append(dialect, prompt, transcript, content)
    digests = [*transcript, *append]
    content.need(digests)
    messages = fallback.as_spoken([content.get(digest) for digest in digests], view, prompt, dialect)
    body = _body(model, prompt, messages, dialect)
    started = _started(command, view, ref, model, prompt, dialect, append, body)
    elapsed_s = (now_us() - view.run.started_at) / 1e6
    hindered = budgets.before_call(
        view.run,
        budgets.bound_of(started),
        elapsed_s=elapsed_s,
        path=view.path,
        call=command.call,
        content=content,
    )
    request = _request(model, prompt, body, started.idempotency_key)
    dispatch = ModelDispatch(started, request, prompt, dialect, model.price, on_text, model)
    return Prepared(started, dispatch, hindered)


def _append(dialect: Dialect, prompt: Prompt, transcript: list[str], content: Content) -> tuple[str, ...]:
    """The messages that this turn adds to the conversation."""
    messages = dialect.replies(prompt) if transcript else dialect.opening(prompt)
    return tuple(content.put(message) for message in messages)


def _body(model: ResolvedModel, prompt: Prompt, messages: list[Any], dialect: Dialect) -> dict[str, Any]:
    """The request as the OpenAI API names its parts, in the order that keeps prefixes stable."""
    parameters = prompt.parameters.model_dump(exclude_none=True)
    if not parameters.get("stop"):
        parameters.pop("stop", None)
    return {"model": model.model, **dialect.options(prompt), **parameters, "messages": messages}


def _started(
    command: StartModelCall,
    view: NodeView,
    ref: Ref,
    model: ResolvedModel,
    prompt: Prompt,
    dialect: Dialect,
    append: tuple[str, ...],
    body: dict[str, Any],
) -> ev.ModelCallStarted:
    text = canonical(body)
    digest = digest_of(text)
    most_input = len(text.encode()) + OVERHEAD_TOKENS + PER_MESSAGE_TOKENS * len(body["messages"])
    most_output = prompt.parameters.max_tokens
    reserved = None if model.price is None else bound(model.price, most_input, most_output)
    agent = view.plan.agent(prompt.agent)
    return ev.ModelCallStarted(
        path=view.path,
        call=command.call,
        attempt=command.attempt,
        turn=command.turn,
        endpoint=prompt.model.endpoint,
        model=model.model,
        dialect=dialect.name,
        append=append,
        request=digest,
        idempotency_key=idempotency_key(ref.run, command.call, command.attempt),
        max_tokens=most_output,
        reserved_tokens=most_input + most_output,
        reserved_cost=None if reserved is None else f"{reserved:f}",
        simulated=model.simulated or view.run.mode == "simulated",
        agent=prompt.agent,
        agent_name=agent.spec.name,
        agent_version=agent.version,
        cache=_cache_key(view, model, digest),
    )


def _cache_key(view: NodeView, model: ResolvedModel, request: str) -> str:
    """Under which the answer is kept, where the node allows it. No run is named in it, nor in the request."""
    if not getattr(view.config, "cache_s", None):
        return ""
    simulated = model.simulated or view.run.mode == "simulated"
    return digest_of(canonical(["model", model.base_url, simulated, request]))


def _request(model: ResolvedModel, prompt: Prompt, body: dict[str, Any], key: str) -> ModelRequest:
    parameters = {
        name: value
        for name, value in body.items()
        if name not in ("model", "messages", "max_tokens", "tools", "response_format", "tool_choice")
    }
    return ModelRequest(
        base_url=model.base_url,
        api_key=model.api_key,
        model=model.model,
        messages=body["messages"],
        max_tokens=prompt.parameters.max_tokens,
        parameters=parameters,
        tools=body.get("tools"),
        tool_choice=body.get("tool_choice"),
        response_format=body.get("response_format"),
        timeout_s=prompt.timeout_s,
        idempotency_key=key,
    )


# ── after: what came of it ──────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Answered:
    dispatch: ModelDispatch
    reply: ModelReply

    def events(self, state: RunState, content: Content) -> list[ev.Event]:
        started, reply = self.dispatch.started, self.reply
        if not is_open(state, started):
            return []
        message = _message(reply)
        decoded = self.dispatch.dialect.decode(message, self.dispatch.prompt)
        tools = requested_tools(started, decoded, content)
        charge = charge_for(self.dispatch, reply.usage, reply.text)
        node = state.node(started.path)
        completed = ev.ModelCallCompleted(
            path=started.path,
            call=started.call,
            attempt=started.attempt,
            message=content.put(message),
            charge=charge,
            finish_reason=reply.finish_reason,
            tools=tools,
            defect=decoded.defect,
            response_model=reply.model,
            response_id=reply.response_id,
            first_token_s=reply.first_token_s,
            late=node.settled or bool(state.ended),
        )
        return [completed, *_overrun(started, charge)]


@dataclass(frozen=True)
class Failed:
    dispatch: ModelDispatch
    error: ModelCallError

    def events(self, state: RunState, content: Content) -> list[ev.Event]:
        started, error = self.dispatch.started, self.error
        if not is_open(state, started):
            return []
        partial = error.partial_text or "".join(self.dispatch.heard)
        billed = bool(partial) or error.kind in ("timeout", "cancelled", "cut_stream", "too_large")
        charge = charge_for(self.dispatch, error.usage, partial) if billed or error.usage else None
        failed = ev.ModelCallFailed(
            path=started.path,
            call=started.call,
            attempt=started.attempt,
            code=error.kind,
            message=error.sentence[:500],
            retryable=error.retryable,
            retry_after_s=error.retry_after_s,
            charge=charge,
            partial=content.put(partial[:200_000]) if partial else "",
        )
        return [failed, *(_overrun(started, charge) if charge else [])]


def requested_tools(
    started: ev.ModelCallStarted, decoded: Decoded, content: Content
) -> tuple[ev.RequestedTool, ...]:
    return tuple(
        ev.RequestedTool(
            call=f"{started.call}/t{number}", id=call_id, name=name[:100], arguments=content.put(arguments)
        )
        for number, (call_id, name, arguments) in enumerate(decoded.tools[:MAX_TOOLS_A_TURN], start=1)
    )


def _message(reply: ModelReply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.tool_calls[:MAX_TOOLS_A_TURN]
        ]
    return message


def charge_for(dispatch: ModelDispatch, reported: ev.Usage | None, text: str) -> ev.Charge:
    """What a call cost: by the usage its endpoint reported, else by an estimate of four bytes a token."""
    usage = reported
    if usage is None:
        sent = dispatch.started.reserved_tokens - dispatch.started.max_tokens
        usage = ev.Usage(input_tokens=max(sent // 4, 1), output_tokens=len(text.encode()) // 4)
    rate = dispatch.price.at(usage.input_tokens) if dispatch.price else None
    return ev.Charge(
        status="estimated" if reported is None else "settled",
        usage=usage,
        cost=f"{cost(dispatch.price, usage):f}" if dispatch.price else None,
        input_price=str(rate.input) if rate else None,
        cached_price=str(rate.cached) if rate else None,
        output_price=str(rate.output) if rate else None,
        price_source=rate.source if rate else "",
    )


def _overrun(started: ev.ModelCallStarted, charge: ev.Charge) -> list[ev.Event]:
    """An endpoint that bills beyond the bound it was given is reported, not hidden."""
    tokens = charge.usage.input_tokens + charge.usage.output_tokens
    over_cost = (
        charge.cost is not None
        and started.reserved_cost is not None
        and Decimal(charge.cost) > Decimal(started.reserved_cost)
    )
    if not over_cost and tokens <= started.reserved_tokens:
        return []
    return [
        ev.BudgetOverrun(
            path=started.path,
            call=started.call,
            reserved_cost=started.reserved_cost,
            cost=charge.cost,
            reserved_tokens=started.reserved_tokens,
            tokens=tokens,
        )
    ]
