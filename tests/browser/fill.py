"""Fills a running Troupe with something to look at; prints the addresses' parts as JSON.

    python -m tests.browser.fill

`demo` gets a run in every state; `empty` is a workspace with nothing in it; `full` is crowded; `patterns`
has a run of each pattern.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

import django

django.setup()

from django.db import transaction  # noqa: E402

from agents.actions.teams import create_team  # noqa: E402
from agents.models import Agent, Endpoint, EndpointModel, Note, Team, Tool  # noqa: E402
from agents.topology.graph import dump  # noqa: E402
from runs.models import Approval, Run  # noqa: E402
from studio.workspaces.access import Member, Role  # noqa: E402
from studio.workspaces.actions import create_workspace, ensure_owner, invite, sign_in_link  # noqa: E402
from studio.workspaces.models import Membership, User  # noqa: E402
from tests.browser.budgets_shown import many as many_budgets  # noqa: E402
from tests.browser.budgets_shown import some as some_budgets  # noqa: E402
from tests.browser.crowd import crowd  # noqa: E402
from tests.browser.patterns_shown import some as some_patterns  # noqa: E402
from tests.runs import scenes  # noqa: E402
from tests.runs.factory import Script  # noqa: E402
from tests.runs.scene_of_subteams import FamilyScene  # noqa: E402
from tests.runs.team import support_desk  # noqa: E402

SCENES = {
    "running": scenes.running,
    "gate": scenes.at_the_gate,
    "done": scenes.done,
    "failed": scenes.failed,
    "cancelled": scenes.cancelled,
    "budget": scenes.out_of_budget,
    "doubt": scenes.in_doubt,
    "unknown": scenes.unknown_price,
}


def main() -> None:
    owner = ensure_owner()
    places: dict[str, Any] = {"slug": owner.workspace.slug}
    places |= demo(owner)
    places["empty"] = empty(owner.user)
    places |= full(owner.user)
    places |= some_patterns(owner.user)
    places["viewer"] = viewer(owner)
    links = [sign_in_link(user=owner.user) for _ in range(2)]
    _, places["invitation"] = invite(actor=owner, email="new.person@example.org", role=Role.DESIGNER)
    places["sign_in_link"] = links[0]
    json.dump(places, sys.stdout)


def demo(owner: Member) -> dict[str, str]:
    """A run in every state, in the workspace that came with the installation."""
    workspace, user = owner.workspace, owner.user
    runs = {}
    for number, (name, scene) in enumerate(SCENES.items()):
        runs[f"run_{name}"] = str(scene(Script(workspace, user, ago_s=400 + 600 * number)).commit().pk)
    fork = scenes.forked(Script(workspace, user, ago_s=3_000)).commit()
    runs |= {"run_fork": str(fork.pk), "run_forked": str(fork.forked_from_id)}
    runs |= family(owner)
    Run.objects.filter(workspace=workspace).update(runnable=False)
    ran = Team.objects.get(workspace=workspace, name="Support desk")
    Team.objects.filter(pk=ran.pk).update(draft=dump(support_desk().graph))
    pending = Approval.objects.filter(workspace=workspace, status="pending")
    approvals = {f"approval_{row.kind}": str(row.id) for row in pending}
    model = EndpointModel.objects.filter(endpoint__workspace=workspace).order_by("endpoint__name", "name")[0]
    text = "Refunds above 500 euros need a second look. Ask the finance team before promising a date."
    note, _ = Note.objects.get_or_create(workspace=workspace, key="refund-policy", defaults={"text": text})
    blank = create_team(actor=owner, name="Onboarding")
    return {
        **runs,
        **some_budgets(owner),
        **approvals,
        "team_blank": str(blank.pk),
        "team_ran": str(ran.pk),
        "team": str(Team.objects.filter(workspace=workspace, name="Support triage").get().pk),
        "agent": str(Agent.objects.filter(workspace=workspace).order_by("name")[0].pk),
        "tool": str(Tool.objects.filter(workspace=workspace).order_by("name")[0].pk),
        "endpoint": str(model.endpoint_id),
        "model": str(model.pk),
        "note": str(note.pk),
    }


@transaction.atomic
def family(owner: Member) -> dict[str, str]:
    """A run at work with its sub-teams; in one transaction, so that no worker takes part."""
    scene = FamilyScene(owner.workspace, owner.user).at_work()
    limited = FamilyScene(owner.workspace, owner.user).at_its_limit().numbers
    Run.objects.filter(workspace=owner.workspace).update(runnable=False)
    return {
        "run_family": str(scene.parent.run.pk),
        "run_part": str(scene.research.run.pk),
        "run_limited": str(limited.run.pk),
    }


def empty(user: User) -> str:
    """Nothing in it, not even what a new workspace comes with."""
    workspace = create_workspace(user=user, name="Empty").workspace
    for model in (Team, Agent, Tool, Endpoint):
        model.objects.filter(workspace=workspace).delete()
    return workspace.slug


def viewer(owner: Member) -> str:
    """The way in of somebody who may look and do nothing."""
    user = User.objects.create_user("vera.lund@example.org", name="Vera Lund")
    Membership.objects.create(workspace=owner.workspace, user=user, role=Role.VIEWER)
    return sign_in_link(user=user)


def full(user: User) -> dict[str, str]:
    member = create_workspace(user=user, name="Procurement, logistics and supplier management (EMEA)")
    places = crowd(member)
    many_budgets(member)
    Run.objects.filter(workspace=member.workspace).update(runnable=False)
    return places | {"full": member.workspace.slug}


if __name__ == "__main__":
    main()
