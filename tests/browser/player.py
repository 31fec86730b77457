"""Plays scripted runs on a running Troupe while a browser watches: a JSON command a line, an answer a line.

{"do": "play", "run": "a", "scenes": ["opening", "policy"]}   goes on with run a, or begins it
{"do": "sub_team"}   really starts a team that asks before its sub-team begins
{"do": "approve", "run": "<id>"}   answers what that run asks
{"do": "text", "run": "a", "call": "history/m2", "text": "…"}   is what a model writes
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

import django

django.setup()

from runs.actions import decide_approval, start_run  # noqa: E402
from runs.live import bell  # noqa: E402
from runs.models import Approval  # noqa: E402
from studio.workspaces.actions import ensure_owner  # noqa: E402
from tests.runs import scenes  # noqa: E402
from tests.runs.factory import Script  # noqa: E402
from tests.runs.scene_of_subteams import gated  # noqa: E402

scripts: dict[str, Script] = {}


def script_of(name: str, ago_s: float) -> Script:
    """Scripted runs are never runnable: no worker shall take part."""
    if name not in scripts:
        owner = ensure_owner()
        scripts[name] = Script(owner.workspace, owner.user, ago_s=ago_s)
        type(scripts[name].run).objects.filter(pk=scripts[name].run.pk).update(runnable=False)
    return scripts[name]


def play(command: dict[str, Any]) -> dict[str, Any]:
    script = script_of(command["run"], command.get("ago_s", 60))
    for name in command["scenes"]:
        getattr(scenes, name)(script)
    run = script.commit()
    bell.ring_on_commit(run.pk, run.workspace_id, run.seq, run.status, approvals=True)
    path = f"/w/{script.workspace.slug}/runs/{run.pk}/"
    return {"path": path, "seq": run.seq, "id": str(run.pk), "short_id": run.short_id}


def sub_team() -> dict[str, Any]:
    owner = ensure_owner()
    run = start_run(actor=owner, team=gated(owner.workspace), value={"topic": "Tea"})
    return {"path": f"/w/{owner.workspace.slug}/runs/{run.pk}/", "id": str(run.pk)}


def approve(run: str) -> dict[str, Any]:
    asked = Approval.objects.get(run__pk=run, status=Approval.Status.PENDING)
    decide_approval(actor=ensure_owner(), approval=asked, decision="approve", digest=asked.digest)
    return {}


async def write(ringer: bell.Ringer, command: dict[str, Any]) -> None:
    ringer.text(scripts[command["run"]].run.pk, command["call"], 1, command["text"])
    await asyncio.sleep(0.2)  # it collects for a moment before it sends


def main() -> None:
    loop = asyncio.new_event_loop()
    ringer = bell.Ringer()
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if command["do"] == "play":
            answer = play(command)
        elif command["do"] == "sub_team":
            answer = sub_team()
        elif command["do"] == "approve":
            answer = approve(command["run"])
        else:
            loop.run_until_complete(write(ringer, command))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
