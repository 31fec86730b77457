"""Endpoints: keys are sealed, addresses checked, and nothing is pulled away under a team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from agents import queries
from agents.actions import endpoints as actions
from agents.actions.agents import use_model
from agents.actions.outcome import Refused
from agents.models import Endpoint, EndpointModel
from agents.topology.graph import ModelRef
from studio.audit import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db
KEY = "sk-proj-0123456789abcdefwxyz"


def fields(caught: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {problem.field for problem in caught.value.problems}


@pytest.fixture
def office(world: World) -> Endpoint:
    return actions.create_endpoint(
        actor=world.admin, name="Office", base_url="https://llm.example.org/v1/", key=KEY, models=["m1", "m2"]
    )


def test_a_new_endpoint_has_a_clean_address_its_models_and_a_sealed_key(office: Endpoint) -> None:
    assert office.base_url == "https://llm.example.org/v1"
    assert [model.name for model in office.models.all()] == ["m1", "m2"]
    stored = str(Endpoint.objects.filter(pk=office.pk).values().get())
    assert KEY not in stored
    assert office.key_hint.endswith("wxyz")
    assert KEY not in str(list(AuditEntry.objects.values()))


def test_the_key_comes_out_only_for_a_call_and_is_not_shown_in_logs(world: World, office: Endpoint) -> None:
    (resolved,) = queries.resolve_models(
        world.workspace.pk, [ModelRef(endpoint="Office", model="m1")]
    ).values()
    assert resolved.api_key == KEY
    assert KEY not in repr(resolved)


def test_only_models_that_are_set_up_are_resolved(world: World, office: Endpoint) -> None:
    refs = [
        ModelRef(endpoint=e, model=m) for e in ("Office", "rehearsal", "nowhere") for m in ("m1", "rehearsal")
    ]
    assert set(queries.resolve_models(world.workspace.pk, refs)) == {
        ("Office", "m1"),
        ("rehearsal", "rehearsal"),
    }
    assert (
        queries.resolve_models(world.stranger.workspace.pk, [ModelRef(endpoint="Office", model="m1")]) == {}
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "rehearsal"}, "name"),
        ({"kind": "magic"}, "kind"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "llm.example.org"}, "base_url"),
        ({"base_url": "ftp://llm.example.org"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"base_url": "https://x:99999/"}, "base_url"),
        ({"base_url": "https://me:secret@x.org"}, "base_url"),
        ({"base_url": "https://x.org/v1?key=1"}, "base_url"),
        ({"key": "two words"}, "key"),
        ({"key": "umlaut-ü"}, "key"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 100_000}, "concurrency"),
        ({"capabilities": {"magic": True}}, "capabilities"),
        ({"models": ["x" * 300]}, "models"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(world: World, changes: dict[str, Any], field: str) -> None:
    before = (Endpoint.objects.count(), EndpointModel.objects.count(), AuditEntry.objects.count())
    given = {"name": "New", "base_url": "https://x.org/v1"} | changes
    with pytest.raises(Refused) as caught:
        actions.create_endpoint(actor=world.admin, **given)
    assert fields(caught) == {field}
    assert (Endpoint.objects.count(), EndpointModel.objects.count(), AuditEntry.objects.count()) == before


def test_all_mistakes_are_told_at_once(world: World) -> None:
    with pytest.raises(Refused) as caught:
        actions.create_endpoint(actor=world.admin, name="", base_url="nonsense", concurrency=0)
    assert fields(caught) == {"name", "base_url", "concurrency"}


def test_a_stored_key_does_not_follow_to_another_host(world: World, office: Endpoint) -> None:
    same: dict[str, Any] = {"actor": world.admin, "endpoint": office, "name": "Office", "concurrency": 4}
    kept = actions.update_endpoint(**same, base_url="https://llm.example.org/v2")
    assert kept.key_encrypted == office.key_encrypted
    for url in ("https://evil.example/v1", "http://llm.example.org/v1", "https://llm.example.org:8443/v1"):
        with pytest.raises(Refused) as caught:
            actions.update_endpoint(**same, base_url=url)
        assert fields(caught) == {"key"}
    moved = actions.update_endpoint(**same, base_url="https://new.example/v1", key="another-long-key-1")
    assert moved.key_encrypted != office.key_encrypted


def test_a_key_can_be_replaced_and_removed(world: World, office: Endpoint) -> None:
    assert actions.set_key(actor=world.admin, endpoint=office, key="").key_encrypted == ""
    again = actions.set_key(actor=world.admin, endpoint=office, key="short")
    assert again.key_encrypted
    assert again.key_hint == ""


def test_an_endpoint_in_use_is_neither_renamed_nor_deleted(world: World) -> None:
    used = world.endpoint("rehearsal")
    with pytest.raises(Refused, match="used by agent"):
        actions.delete_endpoint(actor=world.admin, endpoint=used)
    with pytest.raises(Refused, match="cannot be renamed"):
        actions.update_endpoint(actor=world.admin, endpoint=used, name="Other", base_url="", concurrency=9)
    with pytest.raises(Refused, match="is used by"):
        actions.remove_model(actor=world.admin, model=used.models.get(name="rehearsal"))


def test_a_published_team_alone_keeps_its_endpoint(world: World) -> None:
    local = ModelRef(endpoint="local", model="smollm2-135m")
    use_model(actor=world.designer, agents=queries.agents(world.workspace), model=local)
    with pytest.raises(Refused, match="team Blog pipeline"):
        actions.delete_endpoint(actor=world.admin, endpoint=world.endpoint("rehearsal"))


def test_an_unused_endpoint_goes_with_its_models(world: World, office: Endpoint) -> None:
    actions.delete_endpoint(actor=world.admin, endpoint=office)
    assert not EndpointModel.objects.filter(name="m1").exists()
    assert AuditEntry.objects.filter(verb="endpoint.deleted", object_name="Office").exists()


def test_adding_a_model_twice_adds_it_once(world: World, office: Endpoint) -> None:
    added = actions.add_models(actor=world.admin, endpoint=office, names=["m1", " m3 ", "m3", ""])
    assert [model.name for model in added] == ["m3"]


def test_a_dated_price_counts_from_its_day(world: World, office: Endpoint) -> None:
    model = office.models.get(name="m1")
    assert queries.price_of(model) is None
    tomorrow = timezone.now() + timedelta(days=1)
    actions.set_price(
        actor=world.admin,
        model=model,
        input_per_million=Decimal("0.4"),
        output_per_million=Decimal("1.6"),
        valid_from=tomorrow,
        source="contract 2026",
    )
    assert queries.price_of(model) is None
    later = queries.price_of(model, tomorrow)
    assert later is not None
    assert (later.input, later.cached, later.source) == (Decimal("0.4"), Decimal("0.4"), "contract 2026")


@pytest.mark.parametrize("value", ["-1", "NaN", "Infinity", "2000000"])
def test_a_price_that_is_none_is_refused(world: World, office: Endpoint, value: str) -> None:
    with pytest.raises(Refused) as caught:
        actions.set_price(
            actor=world.admin,
            model=office.models.get(name="m1"),
            input_per_million=Decimal(value),
            output_per_million=Decimal(value),
        )
    assert fields(caught) == {"input", "output"}


def test_a_test_of_the_connection_is_kept_with_what_it_found(world: World, office: Endpoint) -> None:
    probed = actions.record_probe(
        actor=world.admin, endpoint=office, probe={"steps": ["ok"]}, capabilities={"tools": True}
    )
    assert probed.probe == {"steps": ["ok"]}
    assert probed.capabilities == {"tools": True}
    assert probed.probed_at is not None


DEEDS: list[Callable[[World, Endpoint], object]] = [
    lambda w, e: actions.create_endpoint(actor=w.designer, name="X", base_url="https://x.org"),
    lambda w, e: actions.update_endpoint(
        actor=w.designer, endpoint=e, name="X", base_url="https://x.org", concurrency=1
    ),
    lambda w, e: actions.set_key(actor=w.designer, endpoint=e, key="k"),
    lambda w, e: actions.record_probe(actor=w.designer, endpoint=e, probe={}),
    lambda w, e: actions.delete_endpoint(actor=w.designer, endpoint=e),
    lambda w, e: actions.add_models(actor=w.designer, endpoint=e, names=["m"]),
    lambda w, e: actions.remove_model(actor=w.designer, model=e.models.all()[0]),
    lambda w, e: actions.set_price(
        actor=w.designer, model=e.models.all()[0], input_per_million=Decimal(1), output_per_million=Decimal(1)
    ),
]


@pytest.mark.parametrize("deed", DEEDS)
def test_models_belong_to_admins(
    world: World, office: Endpoint, deed: Callable[[World, Endpoint], object]
) -> None:
    with pytest.raises(PermissionDenied, match="needs the role Admin"):
        deed(world, office)
