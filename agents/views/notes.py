"""Workspace notes: what agents keep for one another, to read, correct and delete."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import queries
from agents.access import get_note
from agents.actions.notes import delete_note, write_note
from agents.forms.tool import NoteForm
from agents.models import Note
from agents.views.answers import by_htmx, enter, form_dialog, go, page_of, refusals_at_fields, sent
from studio.workspaces.access import Role

PAGE = 50


@login_required
@require_GET
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    rows = Note.objects.filter(workspace=member.workspace).order_by("-updated_at", "key")
    text = request.GET.get("q", "").strip().replace("\x00", "")[:200]
    found = rows.filter(Q(key__icontains=text) | Q(text__icontains=text)) if text else rows
    context = {
        "q": text,
        "page": page_of(found, request, PAGE),
        "tools_count": queries.tools(member.workspace).count(),
        "total": rows.count(),
    }
    return render(request, "agents/_notes.html" if by_htmx(request) else "agents/notes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def note_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug, Role.DESIGNER)
    form = NoteForm(sent(request))
    if form.is_valid():
        if Note.objects.filter(workspace=member.workspace, key=form.cleaned_data["key"]).exists():
            form.add_error("key", "There is a note with this key already. Open it to change it.")
        else:
            write_note(actor=member, **form.cleaned_data)
            return go(request, reverse("notes", args=[slug]))
    return form_dialog(
        request,
        "agents/_note_form.html",
        form,
        title="New note",
        back=reverse("notes", args=[slug]),
        wide=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def note(request: HttpRequest, slug: str, note_id: int) -> HttpResponse:
    """Read, and for designers edit; its key stays, for agents know it by that."""
    member = enter(request, slug)
    row = get_note(member, note_id, Role.DESIGNER if request.method == "POST" else Role.VIEWER)
    form = NoteForm(sent(request), initial={"key": row.key, "text": row.text})
    del form.fields["key"]
    if form.is_valid():
        with refusals_at_fields(form):
            write_note(actor=member, key=row.key, text=form.cleaned_data["text"])
            messages.success(request, f"{row.key} has been saved.")
            return go(request, reverse("notes", args=[slug]))
    back = reverse("notes", args=[slug])
    return form_dialog(request, "agents/_note_form.html", form, note=row, title=row.key, back=back, wide=True)


@login_required
@require_POST
def note_delete(request: HttpRequest, slug: str, note_id: int) -> HttpResponse:
    member = enter(request, slug)
    row = get_note(member, note_id, Role.DESIGNER)
    delete_note(actor=member, note=row)
    messages.success(request, f"{row.key} has been deleted.")
    return go(request, reverse("notes", args=[slug]))
