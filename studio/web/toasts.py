"""Carries Django's messages to pages that are already open: htmx answers bring them as an event."""

from __future__ import annotations

from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import trigger_client_event


class ToastMiddleware(MiddlewareMixin):
    """Adds waiting messages to an htmx answer as a `troupe:toast` event.

    A full page shows them itself; a redirect of either kind leaves them for the page that follows.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        leads_elsewhere = response.status_code in range(300, 400) or any(
            header in response for header in ("HX-Redirect", "HX-Refresh", "HX-Location")
        )
        storage = get_messages(request)
        if not getattr(request, "htmx", False) or leads_elsewhere or not isinstance(storage, BaseStorage):
            return response
        if storage.used:  # the answer's template has shown them
            return response
        toasts = [{"level": message.level_tag, "text": str(message)} for message in storage]
        if toasts:
            trigger_client_event(response, "troupe:toast", {"toasts": toasts})
        return response
