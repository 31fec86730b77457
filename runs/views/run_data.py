"""What the island of a run's page fetches: pages of its log, content by digest, costs from the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from runs import queries
from runs.access import get_run
from runs.figures.totals import Totals, reserved_of_runs, total, totals_by
from runs.live.frames import event_json
from runs.models import LedgerEntry
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
    """Sums over the run's ledger rows: all, by agent, by model, by node. Money is decimal strings."""
    run = get_run(enter(request, slug), run_id)
    entries = LedgerEntry.objects.filter(run=run)
    reserved = reserved_of_runs([run.pk]).get(run.pk)
    return JsonResponse(
        {
            "total": _sums(total(entries)),
            "limit": None if run.cost_limit is None else f"{run.cost_limit:f}",
            "reserved": f"{reserved.cost:f}" if reserved and not run.has_ended else "0",
            "simulated": queries.rows([run])[0].is_simulated,
            "agents": _groups(totals_by(entries, "agent_key", "agent_name", "agent_version")),
            "models": _groups(totals_by(entries, "endpoint", "model")),
            "nodes": _groups(totals_by(entries, "path")),
        }
    )


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
