"""Tools of a workspace: which kind, how configured, under which approval rule, with which secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from agents import queries
from agents.actions.outcome import Problem, Refused, refuse
from agents.actions.turns import take_turn
from agents.models import Tool
from agents.toolbox.registry import kinds
from agents.topology import rules
from agents.topology.graph import ToolSpec
from agents.topology.policy_check import problems_of as policy_problems
from agents.topology.problems import KEY_PATTERN, from_validation_error
from studio import audit, secrets
from studio.workspaces.access import Member, Role


@transaction.atomic
def create_tool(
    *, actor: Member, name: str, spec: ToolSpec, secret_values: Mapping[str, str] | None = None
) -> Tool:
    """`secret_values` holds the secrets the configuration names; they are kept encrypted, apart from it."""
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    row = Tool(workspace=actor.workspace, name=name.strip())
    _fill(row, spec, secret_values)
    row.save()
    audit.record(actor, "tool.created", row, kind=spec.kind)
    return row


@transaction.atomic
def update_tool(
    *,
    actor: Member,
    tool: Tool,
    spec: ToolSpec,
    name: str | None = None,
    secret_values: Mapping[str, str] | None = None,
) -> Tool:
    """Secrets that are not given again are kept, as long as they go nowhere new."""
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    row = Tool.objects.select_for_update().get(pk=tool.pk)
    before = row.parsed()
    if name is not None and name.strip() != row.name:
        _refuse_if_used(row, "renamed")
        row.name = name.strip()
    _fill(row, spec, secret_values)
    row.save()
    changed = [field for field in ToolSpec.model_fields if getattr(before, field) != getattr(spec, field)]
    audit.record(actor, "tool.updated", row, changed=changed, secrets=sorted(secret_values or {}))
    return row


@transaction.atomic
def delete_tool(*, actor: Member, tool: Tool) -> None:
    """Refused while agents were given it."""
    actor.require(Role.DESIGNER)
    take_turn(actor.workspace)
    _refuse_if_used(tool, "deleted")
    audit.record(actor, "tool.deleted", tool, kind=tool.kind)
    tool.delete()


def problems_of_spec(name: str, spec: ToolSpec) -> Iterator[Problem]:
    """Everything that keeps a tool from being saved or published, but for its name being taken."""
    if not re.fullmatch(KEY_PATTERN, name):
        message = "Use lower-case letters, digits and underscores, a letter first, at most 48 characters."
        yield Problem("tool.name", message, field="name")
    kind = kinds().get(spec.kind)
    if kind is None:
        known = ", ".join(sorted(kinds()))
        yield Problem(
            "tool.kind", f"There is no kind of tool called {spec.kind}.", f"Use one of {known}.", field="kind"
        )
    else:
        try:
            kind.Config.model_validate(spec.config)
        except ValidationError as error:
            yield from from_validation_error(error, prefix="config")
    if spec.approval and (wrong := rules.problem_with(spec.approval)):
        yield Problem("tool.approval", wrong, "Correct the rule.", field="approval")
    if spec.policy:
        yield from policy_problems(spec.policy, what=name, prefix="policy.")


def _fill(row: Tool, spec: ToolSpec, secret_values: Mapping[str, str] | None) -> None:
    """Put a checked spec into the row; secret values that stand in the configuration are taken out of it."""
    kind = kinds().get(spec.kind)
    config, given = kind.split_secrets(spec.config) if kind else (spec.config, {})
    spec = spec.model_copy(update={"config": config})
    problems = list(problems_of_spec(row.name, spec))
    if Tool.objects.filter(workspace=row.workspace, name=row.name).exclude(pk=row.pk).exists():
        problems.append(Problem("tool.name", f"There is a tool called {row.name} already.", field="name"))
    if problems:
        raise Refused(problems)
    row.kind, row.description, row.approval = spec.kind, spec.description, spec.approval
    row.config, row.cache_s = spec.config, spec.cache_s
    row.policy = spec.policy.model_dump(mode="json", exclude_defaults=True) if spec.policy else None
    row.secrets = _sealed(row, given | dict(secret_values or {}))


def _sealed(row: Tool, given: Mapping[str, str]) -> dict[str, Any]:
    """The secrets the configuration names: new ones sealed for its hosts, old ones kept if those suffice."""
    kind = kinds()[row.kind]
    config = kind.Config.model_validate(row.config)
    scope = list(kind.secret_scope(config))
    kept: dict[str, Any] = {}
    problems = []
    for name in kind.secret_names(config):
        old = row.secrets.get(name)
        if value := given.get(name, "").strip():
            kept[name] = {"sealed": secrets.encrypt(value), "scope": scope}
        elif old is not None and set(scope) <= set(old["scope"]):
            kept[name] = old
        elif old is not None:
            message = f"{name} was entered for {', '.join(old['scope'])} only."
            problems.append(Problem("tool.secret", message, "Enter it again for the new hosts.", field=name))
    if problems:
        raise Refused(problems)
    return kept


def _refuse_if_used(tool: Tool, verb: str) -> None:
    users = queries.agents_by_tool(tool.workspace).get(tool.name, [])
    if users:
        names = ", ".join(agent.name for agent in users[:5])
        refuse(
            "tool.used", f"{tool.name} cannot be {verb}: {names} uses it.", "Take it from the agent first."
        )
