"""`manage.py seed`: models, tools and example teams, where they are missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.actions.outcome import Refused
from agents.seed import furnish, switch_examples
from agents.topology.graph import ModelRef
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import ensure_owner
from studio.workspaces.models import Membership


class Command(BaseCommand):
    help = "Adds the models, tools and example teams that a workspace lacks; nothing that exists is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="the workspace; by default the oldest")
        parser.add_argument(
            "--model",
            metavar="ENDPOINT/MODEL",
            help="give the agents of the example teams this model, and publish the teams again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owner = self._owner(options["workspace"])
        furnish(owner)
        self.stdout.write(f"{owner.workspace.name} has its models, tools and example teams.")
        if options["model"]:
            endpoint, slash, model = options["model"].partition("/")
            if not slash:
                raise CommandError("Write the model as ENDPOINT/MODEL, for example rehearsal/rehearsal.")
            try:
                changed = switch_examples(owner, ModelRef(endpoint=endpoint, model=model))
            except Refused as refused:
                raise CommandError(str(refused)) from refused
            self.stdout.write(f"{len(changed)} example agents use {model} at {endpoint}.")

    def _owner(self, slug: str | None) -> Member:
        if slug is None:
            return ensure_owner()
        found = (
            Membership.objects.select_related("user", "workspace")
            .filter(workspace__slug=slug, role=Role.OWNER, user__is_active=True)
            .order_by("created_at", "pk")
            .first()
        )
        if found is None:
            raise CommandError(f"There is no workspace {slug} that has an owner.")
        return Member(found.user, found.workspace, Role.OWNER, via="command line")
