"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from runs.views import (
    alike,
    approvals,
    budgets,
    costs,
    fork,
    home,
    launch,
    run,
    run_data,
    runs,
    steer,
    webhook,
)


class DigestConverter(StringConverter):
    """SHA-256 in hex."""

    regex = "[0-9a-f]{64}"


register_converter(DigestConverter, "digest")
ONE = "w/<slug:slug>/runs/<uuid:run_id>/"
BUDGETS = "w/<slug:slug>/settings/budgets/"
ASKED = "w/<slug:slug>/approvals/<uuid:approval_id>/"

urlpatterns: list[URLPattern] = [
    path("w/<slug:slug>/", home.home, name="home"),
    path("w/<slug:slug>/live/", home.home_live, name="home_live"),
    path("w/<slug:slug>/get-started/dismiss/", home.get_started_dismiss, name="get_started_dismiss"),
    path("w/<slug:slug>/failures/seen/", home.failures_seen, name="failures_seen"),
    path("w/<slug:slug>/costs/", costs.costs, name="costs"),
    path("w/<slug:slug>/costs/csv/", costs.costs_csv, name="costs_csv"),
    path("w/<slug:slug>/runs/", runs.runs, name="runs"),
    path("w/<slug:slug>/runs/rows/", runs.runs_rows, name="runs_rows"),
    path("w/<slug:slug>/runs/csv/", runs.runs_csv, name="runs_csv"),
    path(ONE, run.run, name="run"),
    path(f"{ONE}live/", run.run_live, name="run_live"),
    path(f"{ONE}events/", run_data.run_events, name="run_events"),
    path(f"{ONE}content/<digest:digest>/", run_data.run_content, name="run_content"),
    path(f"{ONE}cost/", run_data.run_cost, name="run_cost"),
    path(f"{ONE}cancel/", run.run_cancel, name="run_cancel"),
    path(f"{ONE}pause/", steer.run_pause, name="run_pause"),
    path(f"{ONE}resume/", steer.run_resume, name="run_resume"),
    path(f"{ONE}retry/", steer.node_retry, name="node_retry"),
    path(f"{ONE}give-output/", steer.node_give_output, name="node_give_output"),
    path(f"{ONE}limits/", run.run_raise_limits, name="run_raise_limits"),
    path(f"{ONE}fork/", fork.run_fork, name="run_fork"),
    path(f"{ONE}delete/", fork.run_delete, name="run_delete"),
    # what people decide
    path("w/<slug:slug>/approvals/", approvals.approvals, name="approvals"),
    path("w/<slug:slug>/approvals/list/", approvals.approvals_list, name="approvals_list"),
    path(ASKED, approvals.approval, name="approval"),
    path(f"{ASKED}now/", approvals.approval_now, name="approval_now"),
    path(f"{ASKED}decide/", approvals.approval_decide, name="approval_decide"),
    path(f"{ASKED}alike/", alike.approvals_alike, name="approvals_alike"),
    # what runs share
    path(BUDGETS, budgets.budgets, name="budgets"),
    path(f"{BUDGETS}new/", budgets.budget_new, name="budget_new"),
    path(f"{BUDGETS}<uuid:budget_id>/", budgets.budget, name="budget"),
    path(f"{BUDGETS}<uuid:budget_id>/remove/", budgets.budget_remove, name="budget_remove"),
    path(f"{ONE}try-again/", budgets.run_try_again, name="run_try_again"),
    # programs that runs wait for
    path("hooks/<str:token>/", webhook.webhook, name="webhook"),
    # how runs begin
    path("w/<slug:slug>/teams/<uuid:team_id>/launch/", launch.launch, name="launch"),
    path("w/<slug:slug>/teams/<uuid:team_id>/launch/call/", launch.launch_call, name="launch_call"),
]
