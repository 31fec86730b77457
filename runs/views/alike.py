"""Like approvals on one page: each in full, ticked off, approved or rejected together."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from runs.access import get_approval
from runs.approvals.alike import DECISIONS, MOST, Outcome, alike, decide_all, picks
from runs.approvals.asked import Asked
from runs.models import Approval
from runs.views.entering import enter
from studio.workspaces.access import Member, Role

VERBS = {"approve": "approved", "reject": "rejected"}


@login_required
def approvals_alike(request: HttpRequest, slug: str, approval_id: UUID) -> HttpResponse:
    """What asks the same as this one; a POST decides those that were picked, as they were shown."""
    member = enter(request, slug)
    approval = get_approval(member, approval_id, Role.OPERATOR)
    if request.method != "POST":
        return _page(request, member, approval)
    decision, comment = request.POST.get("decision", ""), request.POST.get("comment", "").strip()
    digests = picks(request.POST.getlist("pick"))
    wrong = _wrong(decision, comment, digests)
    if wrong:
        return _page(request, member, approval, wrong, comment, set(digests))
    found = [(get_approval(member, id_), digest) for id_, digest in digests.items()]
    _tell(request, decide_all(member, found, decision, comment), decision)
    return redirect("approvals", slug)


def _wrong(decision: str, comment: str, digests: dict[UUID, str]) -> str:
    if decision not in DECISIONS:
        return "Approve or reject them."
    if not digests:
        return "Nothing was picked."
    return (
        "Say why you reject them; the reason goes back to each."
        if decision == "reject" and not comment
        else ""
    )


def _tell(request: HttpRequest, outcome: Outcome, decision: str) -> None:
    if outcome.taken:
        messages.success(request, f"{outcome.taken} {VERBS[decision]}.")
    for sentence in outcome.refused[:5]:
        messages.warning(request, sentence)


def _page(
    request: HttpRequest,
    member: Member,
    approval: Approval,
    wrong: str = "",
    comment: str = "",
    picked: set[UUID] | None = None,
) -> HttpResponse:
    found = [Asked(one, member) for one in alike(member, approval)[:MOST]]
    context = {"approval": approval, "found": found, "wrong": wrong, "comment": comment, "picked": picked}
    return render(request, "runs/approvals_alike.html", context, status=422 if wrong else 200)
