"""Every address of pages, API and WebSockets, asked by everybody: `access_table.py` says what they get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agents.models import Note
from runs.live.routing import websocket_urlpatterns
from runs.models import Approval, Budget
from studio.asgi import application
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import create_token, invite
from studio.workspaces.groups import create_group
from studio.workspaces.models import Membership
from tests import world as worlds
from tests.access_table import BODY, FIXED, TABLE, WHO
from tests.runs.factory import Script
from tests.runs.scenes import at_the_gate
from tests.world import World, bearer

SIGN_IN = "/accounts/login/"


@dataclass(frozen=True)
class Row:
    method: str
    name: str
    wanted: tuple[str, ...]


def rows() -> list[Row]:
    lines = (line.split() for line in TABLE.splitlines() if line.strip() and not line.startswith("#"))
    return [Row(method, name, tuple(wanted)) for method, name, *wanted in lines]


@dataclass(frozen=True)
class Address:
    """A URL pattern with its full name and the parameters it takes."""

    name: str
    parameters: tuple[str, ...]


def addresses(
    resolver: URLResolver | None = None, space: str = "", outer: tuple[str, ...] = ()
) -> Iterator[Address]:
    for pattern in (resolver or get_resolver()).url_patterns:
        taken = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            yield Address(f"{space}{pattern.name}", taken)
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from addresses(pattern, space + inner, taken)


ADDRESSES = {address.name: address for address in addresses()}
SOCKETS = {pattern.name: pattern for pattern in websocket_urlpatterns}
PAGES = [row for row in rows() if row.method != "WS"]


# ── the place everybody asks about ──────────────────────────────────────────────────────────────────
@dataclass
class Place:
    """The world with one of everything in it, and how each person comes to it."""

    world: World
    values: dict[str, str]
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    def path(self, address: Address) -> str:
        missing = [name for name in address.parameters if name not in self.values]
        assert not missing, f"{address.name} takes {missing}: add a value to FIXED or to Place"
        return reverse(address.name, kwargs={name: self.values[name] for name in address.parameters})

    def ask(self, who: str, method: str, name: str) -> str:
        """The status this person gets; whatever the request did is undone."""
        address, client = ADDRESSES[name], Client(raise_request_exception=False)
        if who in self.sessions:
            client.cookies["sessionid"] = self.sessions[who]
        data, content_type = BODY.get(name, ({}, ""))
        if content_type == "application/json":
            data = json.dumps(data)
        elif isinstance(data, dict):
            data = {key: value.format(**self.values) for key, value in data.items()}
        options: dict[str, Any] = {"headers": self.tokens.get(who, {}) if name.startswith("api") else {}}
        if content_type and method == "POST":
            options["content_type"] = content_type
        with transaction.atomic():
            path = self.path(address)
            response = client.get(path, **options) if method == "GET" else client.post(path, data, **options)
            transaction.set_rollback(True)
        to_sign_in = response.status_code == 302 and response["Location"].startswith(SIGN_IN)
        return "in" if to_sign_in else str(response.status_code)


def build() -> Place:
    world = worlds.build()
    script = at_the_gate(Script(world.workspace, world.owner.user))
    run = script.commit()
    approval = Approval.objects.filter(run=run, status="pending").first()
    assert approval is not None
    note = Note.objects.create(workspace=world.workspace, key="brief", text="x")
    endpoint = world.endpoint()
    invitation, _ = invite(actor=world.owner, email="new@example.org", role=Role.VIEWER)
    token, _ = create_token(actor=world.owner, name="ci", role=Role.VIEWER)
    membership = Membership.objects.get(workspace=world.workspace, user=world.viewer.user)
    budget = Budget.objects.create(workspace=world.workspace, cost_limit=5)
    group = create_group(actor=world.owner, name="Finance", members=[membership])
    values = {
        "slug": world.workspace.slug,
        "team_id": world.team().pk,
        "agent_id": world.agent().pk,
        "tool_id": world.tool().pk,
        "note_id": note.pk,
        "endpoint_id": endpoint.pk,
        "model_id": endpoint.models.all()[0].pk,
        "run_id": run.pk,
        "approval_id": approval.id,
        "approval_digest": approval.digest,
        "invitation_id": invitation.pk,
        "membership_id": membership.pk,
        "group_id": group.pk,
        "token_id": token.pk,
        "budget_id": budget.pk,
        "number": 1,
    }
    place = Place(world, FIXED | {name: str(value) for name, value in values.items()})
    place.values["digest"] = run.input_digest or place.values["digest"]
    for who, member in {**world.people, "stranger": world.stranger}.items():
        place.sessions[who] = _session(member)
        place.tokens[who] = bearer(member)
    return place


def _session(member: Member) -> str:
    client = Client()
    client.force_login(member.user)
    return client.cookies["sessionid"].value


@pytest.fixture
def place(db: None) -> Place:
    return build()


# ── the tests ───────────────────────────────────────────────────────────────────────────────────────
def test_every_address_has_a_line_and_every_line_an_address(place: Place) -> None:
    listed = {row.name for row in PAGES}
    without = sorted(ADDRESSES.keys() - listed)
    suggested = "\n".join(line for name in without for line in _suggested(place, name))
    assert not without, f"these need a line in tests/access_table.py; this is what they do now:\n{suggested}"
    assert sorted(listed - ADDRESSES.keys()) == [], "these are no addresses any more"
    sockets = {row.name for row in rows() if row.method == "WS"}
    assert sockets == set(SOCKETS), "WebSockets belong into tests/access_table.py too"
    assert len({(row.method, row.name) for row in rows()}) == len(rows()), "a line stands there twice"


def _suggested(place: Place, name: str) -> Iterator[str]:
    read = [place.ask(who, "GET", name) for who in WHO]
    written = [place.ask(who, "POST", name) for who in WHO]
    for method, got in (("GET", read), ("POST", written)):
        if got[-1] != "405" and not (method == "POST" and got == read):
            yield f"{method:5} {name:35} {' '.join(f'{status:4}' for status in got)}".rstrip()


@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_what_the_table_says(place: Place, who: str) -> None:
    wanted = {f"{row.method} {row.name}": row.wanted[WHO.index(who)] for row in PAGES}
    got = {f"{row.method} {row.name}": place.ask(who, row.method, row.name) for row in PAGES}
    wrong = {line: f"{got[line]} instead of {wanted[line]}" for line in wanted if got[line] != wanted[line]}
    assert wrong == {}


def test_a_method_without_a_line_does_nothing(place: Place) -> None:
    """It is refused, or it is a page that does not look at the method."""
    listed = {(row.method, row.name): row.wanted[-1] for row in PAGES}
    wrong = {}
    for name in ADDRESSES.keys() & {row.name for row in PAGES}:
        for method in ("GET", "POST"):
            if (method, name) not in listed:
                got = place.ask("owner", method, name)
                if got not in {"405", listed.get(("GET", name), "405")}:
                    wrong[f"{method} {name}"] = got
    assert wrong == {}, "these need a line in tests/access_table.py"


@pytest.mark.django_db(transaction=True)
async def test_sockets_let_in_whom_the_table_says(redis_client: redis.Redis) -> None:
    place = await database_sync_to_async(build)()
    for row in rows():
        if row.method != "WS":
            continue
        got = {who: await _knock(place, who, row.name) for who in WHO}
        assert got == dict(zip(WHO, row.wanted, strict=True)), row.name


async def _knock(place: Place, who: str, name: str) -> str:
    """101 if the socket stays open and answers, else the code it is closed with."""
    pattern = SOCKETS[name]
    path = "/" + str(pattern.pattern)
    for parameter in pattern.pattern.regex.groupindex:
        path = "".join(
            place.values[parameter] if part.endswith(f":{parameter}") else part
            for piece in path.split("<")
            for part in piece.split(">")
        )
    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", b"http://127.0.0.1:8000")]
    if who in place.sessions:
        headers.append((b"cookie", f"sessionid={place.sessions[who]}".encode()))
    socket = ApplicationCommunicator(
        application, {"type": "websocket", "path": path, "query_string": b"", "headers": headers}
    )
    await socket.send_input({"type": "websocket.connect"})
    accepted = await socket.receive_output(10)
    assert accepted["type"] == "websocket.accept"
    await socket.send_input({"type": "websocket.receive", "text": '{"type": "subscribe", "after": 0}'})
    answer = await socket.receive_output(10)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(socket.wait(10), 10)
    return str(answer["code"]) if answer["type"] == "websocket.close" else "101"
