"""Endpoints on their pages: tested step by step, keys never shown, prices dated."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings

from agents import queries
from agents.actions.endpoints import create_endpoint
from agents.models import Endpoint, EndpointModel
from studio import secrets
from tests.agents.pages import HTMX, text, url
from tests.rehearsal import RehearsalServer
from tests.world import World, signed_in

SECRET = "sk-verysecret-8f2c"


@pytest.fixture
def admin(world: World) -> Client:
    return signed_in(world.admin)


@pytest.fixture
def served(settings: Settings, rehearsal: RehearsalServer, own_profile: str) -> str:
    """The address of an endpoint that answers."""
    settings.PRIVATE_HOSTS = ("127.0.0.1",)
    return rehearsal.url(own_profile)


def made(world: World, **more: str) -> Endpoint:
    values = {"name": "gpu-box", "base_url": "http://gpu-box:8000/v1", **more}
    return create_endpoint(actor=world.admin, **values, models=["qwen", "llama"])  # type: ignore[arg-type]


def model(endpoint: Endpoint, name: str) -> EndpointModel:
    return endpoint.models.get(name=name)


# ── the list ────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_says_what_endpoints_can_do_and_cost(world: World) -> None:
    made(world)
    said = text(signed_in(world.viewer).get(url(world, "models")))
    assert "demonstration price: nothing is charged" in said
    assert "unknown" in said
    assert "Not tested" in said


def test_viewers_read_models_without_dead_buttons(world: World) -> None:
    endpoint = made(world, key=SECRET)
    said = text(signed_in(world.viewer).get(url(world, "endpoint", endpoint.pk)))
    assert "http://gpu-box:8000/v1" in said
    for word in ("Replace", "Remove", "Delete", "Edit", "Again", "Price</a>", "New endpoint"):
        assert word not in said


def test_without_models_the_page_teaches(world: World) -> None:
    slug = world.stranger.workspace.slug
    assert "Add an endpoint" in text(signed_in(world.stranger).get(f"/w/{slug}/models/"))


def test_every_price_is_listed_and_unknown_is_said(world: World) -> None:
    made(world)
    said = text(signed_in(world.viewer).get(url(world, "models"), {"view": "prices"}))
    assert "nobody knows; not in any total" in said
    assert "$1.60" in said


# ── new, edited, deleted ────────────────────────────────────────────────────────────────────────────
def test_a_new_endpoint_is_saved_tested_and_given_models(world: World, admin: Client, served: str) -> None:
    form = {"kind": "compatible", "name": "mine", "base_url": served, "key": SECRET, "concurrency": 8}
    answer = admin.post(url(world, "endpoint_new"), form, headers=HTMX)
    endpoint = Endpoint.objects.get(name="mine")
    assert answer["HX-Redirect"] == url(world, "endpoint", endpoint.pk)
    page = text(admin.get(answer["HX-Redirect"]))
    assert "8 of 8 passed" in page
    assert {one.name for one in endpoint.models.all()} >= {"rehearsal", "rehearsal-plain"}
    assert endpoint.capabilities["tools"] is True
    assert secrets.decrypt(endpoint.key_encrypted) == SECRET
    assert "8f2c" in page
    assert SECRET not in page
    assert SECRET not in str(endpoint.probe)


def test_an_endpoint_that_cannot_be_keeps_what_was_entered_but_the_key(world: World, admin: Client) -> None:
    form = {"kind": "compatible", "name": "rehearsal", "base_url": "ftp://x", "key": SECRET, "concurrency": 0}
    answer = admin.post(url(world, "endpoint_new"), form, headers=HTMX)
    assert answer.status_code == 422
    said = text(answer)
    assert 'value="ftp://x"' in said
    assert SECRET not in said
    assert "greater than or equal to 1" in said
    form |= {"concurrency": 4}
    said = text(admin.post(url(world, "endpoint_new"), form))
    assert "There is an endpoint called rehearsal already." in said
    assert "Enter an address such as" in said
    form |= {"base_url": "", "name": "x"}
    assert "Enter an address such as" in text(admin.post(url(world, "endpoint_new"), form))


def test_an_address_on_another_host_needs_the_key_again(world: World, admin: Client) -> None:
    endpoint = made(world, key=SECRET)
    form = {"name": "gpu-box", "base_url": "http://elsewhere/v1", "concurrency": 2, "capabilities": ["tools"]}
    refused = admin.post(url(world, "endpoint_edit", endpoint.pk), form)
    assert refused.status_code == 422
    assert "Enter the key again for the new address." in text(refused)
    admin.post(url(world, "endpoint_edit", endpoint.pk), form | {"key": "sk-other"})
    endpoint.refresh_from_db()
    assert endpoint.base_url == "http://elsewhere/v1"
    assert secrets.decrypt(endpoint.key_encrypted) == "sk-other"
    assert endpoint.capabilities == {"tools": True}  # what nobody touched or tested stays untold
    admin.post(url(world, "endpoint_edit", endpoint.pk), form | {"capabilities": []})
    endpoint.refresh_from_db()
    assert endpoint.capabilities == {"tools": False}


def test_a_key_is_replaced_and_removed(world: World, admin: Client) -> None:
    endpoint = made(world, key=SECRET)
    assert admin.post(url(world, "endpoint_key", endpoint.pk), {"key": "with space"}).status_code == 422
    admin.post(url(world, "endpoint_key", endpoint.pk), {"key": "sk-new-1234"})
    endpoint.refresh_from_db()
    assert secrets.decrypt(endpoint.key_encrypted) == "sk-new-1234"
    admin.post(url(world, "endpoint_key", endpoint.pk), {"remove": "1"})
    endpoint.refresh_from_db()
    assert endpoint.key_encrypted == ""


def test_an_endpoint_in_use_is_not_deleted_and_says_who_uses_it(world: World, admin: Client) -> None:
    endpoint = world.endpoint()
    answer = admin.post(url(world, "endpoint_delete", endpoint.pk), follow=True)
    assert "rehearsal cannot be deleted: it is used by agent" in text(answer)
    assert Endpoint.objects.filter(pk=endpoint.pk).exists()
    unused = made(world)
    answer = admin.post(url(world, "endpoint_delete", unused.pk), follow=True)
    assert "gpu-box has been deleted." in text(answer)


# ── tests of the connection ─────────────────────────────────────────────────────────────────────────
def test_a_test_shows_each_step_and_what_to_do_about_it(world: World, admin: Client) -> None:
    endpoint = made(world, base_url="http://no-such-host.invalid/v1")
    answer = admin.post(url(world, "endpoint_test", endpoint.pk), headers=HTMX)
    said = text(answer)
    assert "Fails at “Find the name”" in said
    assert "1 failed, 7 not tried" in said
    assert "Check the spelling of the host." in said
    assert "<html" not in said


def test_what_one_of_several_models_can_do_stays_with_it(world: World, admin: Client, served: str) -> None:
    endpoint = create_endpoint(
        actor=world.admin, name="two", base_url=served, models=["rehearsal", "rehearsal-plain"]
    )
    for name in ("rehearsal", "rehearsal-plain"):
        admin.post(url(world, "endpoint_test", endpoint.pk), {"model": name})
    endpoint.refresh_from_db()
    assert endpoint.capabilities["tools"] is True
    assert model(endpoint, "rehearsal").capabilities == {}
    assert model(endpoint, "rehearsal-plain").capabilities == {"tools": False, "json_schema": False}
    page = text(admin.get(url(world, "endpoint", endpoint.pk)))
    assert "Works, except for schemas and tools" in page
    assert "Some of its models" in page


def test_models_are_added_from_what_is_listed_or_by_id_and_taken_out(world: World, admin: Client) -> None:
    endpoint = made(world)
    endpoint.probe = {"models": ["qwen", "phi"]}
    endpoint.save()
    asked = text(admin.get(url(world, "model_new", endpoint.pk), headers=HTMX))
    assert "phi" in asked
    assert 'value="qwen"' not in asked
    assert admin.post(url(world, "model_new", endpoint.pk), {}).status_code == 422
    admin.post(url(world, "model_new", endpoint.pk), {"listed": ["phi"], "others": "gemma\r\n\r\n gemma"})
    assert {one.name for one in endpoint.models.all()} == {"qwen", "llama", "phi", "gemma"}
    admin.post(url(world, "model_delete", model(endpoint, "phi").pk))
    assert not endpoint.models.filter(name="phi").exists()
    used = world.endpoint().models.get(name="rehearsal")
    refused = admin.post(url(world, "model_delete", used.pk), follow=True)
    assert "rehearsal is used by" in text(refused)


# ── prices ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_price_is_set_with_its_date_and_source(world: World, admin: Client) -> None:
    row = model(made(world), "qwen")
    assert queries.price_of(row) is None
    form = {
        "input_per_million": "0.18",
        "output_per_million": "0.36",
        "valid_from": "2026-01-02",
        "source": "GPU hours",
    }
    admin.post(url(world, "price_new", row.pk), form)
    row.refresh_from_db()
    price = queries.price_of(row)
    assert price is not None
    assert (price.input, price.cached, price.output) == (Decimal("0.18"), Decimal("0.18"), Decimal("0.36"))
    assert "GPU hours, 2 Jan 2026" in text(admin.get(url(world, "models"), {"view": "prices"}))


def test_free_is_a_price_and_empty_is_not(world: World, admin: Client) -> None:
    row = model(made(world), "qwen")
    empty = admin.post(url(world, "price_new", row.pk), {"valid_from": "2026-01-02"}, headers=HTMX)
    assert empty.status_code == 422
    assert text(empty).count("This field is required.") == 2
    wrong = {"input_per_million": "-1", "output_per_million": "NaN", "valid_from": "never"}
    said = text(admin.post(url(world, "price_new", row.pk), wrong))
    assert 'value="-1"' in said
    admin.post(url(world, "price_new", row.pk), {"free": "1", "valid_from": "2026-01-02"})
    price = queries.price_of(EndpointModel.objects.get(pk=row.pk))
    assert price is not None
    assert price.output == 0
