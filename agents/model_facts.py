"""Models and endpoints as pages show them: what they can do, what they cost, who uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from agents import endpoint_state, queries
from agents.endpoint_state import EndpointState
from agents.models import Agent, Endpoint, EndpointModel, ModelPrice, Team
from agents.prices import Price
from agents.probe_advice import Checkup
from studio.workspaces.models import Workspace

SHOWN = {"tools": "Tools", "json_schema": "Schemas", "streaming": "Stream"}  # what is shown as can-do


@dataclass(frozen=True)
class Ability:
    """Whether something can be done: yes, no, some (of the models) or untold."""

    word: str
    state: str


@dataclass(frozen=True)
class ModelFacts:
    model: EndpointModel
    agents: list[Agent] = field(default_factory=list)

    @cached_property
    def price(self) -> Price | None:
        return queries.price_of(self.model)

    @property
    def dollars(self) -> dict[str, Decimal | None]:
        """Its three prices by name; None where nobody knows."""
        names = ("input", "cached", "output")
        return {name: getattr(self.price, name) if self.price else None for name in names}

    @cached_property
    def dated(self) -> ModelPrice | None:
        """The workspace's own price that holds now; without one, the price is the list's."""
        now = timezone.now()
        return max(
            (row for row in self.model.prices.all() if row.valid_from <= now),
            key=lambda row: row.valid_from,
            default=None,
        )

    @property
    def upcoming(self) -> ModelPrice | None:
        """The next price that has been entered ahead."""
        now = timezone.now()
        ahead = [row for row in self.model.prices.all() if row.valid_from > now]
        return min(ahead, key=lambda row: row.valid_from, default=None)

    @cached_property
    def capabilities(self) -> dict[str, Any]:
        return dict(self.model.endpoint.capabilities | self.model.capabilities)

    @property
    def abilities(self) -> list[Ability]:
        return [Ability(word, _told(self.capabilities.get(name))) for name, word in SHOWN.items()]


@dataclass(frozen=True)
class EndpointFacts:
    endpoint: Endpoint
    models: list[ModelFacts]
    teams: list[Team]
    state: EndpointState = field(default_factory=EndpointState)  # breaker, pause, calls in flight

    @property
    def address(self) -> str:
        return queries.address_of(self.endpoint)

    @property
    def agents(self) -> list[Agent]:
        """Each once, also where it may fall back to another model of this endpoint."""
        return list({agent.pk: agent for model in self.models for agent in model.agents}.values())

    @property
    def cheapest(self) -> ModelFacts | None:
        """The model whose price stands for the endpoint: the first with a known one."""
        return next((model for model in self.models if model.price is not None), None)

    @property
    def prices_unknown(self) -> int:
        return sum(model.price is None for model in self.models)

    @property
    def same_price(self) -> bool:
        return len({tuple(model.dollars.values()) for model in self.models}) == 1

    @property
    def abilities(self) -> list[Ability]:
        """What all, some or none of its models can do."""
        return [Ability(word, self._of_all(name)) for name, word in SHOWN.items()]

    def _of_all(self, name: str) -> str:
        told = {_told(model.capabilities.get(name)) for model in self.models}
        told = told or {_told(self.endpoint.capabilities.get(name))}
        return told.pop() if len(told) == 1 else "some"

    @cached_property
    def tested(self) -> Checkup | None:
        """The last test of the connection, with advice; None if there was none."""
        with_tools = [agent for agent in self.agents if queries.spec_of(agent).tools]
        return Checkup.of(self.endpoint, [agent.name for agent in with_tools])

    @property
    def unlisted(self) -> list[str]:
        """What the endpoint lists and nobody has set up here."""
        here = {facts.model.name for facts in self.models}
        return [name for name in self.endpoint.probe.get("models", []) if name not in here]


def _told(value: Any) -> str:
    return "untold" if value is None else "yes" if value else "no"


def facts_of(workspace: Workspace) -> list[EndpointFacts]:
    """Every endpoint with its models, in a handful of queries."""
    agents = queries.agents_by_model(workspace)
    teams = queries.teams_by_endpoint(workspace)
    rows = list(queries.endpoints(workspace))
    states = endpoint_state.read([row.pk for row in rows])
    return [_endpoint(row, agents, teams, states.get(row.pk, EndpointState())) for row in rows]


def _endpoint(
    row: Endpoint,
    agents: Mapping[tuple[str, str], list[Agent]],
    teams: Mapping[str, list[Team]],
    state: EndpointState,
) -> EndpointFacts:
    models = [ModelFacts(model, agents.get((row.name, model.name), [])) for model in row.models.all()]
    return EndpointFacts(row, models, teams.get(row.name, []), state)
