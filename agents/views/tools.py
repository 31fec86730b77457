"""Tools: what agents may be given, how it is configured, and when a person is asked first."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.access import get_tool
from agents.actions.outcome import Refused
from agents.actions.tools import create_tool, delete_tool, update_tool
from agents.forms.tool import ToolForm
from agents.models import Note, Tool
from agents.rule_trial import try_rule
from agents.tool_facts import ToolFacts, arguments_of, example_of, facts_of, of_tool
from agents.toolbox.registry import kinds
from agents.toolbox.tool import ToolKind
from agents.topology.graph import ToolSpec
from agents.views.answers import INVALID, enter, go, refusals_told, sent
from studio.workspaces.access import Role

LONGEST_SAMPLE = 20_000


@login_required
@require_GET
def tools(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    notes = Note.objects.filter(workspace=member.workspace).count()
    return render(request, "agents/tools.html", {"tools": facts_of(member.workspace), "notes_count": notes})


@login_required
@require_http_methods(["GET", "POST"])
def tool_new(request: HttpRequest, slug: str) -> HttpResponse:
    """First the kind, which the address then names; then the form made for it."""
    member = enter(request, slug, Role.DESIGNER)
    kind = kinds().get(request.GET.get("kind", ""))
    if kind is None:
        return render(request, "agents/tool_kinds.html", {"kinds": kinds().values()})
    form = ToolForm(sent(request), kind=kind)
    if form.is_valid():
        try:
            made = create_tool(actor=member, name=form.cleaned_data["name"], spec=form.spec())
            messages.success(request, f"{made.name} can be given to agents now.")
            return go(request, reverse("tools", args=[slug]))
        except Refused as refused:
            form.put(refused.problems)
    return _form_page(request, form, None)


@login_required
@require_http_methods(["GET", "POST"])
def tool(request: HttpRequest, slug: str, tool_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_tool(member, tool_id, Role.DESIGNER if request.method == "POST" else Role.VIEWER)
    kind = kinds().get(row.kind)
    if kind is None or not member.may(Role.DESIGNER):
        return render(request, "agents/tool_read.html", {"facts": of_tool(row), "tool": row})
    form = ToolForm(sent(request), kind=kind, tool=row)
    if form.is_valid():
        try:
            update_tool(actor=member, tool=row, name=form.cleaned_data["name"], spec=form.spec())
            messages.success(
                request, "Saved. Published teams keep it as it was until they are published again."
            )
            return go(request, reverse("tool", args=[slug, row.pk]))
        except Refused as refused:
            form.put(refused.problems)
    return _form_page(request, form, row)


def _form_page(request: HttpRequest, form: ToolForm, tool: Tool | None) -> HttpResponse:
    facts = of_tool(tool) if tool else ToolFacts(form.kind.name, ToolSpec(kind=form.kind.name))
    sample = str(form.data.get("sample", "")) or json.dumps(example_of(facts.schema), indent=2)
    context = {
        "form": form,
        "tool": tool,
        "kind": form.kind,
        "facts": facts,
        "arguments": arguments_of(facts.schema),
        "sample": sample,
        "trial": try_rule(facts, sample),
        "schema": json.dumps(facts.schema, indent=2),
    }
    bound = form.errors or form.config.errors or form.policy.errors
    return render(request, "agents/tool_form.html", context, status=INVALID if bound else 200)


@login_required
@require_POST
def tool_delete(request: HttpRequest, slug: str, tool_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_tool(member, tool_id, Role.DESIGNER)
    where = reverse("tool", args=[slug, row.pk])
    with refusals_told(request):
        delete_tool(actor=member, tool=row)
        messages.success(request, f"{row.name} has been deleted.")
        where = reverse("tools", args=[slug])
    return go(request, where)


@login_required
@require_POST
def tool_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """What a call with the sample arguments would do under the rule as it is being written."""
    enter(request, slug, Role.DESIGNER)
    kind = kinds().get(request.GET.get("kind", ""))
    if kind is None:
        raise Http404("No such kind of tool.")
    facts = ToolFacts(kind.name, _drafted(request, kind))
    trial = try_rule(facts, request.POST.get("sample", "")[:LONGEST_SAMPLE])
    context = {"trial": trial, "facts": facts, "arguments": arguments_of(facts.schema)}
    return render(request, "agents/_rule_trial.html", context)


def _drafted(request: HttpRequest, kind: ToolKind) -> ToolSpec:
    """What the form says now; a configuration that is not valid yet counts as none."""
    form = ToolForm(request.POST, kind=kind)
    valid = form.config.is_valid()
    config = kind.split_secrets(form.config.values())[0] if valid else {}
    rule = request.POST.get("approval", "").strip().replace("\x00", "")[:1_000]
    return ToolSpec(kind=kind.name, config=config, approval=rule)
