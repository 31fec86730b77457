"""Agents: their list, and the editor, where every change that is saved makes a new version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import model_facts, queries, tool_facts
from agents.access import get_agent, get_agent_version, get_model
from agents.actions.agents import archive_agent, create_agent, duplicate_agent, save_agent
from agents.actions.outcome import Conflict, Refused
from agents.forms.agent import KEPT, AgentForm
from agents.forms.agent_filter import SORTS, USES, AgentFilter, model_name, rows_of
from agents.models import Agent
from agents.topology.graph import AgentSpec
from agents.tries import try_agent
from agents.views.answers import INVALID, by_htmx, enter, go, page_of, refusals_told, sent
from agents.views.versions import strip
from studio.workspaces.access import Member, Role

PAGE = 50
CONFLICT = 409
LONGEST_TRY = 20_000


@login_required
@require_GET
def agents(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug)
    chosen, rows = AgentFilter.parse(request.GET), rows_of(member.workspace)
    context = {
        "chosen": chosen,
        "page": page_of(chosen.apply(rows), request, PAGE),
        "total": len(rows),
        "models": [(name, name) for name in sorted({model_name(row.spec) for row in rows})],
        "uses": USES.items(),
        "sorts": SORTS.items(),
    }
    return render(request, "agents/_agents.html" if by_htmx(request) else "agents/agents.html", context)


# ── the editor ──────────────────────────────────────────────────────────────────────────────────────
def _form(request: HttpRequest, member: Member, agent: Agent | None, spec: AgentSpec | None) -> AgentForm:
    return AgentForm(
        sent(request),
        endpoints=model_facts.facts_of(member.workspace),
        tools=tool_facts.facts_of(member.workspace),
        spec=spec,
        based_on=agent.current.number if agent and agent.current else None,
    )


def _editor(request: HttpRequest, form: AgentForm, agent: Agent | None, status: int = 200) -> HttpResponse:
    """The whole page, or for htmx the form alone."""
    template = "agents/_agent_form.html" if by_htmx(request) else "agents/agent_form.html"
    return render(request, template, {"form": form, **_about(form, agent)}, status=status)


def _about(form: AgentForm | None, agent: Agent | None) -> dict[str, Any]:
    """What stands around the form: its versions, where it is used, what its model can do."""
    if agent is None:
        return {"agent": None, "facts": _facts_of(form)}
    teams = queries.teams_by_agent(agent.workspace).get(agent.key, [])
    return {"agent": agent, "teams": teams, "versions": strip(agent), "facts": _facts_of(form)}


def _facts_of(form: AgentForm | None) -> model_facts.ModelFacts | None:
    return form.facts.get(str(form["model"].value())) if form else None


@login_required
@require_http_methods(["GET", "POST"])
def agent_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = enter(request, slug, Role.DESIGNER)
    default = queries.default_model(member.workspace)
    form = _form(request, member, None, None)
    if default is not None:
        form.choose(default)
    if form.is_valid():
        try:
            made = create_agent(actor=member, spec=form.spec)
            messages.success(request, f"{made.name} can be put into teams now.")
            return go(request, reverse("agent", args=[slug, made.pk]))
        except Refused as refused:
            form.put(refused.problems)
    return _editor(request, form, None, INVALID if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def agent(request: HttpRequest, slug: str, agent_id: UUID) -> HttpResponse:
    """`?from=3` fills the editor with version 3, to be saved as a new one."""
    member = enter(request, slug)
    row = get_agent(member, agent_id, Role.DESIGNER if request.method == "POST" else Role.VIEWER)
    if not member.may(Role.DESIGNER):
        return render(request, "agents/agent_read.html", {**_about(None, row), "spec": queries.spec_of(row)})
    form = _form(request, member, row, _begun(request, member, row))
    if request.method == "GET":
        return _editor(request, form, row)
    if not form.is_valid():
        return _editor(request, form, row, INVALID)
    try:
        version = save_agent(actor=member, agent=row, spec=form.spec, based_on=form.cleaned_data["based_on"])
    except Refused as refused:
        form.put(refused.problems)
        return _editor(request, form, row, INVALID)
    except Conflict as conflict:
        return _too_late(request, form, get_agent(member, agent_id), conflict)
    return _saved(request, slug, get_agent(member, agent_id), version.number)


def _begun(request: HttpRequest, member: Member, row: Agent) -> AgentSpec:
    """What the editor begins with: the newest version, or an earlier one that is to be used again."""
    number = request.GET.get("from", "")
    if not number:
        return queries.spec_of(row)
    if not number.isdecimal() or len(number) > 9:
        raise Http404("There is no such version.")
    return get_agent_version(member, row.pk, int(number)).parsed()


def _saved(request: HttpRequest, slug: str, row: Agent, number: int) -> HttpResponse:
    """The fields stay as they are; what stands around them is exchanged."""
    is_new = str(request.POST.get("based_on", "")) != str(number)
    messages.success(request, f"v{number} saved." if is_new else f"Nothing changed since v{number}.")
    if not by_htmx(request):
        return go(request, reverse("agent", args=[slug, row.pk]))
    return render(request, "agents/_agent_saved.html", _about(None, row))


def _too_late(request: HttpRequest, form: AgentForm, row: Agent, conflict: Conflict) -> HttpResponse:
    """Somebody was faster. Saving again, from what they saved on, is the person's own decision."""
    theirs = request.POST.copy()
    theirs["based_on"] = str(conflict.revision)
    form.data = theirs
    form.add_error(
        None, f"{conflict} Their changes are among the versions; saving again puts yours over them."
    )
    if not by_htmx(request):
        return _editor(request, form, row, CONFLICT)
    return render(
        request, "agents/_agent_conflict.html", {"form": form, **_about(form, row)}, status=CONFLICT
    )


@login_required
@require_POST
def agent_duplicate(request: HttpRequest, slug: str, agent_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_agent(member, agent_id, Role.DESIGNER)
    where = reverse("agent", args=[slug, row.pk])
    with refusals_told(request):
        copy = duplicate_agent(actor=member, agent=row)
        messages.success(request, f"This is {copy.name}; {row.name} stays as it is.")
        where = reverse("agent", args=[slug, copy.pk])
    return go(request, where)


@login_required
@require_POST
def agent_delete(request: HttpRequest, slug: str, agent_id: UUID) -> HttpResponse:
    """Out of every list; its versions stay, for the runs that had them. Refused while a team uses it."""
    member = enter(request, slug)
    row = get_agent(member, agent_id, Role.DESIGNER)
    where = reverse("agent", args=[slug, row.pk])
    with refusals_told(request):
        archive_agent(actor=member, agent=row)
        messages.success(request, f"{row.name} has been archived.")
        where = reverse("agents", args=[slug])
    return go(request, where)


# ── while editing ───────────────────────────────────────────────────────────────────────────────────
@login_required
@require_GET
def agent_model(request: HttpRequest, slug: str) -> HttpResponse:
    """What the model that is being chosen can do and costs."""
    member = enter(request, slug)
    chosen = request.GET.get("model", "")
    facts = model_facts.ModelFacts(get_model(member, chosen)) if chosen not in ("", KEPT) else None
    return render(request, "agents/_model_facts.html", {"facts": facts})


@login_required
@require_POST
def agent_try(request: HttpRequest, slug: str) -> HttpResponse:
    """One live call of the agent as the form says it, saved or not."""
    member = enter(request, slug, Role.DESIGNER)
    form, words = _form(request, member, None, None), request.POST.get("words", "").strip()[:LONGEST_TRY]
    context: dict[str, Any] = {"words": words}
    if not words:
        context["wrong"] = ["Say what it should do."]
    elif not form.is_valid():
        context["wrong"] = form.complaints()
    else:
        context["found"] = try_agent(member, form.spec, words)
    template = "agents/_try.html" if by_htmx(request) else "agents/try_page.html"
    return render(request, template, context, status=INVALID if "wrong" in context else 200)
