"""Tries an agent as it is being edited: one model call with its own prompt, outside of any run."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

from agents import queries, tool_facts
from agents.openai_client import own_clients
from agents.prices import cost
from agents.queries import ResolvedModel
from agents.toolbox.arguments import BadArguments, validate_arguments
from agents.topology import schemas
from agents.topology.graph import AgentSpec
from agents.tries import TriedTool, Try
from runs.engine import prompt as words_of
from runs.engine.dialects import choose
from runs.engine.dialects.base import Dialect, Message, Offer, Prompt
from runs.engine.tool_turn import why_ask
from runs.execute.errors import ModelCallError
from runs.execute.model_client import ModelReply, ModelRequest, complete
from studio.workspaces.access import Member

TEAM = "Trial"
MOST_SECONDS = 90.0
MOST_CHARACTERS = 100_000


def try_agent(member: Member, spec: AgentSpec, words: str) -> Try:
    """What the agent answers to `words` as its task. Tools are offered, but none is called."""
    found = queries.resolve_models(member.workspace.pk, [spec.model])
    model = found.get((spec.model.endpoint, spec.model.model))
    if model is None or not model.base_url:
        where = "is not set up here" if model is None else "is not running"
        return Try(error=f"The model {spec.model.model} at {spec.model.endpoint} {where}.")
    known = {facts.name: facts for facts in tool_facts.facts_of(member.workspace)}
    tools = {facts.name: facts for facts in tool_facts.given(spec.tools, known) if facts.tool is not None}
    prompt = _prompt(spec, words, tools)
    dialect = choose(model.capabilities, prompt)
    began = time.monotonic()
    try:
        reply = asyncio.run(_ask(_request(model, prompt, dialect)))
    except ModelCallError as error:
        seconds = time.monotonic() - began
        return Try(error=error.sentence, text=error.partial_text, seconds=seconds, simulated=model.simulated)
    return _told(spec, prompt, dialect, model, reply, tools, time.monotonic() - began)


def _prompt(spec: AgentSpec, words: str, tools: dict[str, tool_facts.ToolFacts]) -> Prompt:
    """As the first turn of a node that runs this agent."""
    return Prompt(
        agent="trial",
        model=spec.model,
        parameters=spec.parameters,
        timeout_s=min(spec.limits.timeout_s, MOST_SECONDS),
        system=words_of.join(words_of.system_sections(TEAM, spec)),
        task=f"# Task\n{words}",
        tools=tuple(Offer(name, facts.description, facts.schema) for name, facts in tools.items()),
        schema=spec.output.json_schema if spec.output.kind == "json" else None,
    )


def _request(model: ResolvedModel, prompt: Prompt, dialect: Dialect) -> ModelRequest:
    options = dialect.options(prompt)
    parameters = prompt.parameters.model_dump(exclude_none=True, exclude={"max_tokens"})
    if not parameters.get("stop"):
        parameters.pop("stop", None)
    return ModelRequest(
        base_url=model.base_url,
        api_key=model.api_key,
        model=model.model,
        messages=dialect.opening(prompt),
        max_tokens=prompt.parameters.max_tokens,
        timeout_s=prompt.timeout_s,
        idempotency_key=f"try-{uuid.uuid4().hex}",
        parameters=parameters,
        tools=options.get("tools"),
        tool_choice=options.get("tool_choice"),
        response_format=options.get("response_format"),
        max_characters=MOST_CHARACTERS,
    )


async def _ask(request: ModelRequest) -> ModelReply:
    async with own_clients():
        return await complete(request, on_delta=lambda text: None)


# ── what came of it ─────────────────────────────────────────────────────────────────────────────────
def _told(
    spec: AgentSpec,
    prompt: Prompt,
    dialect: Dialect,
    model: ResolvedModel,
    reply: ModelReply,
    tools: dict[str, tool_facts.ToolFacts],
    seconds: float,
) -> Try:
    message = _message(reply)
    decoded = dialect.decode(message, prompt)
    asked = [_tool(name, arguments, tools) for _, name, arguments in decoded.tools]
    text = "" if asked else dialect.answer(message, prompt)
    problems = [decoded.defect] if decoded.defect else [] if asked else _misfits(spec, text)
    usage = reply.usage
    return Try(
        text=text,
        problems=problems,
        fits=spec.output.kind == "json" and not asked and not problems,
        tools=asked,
        model=reply.model,
        finish=reply.finish_reason,
        seconds=seconds,
        first_token_s=reply.first_token_s,
        input_tokens=usage.input_tokens if usage else None,
        cached_tokens=usage.cached_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else None,
        cost=cost(model.price, usage) if model.price and usage else None,
        simulated=model.simulated,
    )


def _message(reply: ModelReply) -> Message:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.tool_calls
        ]
    return message


def _misfits(spec: AgentSpec, text: str) -> list[str]:
    """Why the answer would be rejected, in words."""
    if not text.strip():
        return ["The answer was empty."]
    if spec.output.kind == "text" or spec.output.json_schema is None:
        return []
    try:
        return schemas.errors(spec.output.json_schema, json.loads(text))
    except ValueError as error:
        return [f"The answer is not valid JSON: {error}."]


def _tool(name: str, arguments: str, tools: dict[str, tool_facts.ToolFacts]) -> TriedTool:
    """What a run would do with this call."""
    facts = tools.get(name)
    if facts is None:
        return TriedTool(name[:100], arguments, "It was not given this tool.", refused=True)
    try:
        checked = validate_arguments(facts.schema, arguments)
    except BadArguments as error:
        return TriedTool(name, arguments, str(error), refused=True)
    if why := why_ask(facts.spec, checked):
        return TriedTool(name, arguments, f"A run would ask a person first: {why}", asks=True)
    return TriedTool(name, arguments, f"A run would call it. {facts.effect.meaning}")
