"""Refusals in words: a page for a visitor, an event for a page that is already open."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.defaults import permission_denied
from django_htmx.http import trigger_client_event


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 with the sentence that PermissionDenied was raised with."""
    if not getattr(request, "htmx", False):
        return permission_denied(request, exception)
    sentence = str(exception) or "You may not do this."
    response = HttpResponseForbidden(sentence, content_type="text/plain")
    return trigger_client_event(response, "troupe:toast", {"toasts": [{"level": "error", "text": sentence}]})
