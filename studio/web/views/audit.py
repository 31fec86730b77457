"""The audit trail, by person and by deed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studio.audit import AuditEntry
from studio.web import audit_words
from studio.web.views.settings import settings_page
from studio.workspaces.access import Member, Role, enter

PAGE = 50


@login_required
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request.user, slug, Role.ADMIN)
    everything = AuditEntry.objects.filter(workspace=member.workspace)
    who, what = request.GET.get("who", ""), request.GET.get("what", "")
    page = Paginator(_narrowed(everything, who, what), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": list(audit_words.lines(page.object_list, slug)),
        "narrow": bool(who or what),
    }
    if getattr(request, "htmx", False):
        return render(request, "studio/_audit.html", context | {"member": member})
    return settings_page(request, member, "audit", context | _choices(member, everything, who, what))


def _narrowed(entries: QuerySet[AuditEntry], who: str, what: str) -> QuerySet[AuditEntry]:
    """Entries of one person, of one kind; a person that is no id filters nothing."""
    entries = entries.select_related("actor")
    with suppress(ValueError):
        entries = entries.filter(actor=UUID(who)) if who else entries
    return entries.filter(verb=what.replace("\x00", "")[:60]) if what else entries


def _choices(member: Member, entries: QuerySet[AuditEntry], who: str, what: str) -> dict[str, Any]:
    """What the filters offer: the people of the workspace, and the deeds that were done."""
    verbs = entries.order_by("verb").values_list("verb", flat=True).distinct()
    people = member.workspace.members.order_by("name", "email")
    return {
        "people": [(person.pk, str(person)) for person in people],
        "verbs": sorted(((verb, audit_words.name_of(verb)) for verb in verbs), key=lambda pair: pair[1]),
        "who": who,
        "what": what,
    }
