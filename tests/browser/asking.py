"""Starts a run that asks two people on a running Troupe; prints where, and how the other signs in, as JSON.

python -m tests.browser.asking
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

import django

django.setup()

from agents.models import Team  # noqa: E402
from runs.actions import start_run  # noqa: E402
from studio.workspaces.access import Role  # noqa: E402
from studio.workspaces.actions import ensure_owner, sign_in_link  # noqa: E402
from studio.workspaces.groups import create_group  # noqa: E402
from studio.workspaces.models import Membership, User  # noqa: E402
from tests.engine.teams import IN, OUT, agent, team  # noqa: E402
from tests.runs.live_team import published  # noqa: E402


def main() -> None:
    owner = ensure_owner()
    user = User.objects.create_user("ann@example.org", name="Ann")
    ann = Membership.objects.create(workspace=owner.workspace, user=user, role=Role.OPERATOR)
    mine = Membership.objects.get(workspace=owner.workspace, user=owner.user)
    create_group(actor=owner, name="Finance", members=[ann, mine])
    gate = {"title": "Publish {{ input.topic }}?", "groups": ["Finance"], "quorum": 2}
    graph = team(
        {"input": IN, "a": agent(), "gate": ("approval", gate), "output": OUT},
        ["input>a", "a>gate", "gate>output"],
        agents={"writer": {"model": {"endpoint": "rehearsal", "model": "rehearsal"}}},
    )
    made: Team = published(owner, graph)
    run = start_run(actor=owner, team=made, value={"topic": "tea"})
    root = f"/w/{owner.workspace.slug}"
    told = {"run": f"{root}/runs/{run.pk}/", "inbox": f"{root}/approvals/", "link": sign_in_link(user=user)}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
