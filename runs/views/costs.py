"""Costs: where money and tokens go. Every figure is a sum over the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from agents.models import Team
from runs.costs import charts, ledger_csv
from runs.costs.plotly_styles import style_ids
from runs.costs.spread import latency_of, spread_of
from runs.costs.sums import costs_of, entries_of
from runs.costs.tables import RunsUrl, model_choices, rows_of, tables_of
from runs.forms.calls_filter import CallsFilter
from runs.forms.cost_filter import GROUPS, MODES, RANGES, CostFilter
from studio.workspaces.access import Member, enter


@login_required
def costs(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug)
    chosen = CostFilter.parse(request.GET, timezone.now())
    context = _context(member, chosen)
    if getattr(request, "htmx", False):
        return render(request, "runs/_costs.html", context)
    return render(request, "runs/costs.html", context | _choices(member))


def _context(member: Member, chosen: CostFilter) -> dict[str, Any]:
    found = costs_of(member, chosen)
    context = {"chosen": chosen, "costs": found, "total": found.total, "groups": GROUPS}
    if not found.cells:
        return context | {"has_any": entries_of(member).exists()}
    spread = spread_of(member, chosen)
    latency = latency_of(member, chosen, found.total.calls)
    runs_url = _runs_url(member, chosen)
    drawn = {"spend": charts.spend_chart(found, runs_url)}
    if spread.bars:
        drawn["spread"] = charts.spread_chart(spread)
    if latency:
        drawn["latency"] = charts.latency_chart(latency, found)
    tables = tables_of(found, reverse("runs", args=[member.workspace.slug]))
    return (
        context
        | tables
        | {
            "spread": spread,
            "charts": drawn,
            "costs_rows": rows_of(found, runs_url),
            "runs_url": runs_url(chosen.since, chosen.until),
        }
    )


def _runs_url(member: Member, chosen: CostFilter) -> RunsUrl:
    """Where the runs are that called between two moments, as the filters say."""
    address, team = (
        reverse("runs", args=[member.workspace.slug]),
        {"team": str(chosen.team)} if chosen.team else {},
    )
    kind = "simulated" if chosen.rehearsal else "live"

    def url(since: datetime, until: datetime) -> str:
        calls = CallsFilter(kind, max(since, chosen.since), min(until, chosen.until), model=chosen.model)
        return address + calls.address(sort="-cost", **team)

    return url


def _choices(member: Member) -> dict[str, Any]:
    teams = Team.objects.filter(workspace=member.workspace).order_by("name")
    return {
        "style_ids": style_ids(),
        "teams": teams.values_list("pk", "name"),
        "models": model_choices(member),
        "ranges": RANGES.items(),
        "modes": [(key, words) for key, words in MODES.items() if key],
    }


@login_required
def costs_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """All calls that the filters leave, or none: a part would pass for the whole."""
    member = enter(request.user, slug)
    chosen = CostFilter.parse(request.GET, timezone.now())
    entries = chosen.apply(entries_of(member))
    if entries.count() > ledger_csv.MOST:
        messages.error(request, f"These are more than {ledger_csv.MOST:,} calls. Choose a shorter time.")
        return redirect(f"{reverse('costs', args=[slug])}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(ledger_csv.lines(entries), content_type="text/csv; charset=utf-8")
    name = f"calls-{slug}-{chosen.since:%Y-%m-%d}-{chosen.until:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
