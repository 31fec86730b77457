"""What a new workspace starts with: models, tools and example teams that run at once.

Safe to repeat: what is there already, or was archived, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from agents import queries
from agents.actions.agents import use_model
from agents.actions.endpoints import add_models, create_endpoint, set_price
from agents.actions.presets import create_from_preset
from agents.actions.teams import publish
from agents.actions.tools import create_tool
from agents.models import Agent, Endpoint, EndpointModel, Team, Tool
from agents.presets.registry import EXAMPLES, preset
from agents.topology.graph import ModelRef, ToolSpec
from studio.workspaces.access import Member

LOCAL_MODEL = "smollm2-135m"
REHEARSAL_MODELS = ("rehearsal", "rehearsal-no-tools", "rehearsal-plain")
OPENAI_MODELS = ("gpt-5.4-mini", "gpt-5.4")  # a small and a larger one that the price list knows
LOCAL_WINDOW = 4_096
ALL = {"tools": True, "json_schema": True, "streaming": True}


@dataclass(frozen=True)
class PriceTag:
    """Dollars for a million tokens."""

    input: str
    output: str
    cached: str
    source: str


FREE = PriceTag("0", "0", "0", "runs on this machine")
DEMONSTRATION = PriceTag("0.40", "1.60", "0.10", "demonstration price: nothing is charged")


@transaction.atomic
def furnish(owner: Member) -> None:
    """Give a workspace its models, tools and examples. Called for every new workspace."""
    _local(owner)
    _rehearsal(owner)
    _openai(owner)
    _tools(owner)
    for name in EXAMPLES:
        _example(owner, name)


@transaction.atomic
def switch_examples(owner: Member, model: ModelRef) -> list[Agent]:
    """Give the agents of the example teams another model, and publish the teams with it."""
    teams = queries.teams(owner.workspace).filter(pattern__in=[preset(name).pattern for name in EXAMPLES])
    keys = {key for name in EXAMPLES for key in preset(name).file.agents}
    agents = list(queries.agents(owner.workspace).filter(key__in=keys))
    use_model(actor=owner, agents=agents, model=model)
    for team in teams:
        publish(actor=owner, team=team, note=f"Uses {model.model} at {model.endpoint}")
    return agents


# ── models ──────────────────────────────────────────────────────────────────────────────────────────
def _local(owner: Member) -> None:
    if _missing(owner, "local"):
        able = {"tools": False, "json_schema": True, "streaming": True}
        endpoint = create_endpoint(
            actor=owner, name="local", kind=Endpoint.Kind.LOCAL, capabilities=able, concurrency=4
        )
        models = add_models(
            actor=owner, endpoint=endpoint, names=[LOCAL_MODEL], windows={LOCAL_MODEL: LOCAL_WINDOW}
        )
        _price(owner, models, FREE)


def _rehearsal(owner: Member) -> None:
    if _missing(owner, "rehearsal"):
        endpoint = create_endpoint(
            actor=owner, name="rehearsal", kind=Endpoint.Kind.REHEARSAL, capabilities=ALL, concurrency=200
        )
        models = add_models(actor=owner, endpoint=endpoint, names=REHEARSAL_MODELS)
        for model in models:
            if model.name == "rehearsal-no-tools":
                model.capabilities = {"tools": False}
            elif model.name == "rehearsal-plain":
                model.capabilities = {"tools": False, "json_schema": False}
            model.save()
        _price(owner, models, DEMONSTRATION)


def _openai(owner: Member) -> None:
    if settings.OPENAI_API_KEY and _missing(owner, "openai"):
        create_endpoint(
            actor=owner,
            name="openai",
            kind=Endpoint.Kind.OPENAI,
            base_url=settings.OPENAI_BASE_URL,
            key=settings.OPENAI_API_KEY,
            capabilities=ALL,
            models=OPENAI_MODELS,
        )


def _missing(owner: Member, name: str) -> bool:
    return not Endpoint.objects.filter(workspace=owner.workspace, name=name).exists()


def _price(owner: Member, models: Iterable[EndpointModel], tag: PriceTag) -> None:
    for model in models:
        set_price(
            actor=owner,
            model=model,
            input_per_million=Decimal(tag.input),
            cached_per_million=Decimal(tag.cached),
            output_per_million=Decimal(tag.output),
            source=tag.source,
        )


# ── tools and teams ─────────────────────────────────────────────────────────────────────────────────
def _tools(owner: Member) -> None:
    wanted = {
        "calculator": ToolSpec(
            kind="calculator",
            description="Calculates an arithmetic expression exactly. Use it for every amount.",
        ),
        "current_time": ToolSpec(kind="current_time"),
        "notes_read": ToolSpec(kind="notes_read"),
        "notes_write": ToolSpec(kind="notes_write"),
        "http_request": ToolSpec(kind="http_request"),
    }
    here = set(Tool.objects.filter(workspace=owner.workspace).values_list("name", flat=True))
    for name, spec in wanted.items():
        if name not in here:
            create_tool(actor=owner, name=name, spec=spec)


def _example(owner: Member, name: str) -> None:
    """Made once: a person who renamed, changed or archived an example does not get it back."""
    example = preset(name)
    if not Team.objects.filter(workspace=owner.workspace, pattern=example.pattern).exists():
        team = create_from_preset(actor=owner, name=name).team
        publish(actor=owner, team=team, note="Example")
