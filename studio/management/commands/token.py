"""`manage.py token`: a bearer token for the API, printed once."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studio.embedded import database
from studio.embedded.trouble import Trouble
from studio.workspaces.access import Member
from studio.workspaces.actions import create_token, ensure_owner
from studio.workspaces.models import Membership
from studio.workspaces.roles import Role


class Command(BaseCommand):
    help = "Prints a new API token, in the name of a workspace's oldest owner. It is shown only now."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--role", default="operator", choices=[role.name.lower() for role in Role])
        parser.add_argument("--workspace", help="slug of the workspace; the first one by default")
        parser.add_argument("--name", default="command line", help="how the token is listed under Settings")
        parser.add_argument("--days", type=int, help="days until it expires; never by default")

    def handle(self, **options: Any) -> None:
        try:
            database.reach()
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        actor = _owner_of(options["workspace"]) if options["workspace"] else ensure_owner()
        role = Role[options["role"].upper()]
        _, token = create_token(actor=actor, name=options["name"], role=role, days=options["days"])
        self.stdout.write(token)


def _owner_of(slug: str) -> Member:
    owners = Membership.objects.select_related("user", "workspace").filter(
        workspace__slug=slug, role=Role.OWNER, user__is_active=True
    )
    first = owners.order_by("created_at", "pk").first()
    if first is None:
        raise CommandError(f"There is no workspace {slug!r} with an active owner.")
    return Member(first.user, first.workspace, Role.OWNER, via="command line")
