"""Tags and filters that every template has without loading them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from studio.web import figures, icons, markdown, states

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """`{% icon "house" %}`, `{% icon "hand" "state-color" label="Waiting" %}`; CSS --icon is its size."""
    return icons.icon(name, classes, label)


@register.inclusion_tag("components/state.html")
def state(status: str, word: str = "", badge: bool = False) -> dict[str, Any]:
    """`{% state run.status %}`: icon and word; `word` says it more exactly, `badge` adds a ground."""
    known = states.STATES[str(status)]
    return {"status": str(status), "icon": known.icon, "word": word or known.word, "badge": badge}


@register.filter
def money(value: Decimal | None, currency: str = "USD") -> str:
    return figures.money(value, currency)


@register.filter
def money_exact(value: Decimal | None, currency: str = "USD") -> str:
    return figures.money_exact(value, currency)


@register.inclusion_tag("components/amount.html")
def amount(value: Decimal | None, currency: str = "USD") -> dict[str, Any]:
    """`{% amount run.cost %}`: money as people read it, every digit on hover, unknown in italics."""
    return {
        "words": figures.money(value, currency),
        "exact": figures.money_exact(value, currency),
        "unknown": value is None,
    }


@register.filter
def tokens(count: int | None) -> str:
    return figures.tokens(count)


@register.filter
def thousands(count: int) -> str:
    """`1,284`."""
    return f"{count:,}"


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    return figures.duration(seconds)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """A <time> with the exact moment on hover; static/js/ago.js keeps its words true."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(timespec="seconds"),
        figures.absolute(moment),
        figures.ago(moment),
    )


@register.filter
def day(moment: datetime | date) -> str:
    """`19 Nov 2026`."""
    return f"{moment.day} {moment:%b %Y}"


@register.filter
def short(identity: UUID | str) -> str:
    """The first eight characters of an id: enough for people to tell two apart."""
    return str(identity)[:8]


@register.inclusion_tag("components/short_id.html")
def short_id(identity: UUID | str, what: str = "id") -> dict[str, str]:
    """`{% short_id run.id "run id" %}`: the short id with a button that copies the whole one."""
    return {"short": short(identity), "whole": str(identity), "what": what}


@register.filter
def markdown_safe(text: str | None) -> SafeString | str:
    """Markdown that came from a model or a person, as safe HTML; put it into `<div class="prose">`."""
    return markdown.to_html(text) if text else ""


@register.filter
def dressed(field: BoundField, classes: str) -> SafeString:
    """A form field's control with CSS classes added."""
    own = str(field.field.widget.attrs.get("class", ""))
    return field.as_widget(attrs={"class": f"{own} {classes}".strip()})


@register.filter
def percent_of(part: Decimal | float | None, whole: Decimal | float | None) -> str:
    """`part` of `whole` as a CSS width, at most 100%: `{{ spent|percent_of:limit }}`."""
    if not part or not whole:
        return "0%"
    return f"{min(100.0, 100 * float(part) / float(whole)):.1f}%"


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The page's query string with parameters changed; None or "" drops one: `href="{% query page=2 %}"`."""
    request: HttpRequest = context["request"]
    parameters = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return "?" + urlencode([(name, value) for name, values in parameters.lists() for value in values])
