"""Endpoints, the models they serve, their keys and prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from redis import RedisError

from agents import endpoint_state, prices, queries
from agents.actions.outcome import Problem, Refused, refuse
from agents.actions.turns import take_turn
from agents.models import Endpoint, EndpointModel, ModelPrice
from studio import audit, secrets
from studio.workspaces.access import Member, Role

EMBEDDED = frozenset({Endpoint.Kind.LOCAL, Endpoint.Kind.REHEARSAL})
CAPABILITIES = frozenset({"tools", "json_schema", "streaming", "usage"})
MAX_CONCURRENCY = 1_000
MAX_MODELS = 500
MOST_PER_MINUTE = {"requests_per_minute": 1_000_000, "tokens_per_minute": 1_000_000_000}


@transaction.atomic
def create_endpoint(
    *,
    actor: Member,
    name: str,
    kind: str = Endpoint.Kind.COMPATIBLE,
    base_url: str = "",
    key: str = "",
    concurrency: int = 16,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    capabilities: Mapping[str, bool] | None = None,
    models: Iterable[str] = (),
) -> Endpoint:
    """Without requests or tokens per minute, those are not limited."""
    actor.require(Role.ADMIN)
    take_turn(actor.workspace)
    row = Endpoint(workspace=actor.workspace, kind=kind, capabilities=dict(capabilities or {}))
    row.name, row.base_url, row.concurrency = name.strip(), clean_url(base_url), concurrency
    row.requests_per_minute, row.tokens_per_minute = requests_per_minute, tokens_per_minute
    _raise(_problems(row))
    _seal(row, key)
    row.save()
    audit.record(actor, "endpoint.created", row, kind=kind, base_url=row.base_url)
    add_models(actor=actor, endpoint=row, names=models)
    return row


@transaction.atomic
def update_endpoint(
    *,
    actor: Member,
    endpoint: Endpoint,
    name: str,
    base_url: str,
    concurrency: int,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    capabilities: Mapping[str, bool] | None = None,
    key: str | None = None,
) -> Endpoint:
    """`key` None keeps the stored one, which is only allowed while the address stays the same host.

    Without requests or tokens per minute, those are not limited any more.
    """
    actor.require(Role.ADMIN)
    take_turn(actor.workspace)
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    before = _told(row)
    row.name, row.base_url, row.concurrency = name.strip(), clean_url(base_url), concurrency
    row.requests_per_minute, row.tokens_per_minute = requests_per_minute, tokens_per_minute
    if capabilities is not None:
        row.capabilities = row.capabilities | dict(capabilities)
    problems = list(_problems(row))
    if row.name != before["name"]:
        problems += _used(row, str(before["name"]), "renamed")
    if key is None and row.key_encrypted and _origin(row.base_url) != _origin(str(before["base_url"])):
        message = f"The stored key was entered for {_origin(str(before['base_url'])) or 'another address'}."
        problems.append(
            Problem("endpoint.key", message, "Enter the key again for the new address.", field="key")
        )
    _raise(problems)
    if key is not None:
        _seal(row, key)
    row.save()
    audit.record(actor, "endpoint.updated", row, before=before, after=_told(row))
    return row


def _told(row: Endpoint) -> dict[str, str | int | None]:
    """What the audit trail says of an endpoint before and after a change."""
    names = ("name", "base_url", "concurrency", "requests_per_minute", "tokens_per_minute")
    return {name: getattr(row, name) for name in names}


@transaction.atomic
def set_key(*, actor: Member, endpoint: Endpoint, key: str) -> Endpoint:
    """Store the key encrypted; an empty one removes it. It can never be read back."""
    actor.require(Role.ADMIN)
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    _seal(row, key)
    row.save()
    audit.record(actor, "endpoint.key_set" if row.key_encrypted else "endpoint.key_removed", row)
    return row


@transaction.atomic
def record_probe(
    *,
    actor: Member,
    endpoint: Endpoint,
    probe: Mapping[str, Any],
    capabilities: Mapping[str, bool] | None = None,
) -> Endpoint:
    """Keep what a test of the connection found; `capabilities` only where it could tell.

    Where the endpoint has several models, what the one that was asked can do is kept with that model.
    """
    actor.require(Role.ADMIN)
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    row.probe, row.probed_at = dict(probe), timezone.now()
    models = {model.name: model for model in row.models.all()}
    asked = models.get(str(probe.get("model", "")))
    own = dict(capabilities or {})
    if asked is not None and len(models) > 1:
        known = row.capabilities
        asked.capabilities = {name: can for name, can in own.items() if known.setdefault(name, can) != can}
        asked.save()
    else:
        row.capabilities = row.capabilities | own
    row.save()
    audit.record(actor, "endpoint.probed", row, capabilities=dict(capabilities or {}))
    return row


@transaction.atomic
def delete_endpoint(*, actor: Member, endpoint: Endpoint) -> None:
    """Refused while agents or published teams call it."""
    actor.require(Role.ADMIN)
    take_turn(actor.workspace)
    _raise(_used(endpoint, endpoint.name, "deleted"))
    audit.record(actor, "endpoint.deleted", endpoint)
    endpoint.delete()


# ── models ──────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def add_models(
    *,
    actor: Member,
    endpoint: Endpoint,
    names: Iterable[str],
    windows: Mapping[str, int | None] | None = None,
) -> list[EndpointModel]:
    """The models that are new; `windows` holds context windows, otherwise the price list's are used."""
    actor.require(Role.ADMIN)
    take_turn(actor.workspace)
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    known = set(endpoint.models.values_list("name", flat=True))
    new = [name for name in wanted if name not in known]
    for name in new:
        if len(name) > 200 or "\x00" in name:
            refuse("model.name", f"{name[:40]}… is no usable model id.", field="models")
    if len(known) + len(new) > MAX_MODELS:
        refuse("model.many", f"An endpoint can have at most {MAX_MODELS} models.", field="models")
    address = queries.address_of(endpoint)
    rows = [
        EndpointModel(
            endpoint=endpoint,
            name=name,
            context_window=(windows or {}).get(name) or prices.context_window(address, name),
        )
        for name in new
    ]
    EndpointModel.objects.bulk_create(rows)
    if rows:
        audit.record(actor, "endpoint.models_added", endpoint, models=new)
    return rows


@transaction.atomic
def close_breaker(*, actor: Member, endpoint: Endpoint) -> None:
    """Let calls go out to an endpoint that was left alone. Refused where its breaker is not open."""
    actor.require(Role.OPERATOR)
    state = endpoint_state.read([endpoint.pk]).get(endpoint.pk)
    try:
        closed = endpoint_state.close_breaker(endpoint.pk)
    except RedisError:
        refuse("breaker.unknown", "Redis does not answer, so no breaker can be closed.", "Try again soon.")
    if not closed:
        refuse("breaker.closed", f"The circuit breaker of {endpoint.name} is not open.")
    audit.record(actor, "endpoint.breaker_closed", endpoint, error=state.error if state else "")


@transaction.atomic
def remove_model(*, actor: Member, model: EndpointModel) -> None:
    """Refused while agents use it."""
    actor.require(Role.ADMIN)
    take_turn(actor.workspace)
    users = queries.agents_by_model(actor.workspace).get((model.endpoint.name, model.name), [])
    if users:
        names = ", ".join(agent.name for agent in users[:5])
        refuse("model.used", f"{model.name} is used by {names}.", "Give them another model first.")
    audit.record(actor, "endpoint.model_removed", model.endpoint, model=model.name)
    model.delete()


@transaction.atomic
def set_price(
    *,
    actor: Member,
    model: EndpointModel,
    input_per_million: Decimal,
    output_per_million: Decimal,
    cached_per_million: Decimal | None = None,
    valid_from: datetime | None = None,
    source: str = "",
) -> ModelPrice:
    """A dated price over the list's. Earlier ones stay: what was billed with them was."""
    actor.require(Role.ADMIN)
    given = {"input": input_per_million, "output": output_per_million, "cached": cached_per_million}
    problems = [
        Problem("price.value", "A price is between 0 and 1,000,000 dollars for a million tokens.", field=name)
        for name, value in given.items()
        if value is not None and not (value.is_finite() and 0 <= value <= 1_000_000)
    ]
    _raise(problems)
    row = ModelPrice.objects.create(
        model=model,
        input_per_million=input_per_million,
        cached_per_million=cached_per_million,
        output_per_million=output_per_million,
        valid_from=valid_from or timezone.now(),
        source=(source.strip() or f"entered by {actor.user}")[:200],
        created_by=actor.user,
    )
    shown = {name: None if value is None else str(value) for name, value in given.items()}
    audit.record(actor, "model.price_set", model, **shown, source=row.source)
    return row


# ── checks ──────────────────────────────────────────────────────────────────────────────────────────
def clean_url(url: str) -> str:
    return url.strip().rstrip("/")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _problems(row: Endpoint) -> Iterator[Problem]:
    if not row.name or len(row.name) > 60 or "\x00" in row.name:
        yield Problem("endpoint.name", "A name has between 1 and 60 characters.", field="name")
    elif Endpoint.objects.filter(workspace=row.workspace, name=row.name).exclude(pk=row.pk).exists():
        yield Problem("endpoint.name", f"There is an endpoint called {row.name} already.", field="name")
    if row.kind not in Endpoint.Kind.values:
        yield Problem("endpoint.kind", f"There is no kind of endpoint called {row.kind}.", field="kind")
    elif row.base_url or row.kind not in EMBEDDED:
        yield from _url_problems(row.base_url)
    if not 1 <= row.concurrency <= MAX_CONCURRENCY:
        yield Problem("endpoint.concurrency", f"Choose 1 to {MAX_CONCURRENCY} calls.", field="concurrency")
    for name, most in MOST_PER_MINUTE.items():
        value = getattr(row, name)
        if value is not None and not 1 <= value <= most:
            yield Problem(f"endpoint.{name}", f"Choose 1 to {most:,}, or nothing for no limit.", field=name)
    if strange := set(row.capabilities) - CAPABILITIES:
        yield Problem("endpoint.capability", f"Unknown: {', '.join(sorted(strange))}.", field="capabilities")


def _url_problems(url: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or len(url) > 500 or "\x00" in url:
        yield Problem("endpoint.url", "Enter an address such as https://api.openai.com/v1.", field="base_url")
    elif parts.username or parts.password:
        yield Problem("endpoint.url", "An address must not hold a password; use the key.", field="base_url")
    elif parts.query or parts.fragment:
        yield Problem("endpoint.url", "An address must not have a ? or # part.", field="base_url")


def _used(endpoint: Endpoint, name: str, verb: str) -> Iterator[Problem]:
    """Agents and published teams name their endpoint, so it can be neither renamed nor deleted under them."""
    by_model = queries.agents_by_model(endpoint.workspace).items()
    agents = [agent for (called, _), rows in by_model if called == name for agent in rows]
    teams = queries.teams_by_endpoint(endpoint.workspace).get(name, [])
    users = [f"agent {agent.name}" for agent in agents] + [f"team {team.name}" for team in teams]
    if users:
        shown = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        message = f"{name} cannot be {verb}: it is used by {shown}."
        yield Problem("endpoint.used", message, "Give them another model first, and publish the teams again.")


def _seal(row: Endpoint, key: str) -> None:
    key = key.strip()
    if any(not 32 < ord(char) < 127 for char in key) or len(key) > 4_000:
        refuse("endpoint.key", "A key consists of plain characters without spaces.", field="key")
    row.key_encrypted = secrets.encrypt(key) if key else ""
    row.key_hint = secrets.hint(key)
    row.key_set_at = timezone.now() if key else None


def _raise(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise Refused(found)
