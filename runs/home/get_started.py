"""The checklist of a newcomer's first steps. Each is ticked by a fact, not by a click on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents import queries as design
from agents.models import Team
from runs import queries
from runs.models import Approval, Run
from studio.web.navigation import href
from studio.workspaces import seen
from studio.workspaces.access import Member, Role

DISMISSED = "get-started"


@dataclass(frozen=True)
class Step:
    """`url` and `verb` are shown for the first step that is not done."""

    title: str
    words: str
    done: bool
    verb: str
    icon: str
    url: str = ""
    is_next: bool = False


def get_started(member: Member) -> list[Step]:
    """The steps this person can take; nothing once all are taken, or they were put away."""
    known = seen.among(member, [DISMISSED, seen.A_TEAM, seen.A_FINISHED_RUN])
    team = design.teams(member.workspace).exclude(current=None).order_by("created_at", "name").first()
    if DISMISSED in known or team is None:
        return []
    steps = _steps(member, team, known)
    todo = [at for at, step in enumerate(steps) if not step.done]
    return [replace(step, is_next=at == todo[0]) for at, step in enumerate(steps)] if todo else []


def _steps(member: Member, team: Team, known: set[str]) -> list[Step]:
    slug = member.workspace.slug
    mine = Run.objects.filter(workspace=member.workspace, started_by=member.user)
    launched = mine.exists()
    look = Step(
        "Open an example team",
        f"“{team.name}”: who works in it, and who hands what to whom",
        launched or seen.A_TEAM in known,
        f"Open “{team.name}”",
        "workflow",
        href("team_canvas", slug, team.pk),
    )
    steps = [look]
    if member.may(Role.OPERATOR):
        steps += [_launch(slug, team, launched), _decide(member, slug)]
    return [*steps, _finished(member, slug, known)]


def _launch(slug: str, team: Team, launched: bool) -> Step:
    words = "A rehearsal is free, and nothing leaves this machine"
    url = href("launch", slug, team.pk) or href("team_canvas", slug, team.pk)
    return Step("Rehearse or launch it", words, launched, f"Rehearse “{team.name}”", "flask-conical", url)


def _decide(member: Member, slug: str) -> Step:
    decided = Approval.objects.filter(workspace=member.workspace, decided_by=member.user).exists()
    waiting = queries.approvals_waiting(member)
    words = f"{waiting} waiting for you" if waiting else "A run that reaches a gate waits for you here"
    return Step("Decide what it asks", words, decided, "Open the inbox", "stamp", href("approvals", slug))


def _finished(member: Member, slug: str, known: set[str]) -> Step:
    done = queries.runs_of(member.workspace.pk).filter(status=Run.Status.DONE).order_by("-ended_at").first()
    words = "Who did what, and what it cost"
    url = href("run", slug, done.pk) if done else ""
    return Step("Open the finished run", words, seen.A_FINISHED_RUN in known, "Open it", "play", url)
