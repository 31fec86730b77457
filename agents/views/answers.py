"""How the pages of this room answer: forms in dialogs or on their own pages, and where to go afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from agents.actions.outcome import Refused
from agents.forms.placing import put
from studio.workspaces.access import Member, Role
from studio.workspaces.access import enter as enter_workspace

INVALID = 422


def enter(request: HttpRequest, slug: str, need: Role = Role.VIEWER) -> Member:
    """The member, also left on the request so that the frame need not look it up again."""
    member = enter_workspace(request.user, slug, need)
    request.member = member  # type: ignore[attr-defined]
    return member


def by_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; None while it is only shown."""
    return request.POST if request.method == "POST" else None


def dialog(request: HttpRequest, form: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The template `form` (a <form> with dialog parts): in a dialog that opens, or on a page of its own.

    An htmx form that was sent is exchanged for itself.
    """
    if not by_htmx(request):
        template = "agents/dialog_page.html"
    else:
        template = form if request.method == "POST" else "agents/_dialog.html"
    return render(request, template, {**context, "form_template": form}, status=status)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """To another page, whether a browser or htmx asked."""
    return HttpResponseClientRedirect(url) if by_htmx(request) else HttpResponseRedirect(url)


def form_dialog(request: HttpRequest, template: str, form: BaseForm, **context: Any) -> HttpResponse:
    """As `dialog`, with `form` in it; 422 where something in it is wrong."""
    return dialog(request, template, {"form": form, **context}, INVALID if form.errors else 200)


@contextmanager
def refusals_at_fields(form: BaseForm, names: Mapping[str, str] | None = None) -> Iterator[None]:
    """What an action refuses is put at the fields of `form`; `names` as in `put`."""
    try:
        yield
    except Refused as refused:
        put(form, refused.problems, names)


@contextmanager
def refusals_told(request: HttpRequest) -> Iterator[None]:
    """What an action refuses becomes a message on the page that follows."""
    try:
        yield
    except Refused as refused:
        for problem in refused.problems:
            messages.error(request, f"{problem.message} {problem.fix}".strip())


def page_of(items: Any, request: HttpRequest, size: int) -> Page[Any]:
    return Paginator(items, size).get_page(request.GET.get("page"))
