"""Forking and deleting runs through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from runs.models import Run
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, bearer


@pytest.fixture
def parent(world: World) -> Run:
    return scenes.done(Script(world.workspace, world.owner.user)).commit()


def post(world: World, who: str, path: str, body: Any = None, **headers: str) -> Any:
    answer = Client().post(
        f"/api/v1{path}",
        body,
        content_type="application/json",
        headers=bearer(world.people[who]) | headers,
    )
    return answer.status_code, answer.json()


def test_a_fork_says_what_it_is_a_fork_of(world: World, parent: Run) -> None:
    body = {
        "at": 9,
        "effects": "recorded",
        "agents": {"writer": {"instructions": "In verse.", "parameters": {"temperature": 0}}},
        "limits": {"cost_usd": "0.75"},
    }
    code, made = post(world, "designer", f"/runs/{parent.pk}/fork", body)
    assert code == 201
    assert made["forked_from"] == {"run": str(parent.pk), "seq": 9, "effects": "recorded"}
    assert made["limits"]["cost_usd"] == "0.75"
    assert made["totals"]["calls"] == 0
    events = Client().get(f"/api/v1/runs/{made['id']}/events", headers=bearer(world.viewer)).json()
    assert [event["seq"] for event in events["items"]] == list(range(1, 11))
    assert events["items"][9]["type"] == "RunForked"
    assert events["items"][9]["changed"] == ["Reply writer: instructions, parameters"]
    content = Client().get(
        f"/api/v1/runs/{made['id']}/content/{parent.input_digest}", headers=bearer(world.viewer)
    )
    assert content.json() == scenes.TICKET


def test_the_same_key_gives_the_same_fork(world: World, parent: Run) -> None:
    body, key = {"at": 9, "effects": "live"}, {"Idempotency-Key": "one"}
    first = post(world, "operator", f"/runs/{parent.pk}/fork", body, **key)[1]
    again = post(world, "operator", f"/runs/{parent.pk}/fork", body, **key)[1]
    assert first["id"] == again["id"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"at": 0, "effects": "live"}, 409, "there is no 0"),
        ({"at": -3, "effects": "live"}, 409, "there is no -3"),
        ({"at": 999_999, "effects": "live"}, 409, "there is no 999999"),
        ({"at": 9}, 422, "effects"),
        ({"at": 9, "effects": "perhaps"}, 422, "recorded"),
        ({"at": "nine", "effects": "live"}, 422, "at"),
        ({"at": 9, "effects": "live", "agents": {"nobody": {"goal": "x"}}}, 422, "no agent nobody"),
        ({"at": 9, "effects": "live", "agents": {"../etc": {}}}, 422, "agents.../etc"),
        ({"at": 9, "effects": "live", "agents": {"writer": {"tools": []}}}, 422, "tools"),
        ({"at": 9, "effects": "live", "nodes": {"gate": {"deadline_s": -1}}}, 422, "greater than 0"),
        ({"at": 9, "effects": "live", "input": {}}, 422, "topic"),
        ({"at": 9, "effects": "live", "answers": [{"node": "gate", "decision": "approve"}]}, 422, "nothing"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    world: World, parent: Run, body: dict[str, Any], code: int, words: str
) -> None:
    status, answer = post(world, "owner", f"/runs/{parent.pk}/fork", body)
    assert status == code, answer
    assert words in str(answer)
    assert Run.objects.count() == 1


def test_what_agents_are_told_is_for_designers_to_change(world: World, parent: Run) -> None:
    body = {"at": 9, "effects": "live", "agents": {"writer": {"goal": "Another."}}}
    assert post(world, "operator", f"/runs/{parent.pk}/fork", body)[0] == 403
    assert Run.objects.count() == 1


def test_a_deleted_run_is_gone_but_for_its_head(world: World, parent: Run) -> None:
    head, seq = bytes(parent.head_hash).hex(), parent.seq
    code, left = post(world, "admin", f"/runs/{parent.pk}/delete")
    assert code == 200
    assert (left["run"], left["seq"], left["head_hash"]) == (str(parent.pk), seq, head)
    assert post(world, "admin", f"/runs/{parent.pk}/delete")[0] == 404
