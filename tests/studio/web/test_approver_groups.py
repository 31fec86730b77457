"""Approver groups: made and changed by admins, seen by all, written down in the audit trail."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from studio.audit import AuditEntry
from studio.workspaces.actions import remove_member
from studio.workspaces.groups import (
    ApproverGroup,
    create_group,
    groups_of,
    groups_with,
    people_of,
    update_group,
)
from studio.workspaces.models import Membership
from tests.world import World, signed_in

pytestmark = pytest.mark.django_db


def membership(world: World, who: str) -> Membership:
    return Membership.objects.get(workspace=world.workspace, user=world.people[who].user)


def page(world: World) -> str:
    return f"/w/{world.workspace.slug}/settings/groups/"


def test_an_admin_makes_a_group_and_everybody_sees_who_is_in_it(world: World) -> None:
    client = signed_in(world.admin)
    people = [membership(world, who).pk for who in ("operator", "designer")]
    response = client.post(f"{page(world)}new/", {"new-name": "Finance", "new-members": people})
    assert response.status_code == 302
    seen = signed_in(world.viewer).get(page(world)).content.decode()
    assert "Finance" in seen
    assert "Designer, Operator" in seen
    assert "groups/new/" not in seen
    assert AuditEntry.objects.filter(verb="group.created", object_name="Finance").exists()


def test_a_group_is_renamed_and_gets_other_people(world: World) -> None:
    group = create_group(actor=world.owner, name="Finance", members=[membership(world, "operator")])
    prefix = f"g{group.pk.hex[:8]}"
    typed = {f"{prefix}-name": "Money", f"{prefix}-members": [membership(world, "viewer").pk]}
    assert signed_in(world.admin).post(f"{page(world)}{group.pk}/", typed).status_code == 302
    assert groups_of(world.workspace) == {"money": {"viewer@example.org"}}
    entry = AuditEntry.objects.get(verb="group.changed")
    assert entry.data == {"before": "Finance", "added": ["Viewer"], "removed": ["Operator"]}


@pytest.mark.parametrize(
    ("name", "says"),
    [("FINANCE", "already"), ("", "required"), ("Finance, Legal", "two groups")],
)
def test_a_name_is_used_once_and_is_one_name(world: World, name: str, says: str) -> None:
    one = membership(world, "operator")
    create_group(actor=world.owner, name="Finance", members=[one])
    typed = {"new-name": name, "new-members": [one.pk]}
    response = signed_in(world.admin).post(f"{page(world)}new/", typed)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert ApproverGroup.objects.count() == 1


def test_people_of_other_workspaces_cannot_be_put_into_a_group(world: World) -> None:
    elsewhere = Membership.objects.get(workspace=world.stranger.workspace)
    typed = {"new-name": "Finance", "new-members": [elsewhere.pk]}
    assert signed_in(world.admin).post(f"{page(world)}new/", typed).status_code == 422


def test_whoever_leaves_the_workspace_leaves_its_groups(world: World) -> None:
    group = create_group(actor=world.owner, name="Finance", members=[membership(world, "operator")])
    assert groups_with(world.operator) == ["Finance"]
    remove_member(actor=world.owner, membership=membership(world, "operator"))
    assert group.members.count() == 0
    assert "operator@example.org" not in people_of(world.workspace)


def test_a_taken_name_leaves_the_group_as_it_was(world: World) -> None:
    create_group(actor=world.owner, name="Finance", members=[])
    legal = create_group(actor=world.owner, name="Legal", members=[])
    with pytest.raises(ValidationError):
        update_group(actor=world.owner, group=legal, name="finance", members=[])
    legal.refresh_from_db()
    assert legal.name == "Legal"


def test_deleting_says_what_it_means(world: World) -> None:
    group = create_group(actor=world.owner, name="Finance", members=[])
    client = signed_in(world.admin)
    assert client.post(f"{page(world)}{group.pk}/delete/").status_code == 302
    assert "can no longer ask it" in client.get(page(world)).content.decode()
    assert not ApproverGroup.objects.exists()
