"""Models: endpoints with what they can do and cost, their connection tested, their keys and prices."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.access import get_endpoint, get_model
from agents.actions.endpoints import (
    add_models,
    close_breaker,
    create_endpoint,
    delete_endpoint,
    remove_model,
    set_key,
    set_price,
    update_endpoint,
)
from agents.connecting import check_connection, most_likely
from agents.endpoint_state import EndpointState, read
from agents.forms.endpoint import EndpointForm, KeyForm, ModelsForm, PriceForm
from agents.model_facts import facts_of
from agents.models import Endpoint
from agents.views.answers import by_htmx, enter, form_dialog, go, refusals_at_fields, refusals_told, sent
from studio.workspaces.access import Member, Role

ABLE = ("tools", "json_schema", "streaming")


@login_required
@require_GET
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """The first endpoint's details stand beside the list; phones show the list alone."""
    member = enter(request, slug)
    return _page(request, member, None)


@login_required
@require_GET
def endpoint(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    return _page(request, member, get_endpoint(member, endpoint_id).pk)


def _page(request: HttpRequest, member: Member, chosen: UUID | None) -> HttpResponse:
    facts = facts_of(member.workspace)
    shown = next((one for one in facts if chosen is None or one.endpoint.pk == chosen), None)
    context = {
        "endpoints": facts,
        "shown": shown,
        "is_chosen": chosen is not None,
        "as_prices": request.GET.get("view") == "prices",
        "total": sum(len(one.models) for one in facts),
    }
    return render(request, "agents/_models.html" if by_htmx(request) else "agents/models.html", context)


def _back(slug: str, endpoint_id: object) -> str:
    return reverse("endpoint", args=[slug, endpoint_id])


def _about(
    request: HttpRequest, slug: str, row: Endpoint, template: str, form: BaseForm, title: str
) -> HttpResponse:
    """A form that is about one endpoint, and leads back to it."""
    return form_dialog(request, template, form, endpoint=row, title=title, back=_back(slug, row.pk))


@login_required
@require_http_methods(["GET", "POST"])
def endpoint_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Saved, then tested at once; the models it lists come in if they are few."""
    member = enter(request, slug, Role.ADMIN)
    form = EndpointForm(sent(request))
    if form.is_valid():
        with refusals_at_fields(form):
            made = create_endpoint(actor=member, **form.cleaned_data)
            report = check_connection(member, made)
            add_models(actor=member, endpoint=made, names=most_likely(report))
            return go(request, _back(slug, made.pk))
    return form_dialog(
        request, "agents/_endpoint_form.html", form, title="New endpoint", back=reverse("models", args=[slug])
    )


@login_required
@require_http_methods(["GET", "POST"])
def endpoint_edit(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.ADMIN)
    form = EndpointForm(sent(request), endpoint=row)
    if form.is_valid():
        values = dict(form.cleaned_data)
        able = values.pop("capabilities")
        values["key"] = values["key"] or None  # an empty one means the stored one
        with refusals_at_fields(form):
            # what was not touched stays as it is: unticked may also mean that nobody knows
            can = {name: name in able for name in ABLE if (name in able) != bool(row.capabilities.get(name))}
            update_endpoint(actor=member, endpoint=row, capabilities=can, **values)
            return go(request, _back(slug, row.pk))
    return _about(request, slug, row, "agents/_endpoint_form.html", form, f"Edit {row.name}")


@login_required
@require_POST
def endpoint_test(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.ADMIN)
    known = set(row.models.values_list("name", flat=True))
    model = request.POST.get("model", "")
    with refusals_told(request):
        check_connection(member, row, model if model in known else "")
    return _page(request, member, row.pk) if by_htmx(request) else go(request, _back(slug, row.pk))


@login_required
@require_GET
def endpoint_state(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    """What workers do there now, for the page that asks again and again."""
    row = get_endpoint(enter(request, slug), endpoint_id)
    state = read([row.pk]).get(row.pk, EndpointState())
    return render(request, "agents/_endpoint_state.html", {"endpoint": row, "state": state})


@login_required
@require_POST
def endpoint_close_breaker(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    """By hand, when somebody knows that the endpoint works again."""
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.OPERATOR)
    with refusals_told(request):
        close_breaker(actor=member, endpoint=row)
        messages.success(request, f"Calls go out to {row.name} again.")
    return go(request, _back(slug, row.pk))


@login_required
@require_http_methods(["GET", "POST"])
def endpoint_key(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    """A new key, or with `remove` none."""
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.ADMIN)
    if request.method == "POST" and request.POST.get("remove"):
        set_key(actor=member, endpoint=row, key="")
        return go(request, _back(slug, row.pk))
    form = KeyForm(sent(request))
    if form.is_valid():
        with refusals_at_fields(form):
            set_key(actor=member, endpoint=row, key=form.cleaned_data["key"])
            return go(request, _back(slug, row.pk))
    return _about(request, slug, row, "agents/_endpoint_key.html", form, f"Key of {row.name}")


@login_required
@require_POST
def endpoint_delete(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.ADMIN)
    where = _back(slug, row.pk)
    with refusals_told(request):
        delete_endpoint(actor=member, endpoint=row)
        messages.success(request, f"{row.name} has been deleted.")
        where = reverse("models", args=[slug])
    return go(request, where)


# ── the models of an endpoint ───────────────────────────────────────────────────────────────────────
@login_required
@require_http_methods(["GET", "POST"])
def model_new(request: HttpRequest, slug: str, endpoint_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_endpoint(member, endpoint_id, Role.ADMIN)
    here = set(row.models.values_list("name", flat=True))
    unlisted = [name for name in row.probe.get("models", []) if name not in here]
    form = ModelsForm(sent(request), unlisted=unlisted)
    if form.is_valid():
        with refusals_at_fields(form):
            add_models(actor=member, endpoint=row, names=form.names())
            return go(request, _back(slug, row.pk))
    return _about(request, slug, row, "agents/_model_new.html", form, f"Models of {row.name}")


@login_required
@require_POST
def model_delete(request: HttpRequest, slug: str, model_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_model(member, model_id, Role.ADMIN)
    with refusals_told(request):
        remove_model(actor=member, model=row)
    return go(request, _back(slug, row.endpoint_id))


@login_required
@require_http_methods(["GET", "POST"])
def price_new(request: HttpRequest, slug: str, model_id: UUID) -> HttpResponse:
    member = enter(request, slug)
    row = get_model(member, model_id, Role.ADMIN)
    form = PriceForm(sent(request))
    if form.is_valid():
        with refusals_at_fields(form, {"input": "input_per_million", "output": "output_per_million"}):
            set_price(actor=member, model=row, **form.price())
            return go(request, _back(slug, row.endpoint_id))
    about = {
        "model": row,
        "history": row.prices.select_related("created_by")[:20],
        "title": f"Price of {row.name}",
        "back": _back(slug, row.endpoint_id),
    }
    return form_dialog(request, "agents/_price_new.html", form, **about)
