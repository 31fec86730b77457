"""The door for programs that a run waits for: a POST to an address that only they were told."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from agents.topology import json_text
from runs.actions import receive_signal
from runs.models import Run
from runs.webhooks import meant_by

MOST_BYTES = 256_000


@csrf_exempt  # no session is read here: the address itself is the permission
@require_POST
def webhook(request: HttpRequest, token: str) -> JsonResponse:
    try:
        run_id, path = meant_by(token)
        run = Run.objects.get(pk=run_id)
    except (signing.BadSignature, Run.DoesNotExist):
        raise Http404("There is no such webhook.") from None
    try:
        payload = _payload(request)
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=413)
    if receive_signal(run=run, path=path, payload=payload):
        return JsonResponse({"received": True}, status=202)
    return JsonResponse({"received": False, "error": "Nothing waits for this call any more."}, status=409)


def _payload(request: HttpRequest) -> Any:
    """The body as JSON if it is, else as text. Raises ValueError when it is too large."""
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise ValueError(f"At most {MOST_BYTES:,} bytes are taken.")
    text = request.body.decode("utf-8", "replace")
    try:
        return json_text.parse(text) if text else None
    except ValueError:
        return text
