"""A question to a person is answered on the page of its run, in the inbox and through the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from runs.actions import decide_approval, start_run
from runs.actions.errors import BadInput
from runs.models import Approval, Blob, Run
from runs.verify import problems
from studio.workspaces.access import Member
from tests.engine.teams import IN, OUT, team
from tests.rehearsal import RehearsalServer
from tests.runs.live_team import endpoint, owner, published
from tests.workers import Fleet, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.worker,
    pytest.mark.xdist_group("worker"),
]
SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "string", "enum": ["small", "large"], "title": "Size"},
        "count": {"type": "integer", "minimum": 1, "title": "How many"},
    },
    "required": ["size", "count"],
    "additionalProperties": False,
}
ASKED = team(
    {"input": IN, "ask": ("question", {"title": "What shall we order?", "schema": SCHEMA}), "output": OUT},
    ["input>ask", "ask>output"],
)


@pytest.fixture
def actor() -> Member:
    return owner()


@pytest.fixture
def ask(actor: Member, rehearsal: RehearsalServer, own_profile: str, fleet: Fleet) -> Callable[[], Approval]:
    def start() -> Approval:
        endpoint(actor, rehearsal.url(own_profile))
        run = start_run(actor=actor, team=published(actor, ASKED), value={"topic": "tea"})
        fleet.sweeper()
        fleet.worker()
        found = wait_until(lambda: Approval.objects.filter(run=run, status="pending").first(), "it to ask")
        assert isinstance(found, Approval)
        return found

    return start


def output(run: Run) -> str:
    run.refresh_from_db()
    return Blob.objects.get(workspace=run.workspace, digest=run.output_digest).content


def test_an_answer_must_fit_and_goes_on(ask: Callable[[], Approval], actor: Member) -> None:
    question = ask()
    with pytest.raises(BadInput, match="count"):
        decide_approval(
            actor=actor,
            approval=question,
            decision="answer",
            digest=question.digest,
            edited={"size": "small"},
        )
    answer = {"size": "small", "count": 3}
    done = decide_approval(
        actor=actor, approval=question, decision="answer", digest=question.digest, edited=answer
    )
    assert done.status == "edited"
    wait_until(lambda: Run.objects.get(pk=question.run_id).status == "done", "the run to end")
    assert output(question.run) == '{"count":3,"size":"small"}'
    assert problems(question.run) == []


def test_the_page_shows_a_form_and_takes_the_answer(
    ask: Callable[[], Approval], actor: Member, client: Client
) -> None:
    question = ask()
    client.force_login(actor.user)
    page = client.get(f"/w/{actor.workspace.slug}/runs/{question.run_id}/").content.decode()
    assert "What shall we order?" in page
    assert "How many" in page
    assert "Cannot answer" in page
    address = f"/w/{actor.workspace.slug}/approvals/{question.id}/decide/"
    sent = {"digest": question.digest, "decision": "answer", "edit-size": '"large"'}
    again = client.post(address, sent | {"edit-count": "none"})
    assert again.status_code == 422
    taken = client.post(address, sent | {"edit-count": "2"})
    assert taken.status_code == 302, taken.content.decode()
    wait_until(lambda: Run.objects.get(pk=question.run_id).status == "done", "the run to end")
    assert output(question.run) == '{"count":2,"size":"large"}'
    shown = client.get(f"/w/{actor.workspace.slug}/approvals/{question.id}/").content.decode()
    assert "Answered" in shown
