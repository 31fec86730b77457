"""Tags of what waits for a person."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.approvals.asked import Asked
from runs.forms.decide import opened
from runs.models import Approval
from studio.web import figures

register = template.Library()
NEAR_S = 86_400  # closer than this, a deadline is counted down by the second


@register.simple_tag(takes_context=True)
def asked_for(context: Context, approval: Approval) -> Asked:
    """`{% asked_for approval as asked %}`: a decision with its form, for the member whose page it is."""
    return opened(approval, context["member"])


@register.filter
def left(deadline: datetime) -> SafeString:
    """The time that is left: a clock that static/js/ago.js keeps running, or days."""
    seconds = (deadline - timezone.now()).total_seconds()
    return format_html(
        '<time class="num"{} datetime="{}" title="{}">{}</time>',
        " data-countdown" if seconds < NEAR_S else "",
        deadline.isoformat(timespec="seconds"),
        figures.absolute(deadline),
        figures.duration(max(seconds, 0)),
    )
