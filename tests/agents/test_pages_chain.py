"""Chains of models on the pages of agents, in checks and imports; rates and state of endpoints."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from django.test import Client

from agents import queries
from agents.actions.agents import create_agent
from agents.actions.endpoints import create_endpoint, remove_model
from agents.actions.outcome import Refused
from agents.endpoint_state import CHANNEL, keys
from agents.model_facts import facts_of
from agents.models import Agent, Endpoint, EndpointModel
from agents.publishing import problems_of_graph
from agents.spec_diff import changes
from agents.topology.graph import AgentSpec, Graph, ModelRef, Node
from studio.audit import AuditEntry
from tests.agents.actions.test_imports import bring, file
from tests.agents.pages import HTMX, as_shown, filled, model_id, text, url
from tests.world import World, bearer, signed_in

PLAIN = ModelRef(endpoint="rehearsal", model="rehearsal-plain")
GONE = ModelRef(endpoint="away", model="gone")


@pytest.fixture
def designer(world: World) -> Client:
    return signed_in(world.designer)


@pytest.fixture
def admin(world: World) -> Client:
    return signed_in(world.admin)


def spec(**more: Any) -> AgentSpec:
    return AgentSpec(name="Clerk", model=ModelRef(endpoint="rehearsal", model="rehearsal"), **more)


def made(world: World, **more: Any) -> Endpoint:
    given: dict[str, Any] = {"name": "gpu-box", "base_url": "http://gpu-box:8000/v1", "models": ["qwen"]}
    return create_endpoint(actor=world.admin, **(given | more))


# ── the agent ───────────────────────────────────────────────────────────────────────────────────────
def test_a_chain_is_entered_row_by_row_in_its_order(world: World, designer: Client) -> None:
    qwen = str(made(world).models.get().pk)
    rows = {
        "fallbacks-0-model": qwen,
        "fallbacks-1-model": "",
        "fallbacks-3-model": model_id(world, PLAIN.model),
    }
    designer.post(url(world, "agent_new"), filled(world, **rows), headers=HTMX)
    row = queries.agents(world.workspace).get(key="clerk")
    assert queries.spec_of(row).fallbacks == [ModelRef(endpoint="gpu-box", model="qwen"), PLAIN]
    page = text(designer.get(url(world, "agent", row.pk)))
    assert page.index("qwen at gpu-box</option>") < page.index("rehearsal-plain at rehearsal</option>")
    assert "Ask this model earlier" in page
    read = text(signed_in(world.viewer).get(url(world, "agent", row.pk)))
    assert "If it fails:" in read


def test_without_a_chain_there_is_an_empty_row_to_fill_in(world: World, designer: Client) -> None:
    assert 'name="fallbacks-0-model"' in text(designer.get(url(world, "agent_new")))


def test_a_model_asked_twice_is_refused_at_the_chain(world: World, designer: Client) -> None:
    rows = {"fallbacks-0-model": model_id(world)}
    answer = designer.post(url(world, "agent_new"), filled(world, **rows), headers=HTMX)
    assert answer.status_code == 422
    assert "rehearsal at rehearsal would be asked twice." in text(answer)
    assert set(answer.context["form"].errors) == {"fallbacks"}


def test_a_model_of_the_chain_that_is_gone_is_shown_until_it_is_changed(
    world: World, designer: Client
) -> None:
    endpoint = made(world)
    row = create_agent(
        actor=world.designer, spec=spec(fallbacks=[ModelRef(endpoint="gpu-box", model="qwen"), PLAIN])
    )
    EndpointModel.objects.filter(endpoint=endpoint).update(name="other")
    address = url(world, "agent", row.pk)
    assert "qwen at gpu-box (not set up here)" in text(designer.get(address))
    shown = as_shown(designer, address)
    chain = {f"fallbacks-{n}-model": one["model"] for n, one in enumerate(shown.pop("fallbacks"))}
    refused = designer.post(address, shown | chain | {"goal": "Other."})
    assert set(refused.context["form"].errors) == {"fallbacks"}
    chain.pop("fallbacks-0-model")
    designer.post(address, shown | chain | {"goal": "Other."})
    row.refresh_from_db()
    assert queries.spec_of(row).fallbacks == [PLAIN]


def test_a_model_that_others_fall_back_to_is_in_use(world: World) -> None:
    endpoint = made(world)
    create_agent(actor=world.designer, spec=spec(fallbacks=[ModelRef(endpoint="gpu-box", model="qwen")]))
    with pytest.raises(Refused, match="Clerk"):
        remove_model(actor=world.admin, model=endpoint.models.get())


def test_a_chain_is_compared_between_versions() -> None:
    (change,) = changes(spec(), spec(fallbacks=[PLAIN, GONE]))
    assert (change.label, change.before) == ("If it fails, ask", "nobody")
    assert change.after == "rehearsal-plain at rehearsal, then gone at away"


def test_a_gap_in_a_chain_is_a_warning_and_a_substitute_that_is_the_same_too(world: World) -> None:
    row = create_agent(actor=world.designer, spec=spec(fallbacks=[PLAIN]))
    Agent.objects.get(pk=row.pk).versions.update(
        spec=spec(fallbacks=[GONE]).model_dump(mode="json", by_alias=True)
    )
    config = {"agent": "clerk", "fallback_agent": "clerk"}
    graph = Graph(nodes=[Node(id="a", kind="agent", config=config)])
    found = problems_of_graph(graph, queries.catalog(world.workspace))
    said = {(one.severity, one.field, one.message) for one in found if one.code == "agent.fallback"}
    assert said == {
        ("warning", "agent", "Clerk falls back to gone at away, which is not set up."),
        ("warning", "fallback_agent", "a would fall back to the agent that has failed."),
    }
    unknown = Graph(nodes=[Node(id="a", kind="agent", config=config | {"fallback_agent": "nobody"})])
    errors = problems_of_graph(unknown, queries.catalog(world.workspace))
    assert ("error", "fallback_agent") in {(one.severity, one.field) for one in errors}


def test_an_import_leaves_out_what_is_not_here_and_says_so(world: World) -> None:
    chain = [GONE.model_dump(), PLAIN.model_dump()]
    model = {"endpoint": "rehearsal", "model": "rehearsal"}
    done = bring(world, file(agents={"scribe": {"name": "Scribe", "model": model, "fallbacks": chain}}))
    assert queries.spec_of(world.agent("scribe")).fallbacks == [PLAIN]
    (warning,) = done.problems
    assert (warning.field, warning.severity) == ("agents.scribe.fallbacks", "warning")
    assert "fell back to gone at away" in warning.message


# ── the endpoint ────────────────────────────────────────────────────────────────────────────────────
def test_rates_are_entered_shown_and_audited(world: World, admin: Client) -> None:
    endpoint = made(world)
    form = {"name": "gpu-box", "base_url": endpoint.base_url, "concurrency": 4, "requests_per_minute": 60}
    admin.post(url(world, "endpoint_edit", endpoint.pk), form | {"tokens_per_minute": 250_000})
    page = text(admin.get(url(world, "endpoint", endpoint.pk)))
    assert "60 calls, 250k tokens" in page
    entry = AuditEntry.objects.get(verb="endpoint.updated")
    assert (
        entry.data["before"]["requests_per_minute"],
        entry.data["after"]["requests_per_minute"],
    ) == (
        None,
        60,
    )
    admin.post(url(world, "endpoint_edit", endpoint.pk), form | {"requests_per_minute": ""})
    endpoint.refresh_from_db()
    assert (endpoint.requests_per_minute, endpoint.tokens_per_minute) == (None, None)
    refused = admin.post(url(world, "endpoint_edit", endpoint.pk), form | {"requests_per_minute": 0})
    assert set(refused.context["form"].errors) == {"requests_per_minute"}


@pytest.mark.parametrize("value", [0, 10**9])
def test_a_rate_that_cannot_be_is_refused(world: World, value: int) -> None:
    with pytest.raises(Refused, match="Choose 1 to 1,000,000, or nothing for no limit"):
        made(world, requests_per_minute=value)


def test_the_page_says_that_an_endpoint_is_left_alone_since_when_and_until_when(
    world: World, admin: Client, redis_client: redis.Redis
) -> None:
    endpoint = made(world)
    gate = keys(endpoint.pk)[0]
    seconds = redis_client.time()[0]
    redis_client.hset(
        gate, mapping={"until": seconds + 90, "since": seconds - 30, "error": "<b>gpu-box</b> answered 503."}
    )
    page = text(admin.get(url(world, "endpoint", endpoint.pk)))
    assert page.count("Left alone") == 2, "in the list and in the detail"
    assert "Its circuit breaker is open" in page
    assert "data-countdown" in page
    assert "&lt;b&gt;gpu-box&lt;/b&gt; answered 503." in page
    redis_client.hset(gate, mapping={"probe": "w1", "until": seconds - 1, "probe_until": seconds + 9})
    state = url(world, "endpoint_state", endpoint.pk)
    assert "Being tried" in text(admin.get(state))
    redis_client.hdel(gate, "probe", "probe_until")
    assert "To be tried" in text(admin.get(state))
    redis_client.delete(gate)
    redis_client.hset(gate, mapping={"pause_until": seconds + 40, "pause": "429"})
    assert "Pausing" in text(admin.get(state))
    redis_client.delete(gate)
    assert 'role="status"' not in text(admin.get(state))


def left_alone(endpoint: Endpoint, client: redis.Redis) -> str:
    gate = keys(endpoint.pk)[0]
    seconds = client.time()[0]
    client.hset(gate, mapping={"until": seconds + 90, "since": seconds, "opens": 2, "error": "503"})
    return gate


def test_an_operator_closes_a_breaker_by_hand(world: World, redis_client: redis.Redis) -> None:
    endpoint = made(world)
    gate = left_alone(endpoint, redis_client)
    redis_client.hset(gate, mapping={"pause_until": 1, "pause": "kept"})
    operator, close = signed_in(world.operator), url(world, "endpoint_close_breaker", endpoint.pk)
    assert close in text(operator.get(url(world, "endpoint", endpoint.pk)))
    told = redis_client.pubsub()  # type: ignore[no-untyped-call]
    told.subscribe(CHANNEL)
    page = text(operator.post(close, follow=True))
    assert "Calls go out to gpu-box again." in page
    assert "Left alone" not in page
    assert set(redis_client.hgetall(gate)) == {b"pause_until", b"pause"}
    heard = [told.get_message(timeout=5) for _ in range(2)]
    assert heard[1] is not None
    assert heard[1]["data"].decode().startswith(str(endpoint.pk))
    entry = AuditEntry.objects.get(verb="endpoint.breaker_closed")
    assert (entry.object_name, entry.data["error"]) == ("gpu-box", "503")
    assert "is not open" in text(operator.post(close, follow=True))
    assert AuditEntry.objects.filter(verb="endpoint.breaker_closed").count() == 1


def test_a_viewer_sees_the_breaker_and_no_button(world: World, redis_client: redis.Redis) -> None:
    endpoint = made(world)
    left_alone(endpoint, redis_client)
    page = text(signed_in(world.viewer).get(url(world, "endpoint", endpoint.pk)))
    assert "Left alone" in page
    assert "Let calls go out now" not in page


def test_the_api_lists_breakers_and_closes_them(world: World, redis_client: redis.Redis) -> None:
    endpoint = made(world)
    left_alone(endpoint, redis_client)
    client, token = Client(), bearer(world.operator)
    listed = client.get("/api/v1/endpoints", headers=token).json()["items"]
    assert {one["name"]: one["breaker"] for one in listed}["gpu-box"] == "open"
    address = f"/api/v1/endpoints/{endpoint.pk}/close-breaker"
    closed = client.post(address, headers=token)
    assert (closed.status_code, closed.json()["breaker"]) == (200, "closed")
    again = client.post(address, headers=token)
    assert again.status_code == 422
    assert "is not open" in again.content.decode()


def test_an_agent_with_two_models_of_an_endpoint_uses_it_once(world: World) -> None:
    made(world, models=["qwen", "llama"])
    chain = [ModelRef(endpoint="gpu-box", model=name) for name in ("qwen", "llama")]
    create_agent(actor=world.designer, spec=spec(fallbacks=chain))
    facts = {one.endpoint.name: one for one in facts_of(world.workspace)}
    assert [agent.name for agent in facts["gpu-box"].agents] == ["Clerk"]
