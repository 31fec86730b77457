"""The list of runs: page, rows that have changed, CSV."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from agents.models import Team
from runs import queries
from runs.figures import run_csv
from runs.forms.run_filter import GROUPS, PERIODS, SORTS, RunFilter
from runs.models import Run
from runs.views.entering import enter
from studio.workspaces.access import Member

PAGE = 50
MOST_ROWS = 100  # asked for again at once


class Counted(Paginator):  # type: ignore[type-arg]
    """A paginator that is told how many there are."""

    count = 0


@login_required
def runs(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    chosen = RunFilter.parse(request.GET)
    everything = queries.runs_of(member.workspace.pk)
    numbers = queries.counts(chosen.without_group(everything))
    paginator = Counted(chosen.sorted(chosen.apply(everything)), PAGE)
    paginator.count = numbers[chosen.group or "all"]
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "chosen": chosen,
        "page": page,
        "rows": queries.rows(page.object_list),
        "loaded_at": timezone.now().isoformat(),
        "groups": [(key, words, numbers[key or "all"]) for key, words in GROUPS.items()],
    }
    if getattr(request, "htmx", False):
        return render(request, "runs/_runs.html", context)
    return render(request, "runs/runs.html", context | _choices(member))


def _choices(member: Member) -> dict[str, Any]:
    """What the filters of the bar offer."""
    people = member.workspace.members.order_by("name", "email")
    return {
        "teams": Team.objects.filter(workspace=member.workspace).values_list("pk", "name").order_by("name"),
        "people": [(person.pk, "you" if person == member.user else str(person)) for person in people],
        "modes": Run.Mode.choices,
        "periods": PERIODS.items(),
        "sorts": [(key, words) for key, words in SORTS.items() if key],
    }


@login_required
def runs_rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows asked for as they are now, and how many runs the filters would let in since `since`."""
    member = enter(request, slug)
    everything = queries.runs_of(member.workspace.pk)
    chosen = everything.filter(pk__in=_ids(request.GET.get("ids", "")))
    context = {"rows": queries.rows(chosen), "new": _new(request, everything)}
    return render(request, "runs/_changed_rows.html", context)


def _ids(text: str) -> list[UUID]:
    found = []
    for word in text.split(",")[:MOST_ROWS]:
        try:
            found.append(UUID(word))
        except ValueError:
            continue
    return found


def _new(request: HttpRequest, everything: QuerySet[Run]) -> int:
    try:
        moment: datetime | None = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment):
        return 0
    return queries.newer_than(RunFilter.parse(request.GET).apply(everything), moment)


@login_required
def runs_csv(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    chosen = RunFilter.parse(request.GET)
    found = chosen.sorted(chosen.apply(queries.runs_of(member.workspace.pk)))
    response = HttpResponse("".join(run_csv.lines(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="runs-{slug}-{timezone.now():%Y-%m-%d}.csv"'
    return response
