"""The inbox as a browser sees it, and what waits in it. Shared by the tests of reading and of deciding."""

from __future__ import annotations

from typing import Any

from agents.models import TeamVersion
from runs.models import Approval, Blob, Run
from studio.workspaces.access import Member
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, signed_in

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Inbox:
    """A browser in which a member has the inbox open."""

    def __init__(self, member: Member) -> None:
        self.client = signed_in(member)
        self.root = f"/w/{member.workspace.slug}/approvals/"

    def page(self, path: str = "", headers: dict[str, str] | None = None) -> str:
        response = self.client.get(self.root + path, headers=headers or {})
        assert response.status_code == 200, response.content[:400]
        return response.content.decode()

    def decide(
        self, approval: Approval, decision: str, fields: dict[str, str] | None = None, *, htmx: bool = False
    ) -> Any:
        data = {"decision": decision, "digest": approval.digest, "comment": ""} | (fields or {})
        path = f"{self.root}{approval.id}/decide/"
        return self.client.post(path, data, headers=HTMX if htmx else {})


def asked(world: World, name: str = "running", member: Member | None = None) -> Approval:
    script = Script(world.workspace, (member or world.owner).user)
    scenes.SCENES[name](script)
    script.commit()
    return Approval.objects.get(run=script.run, status="pending")


def gate(world: World, value: Any, version: TeamVersion | None = None, **more: Any) -> Approval:
    """A gate that holds `value`, as the reply writer wrote it."""
    script = Script(world.workspace, world.owner.user, version)
    scenes.branches_done(script).say("writer", "ok", 2, output=value).node("gate")
    subject = {
        "kind": "gate",
        "title": "Send it?",
        "instructions": "",
        "value": value,
        "from": ["Reply writer"],
    }
    script.request_approval("gate", "ask", "gate", "Send it?", subject, **more)
    return Approval.objects.get(run=script.commit(), status="pending")


def edits(**values: str) -> dict[str, str]:
    """The fields of an edit of the refund, as the form sends them."""
    fields = {"order": "A-10511", "amount": "412.6", "reason": "Charged twice on 3 Nov"} | values
    return {f"edit-{name}": value for name, value in fields.items()}


def content(run: Run, digest: str) -> str:
    return Blob.objects.get(workspace=run.workspace_id, digest=digest).content
