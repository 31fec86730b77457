"""The inbox: what waits, one decision in full beside it, and what was decided before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from runs.access import get_approval
from runs.actions import decide_approval
from runs.actions.errors import BadInput, Refused
from runs.approvals.asked import Asked
from runs.approvals.inbox import Inbox
from runs.forms.decide import DecideForm, opened
from runs.models import Approval
from studio.workspaces.access import Member, Role, enter

SAID = {
    "approve": "Approved. The run goes on.",
    "answer": "Answered. The run goes on.",
    "edit": "Approved with your changes. The run goes on.",
    "reject": "Rejected. Your reason goes back to the run.",
    "send_back": "Sent back with your comment. It is asked anew once it was done again.",
    "retry": "It will be called again.",
    "done": "Taken as done. The run goes on.",
    "abort": "Given up. The agent is told that the outcome is unknown.",
}


@login_required
def approvals(request: HttpRequest, slug: str) -> HttpResponse:
    """The inbox, with the first one of its list open beside it."""
    member = enter(request.user, slug)
    inbox = Inbox.parse(member, request.GET)
    first = next(iter(inbox.lines), None)
    asked = opened(get_approval(member, first.approval.id), member) if first else None
    return _page(request, inbox, asked, alone=False)


@login_required
def approval(request: HttpRequest, slug: str, approval_id: UUID) -> HttpResponse:
    """One decision; on a phone it has the screen to itself. `?edit=1` opens its values for changes."""
    member = enter(request.user, slug)
    found = get_approval(member, approval_id)
    asked = opened(found, member, editing=bool(request.GET.get("edit")))
    return _page(request, Inbox.parse(member, request.GET), asked)


@login_required
def approvals_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The list alone, as it is now; `current` is the one that is open."""
    inbox = Inbox.parse(enter(request.user, slug), request.GET)
    inbox.current = _uuid(request.GET.get("current", ""))
    response = render(request, "runs/_approvals_list.html", {"inbox": inbox, "fragment": True})
    if _htmx(request) and "form" in (request.htmx.source or ""):  # type: ignore[attr-defined]
        page = (
            reverse("approval", args=[slug, inbox.current])
            if inbox.current
            else reverse("approvals", args=[slug])
        )
        response["HX-Replace-Url"] = page + inbox.address
    return response


@login_required
def approval_now(request: HttpRequest, slug: str, approval_id: UUID) -> HttpResponse:
    """What became of a decision that is open on somebody's screen; nothing while it waits as it did."""
    member = enter(request.user, slug)
    asked = Asked(get_approval(member, approval_id), member)
    return render(request, "runs/_approval_now.html", {"asked": asked})


@login_required
@require_POST
def approval_decide(request: HttpRequest, slug: str, approval_id: UUID) -> HttpResponse:
    member = enter(request.user, slug)
    asked = Asked(get_approval(member, approval_id, Role.OPERATOR), member)
    form, refused, status = DecideForm(asked, request.POST), "", 422
    if form.is_valid():
        try:
            return _decided(request, member, _decide(member, asked, form), form.cleaned_data["decision"])
        except BadInput as wrong:
            form.add_problems(wrong.problems)
        except Refused as reason:
            refused, status = reason.sentence, 409
        except PermissionDenied as reason:
            refused, status = str(reason), 403
    fresh = opened(get_approval(member, approval_id), member, form)
    response = _answer(request, fresh, refused=refused, typed=form, status=status)
    if status == 403:
        response["HX-Trigger"] = "troupe:refused"  # the page says why; nobody need be told besides
    return response


def _decide(member: Member, asked: Asked, form: DecideForm) -> Approval:
    given = form.cleaned_data
    return decide_approval(
        actor=member,
        approval=asked.approval,
        decision=given["decision"],
        digest=given["digest"],
        comment=given["comment"],
        edited=form.edited,
    )


def _decided(request: HttpRequest, member: Member, decided: Approval, decision: str) -> HttpResponse:
    """Back to where it was decided, with what became of it."""
    approval_id = decided.id
    asked = opened(get_approval(member, approval_id), member)
    messages.success(request, _said(asked, decision))
    if _htmx(request):
        return _answer(request, asked)
    slug = member.workspace.slug
    if request.POST.get("from") == "run":
        return redirect("run", slug, asked.run.pk)
    return redirect(reverse("approval", args=[slug, approval_id]) + Inbox.parse(member, request.POST).address)


def _said(asked: Asked, decision: str) -> str:
    missing = asked.deciders.missing
    if not asked.is_open or not missing:
        return SAID[decision]
    done = "Changed and approved" if decision == "edit" else "Approved"
    return f"{done}. {missing} more {'person has' if missing == 1 else 'people have'} to approve it."


def _answer(request: HttpRequest, asked: Asked, *, status: int = 200, **more: Any) -> HttpResponse:
    """The card on the run's page, the inbox, or the whole page, by who asks."""
    if _htmx(request) and request.POST.get("from") == "run":
        return render(request, "runs/_decide.html", {"asked": asked, **more}, status=status)
    return _page(request, Inbox.parse(asked.member, request.POST), asked, status=status, **more)


def _page(
    request: HttpRequest,
    inbox: Inbox,
    asked: Asked | None,
    *,
    alone: bool = True,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    inbox.current = asked.approval.id if asked else None
    template = "runs/_inbox.html" if _htmx(request) else "runs/approvals.html"
    context = {"inbox": inbox, "asked": asked, "alone": alone, "is_part": _htmx(request), **more}
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _htmx(request: HttpRequest) -> bool:
    """Whether a fragment is asked for; going back in the browser's history asks for whole pages."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and htmx.request_type == "partial"  # type: ignore[union-attr]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
