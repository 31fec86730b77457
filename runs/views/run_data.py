"""What the island of a run's page fetches: pages of its log, content by digest, costs from the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from runs import queries
from runs.access import get_run
from runs.figures.totals import Totals, dearest_first, totals_by
from runs.live.frames import event_json
from runs.models import LedgerEntry, Run
from runs.subteams import Part, parts_of
from runs.views.entering import enter

PAGE = 5_000  # events


@login_required
def run_events(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """`{"events": […], "head": seq}`: at most PAGE events behind `?after=`, in order."""
    run = get_run(enter(request, slug), run_id)
    after = request.GET.get("after", "0")
    found = queries.events_after(run.pk, int(after) if after.isdecimal() and len(after) < 10 else 0, PAGE)
    events = ",".join(event_json(seq, body) for seq, body in found)
    head = max(run.seq, found[-1][0] if found else 0)
    return _json(f'{{"events":[{events}],"head":{head}}}')


@login_required
def run_content(request: HttpRequest, slug: str, run_id: UUID, digest: str) -> HttpResponse:
    """Content that this run's own events refer to, as the JSON it is stored as. It never changes."""
    run = get_run(enter(request, slug), run_id)
    text = queries.content_of(run, digest)
    if text is None:
        raise Http404("This run has no such content.")
    response = _json(text)
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _json(text: str) -> HttpResponse:
    """JSON that a browser shows as text, whatever is in it."""
    return HttpResponse(text, content_type="application/json")


@login_required
def run_cost(request: HttpRequest, slug: str, run_id: UUID) -> JsonResponse:
    """Sums over the ledger rows of the run and its sub-teams: all, by agent, model, node of this run, run.

    Money is decimal strings. Each of the lists adds up to the total, `parts` together with `own`.
    """
    run = get_run(enter(request, slug), run_id)
    row, parts = queries.rows([run])[0].whole, parts_of(run)
    entries = LedgerEntry.objects.filter(run__in=row.family.members)
    return JsonResponse(
        {
            "total": _sums(row.totals),
            "limit": None if run.cost_limit is None else f"{run.cost_limit:f}",
            "reserved": f"{row.reserved.cost:f}",
            "simulated": row.is_simulated,
            "agents": _groups(totals_by(entries, "agent_key", "agent_name", "agent_version")),
            "models": _groups(totals_by(entries, "endpoint", "model")),
            "nodes": _groups(_by_node(run, parts)),
            "own": _sums(row.family.own),
            "parts": [_part(part) for part in parts],
        }
    )


def _by_node(run: Run, parts: list[Part]) -> dict[tuple[Any, ...], Totals]:
    """What a sub-team used stands at the node it works for."""
    found = totals_by(LedgerEntry.objects.filter(run=run), "path")
    for part in parts:
        if part.row:
            found[part.path,] = found.get((part.path,), Totals()) + part.row.totals
    return dearest_first(found)


def _part(part: Part) -> dict[str, Any]:
    totals = part.row.totals if part.row else Totals()
    about = {"run": str(part.run), "path": part.path, "title": part.title, "node": part.node}
    return about | {"status": part.status, "there": part.row is not None, **_sums(totals)}


def _groups(found: dict[tuple[Any, ...], Totals]) -> list[dict[str, Any]]:
    return [{"key": key, **_sums(totals)} for key, totals in found.items()]


def _sums(totals: Totals) -> dict[str, Any]:
    return {
        "cost": None if totals.cost is None else f"{totals.cost:f}",
        "simulated_cost": f"{totals.simulated_cost:f}",
        "calls": totals.calls,
        "unknown": totals.unknown,
        "estimated": totals.estimated,
        "input": totals.input_tokens,
        "cached": totals.cached_tokens,
        "output": totals.output_tokens,
        "reasoning": totals.reasoning_tokens,
    }
