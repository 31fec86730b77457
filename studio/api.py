"""The JSON API at /api/v1/: bearer tokens, one shape of error, routers that the rooms add by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as FormError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from studio.workspaces.access import Member, member_by_token

logger = logging.getLogger(__name__)

DESCRIPTION = """\
Everything here speaks for one workspace, the one the bearer token was made in, with the role of the token.
Errors have one shape: `{"error": {"code", "message", "problems": [...]}}`; each problem says what is wrong,
where (`field`, `node`, `edge`, `line`, `column`) and what to do (`fix`).
"""


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────
class ProblemOut(Schema):
    """One thing that is wrong, and where."""

    code: str
    message: str
    fix: str = ""
    field: str = ""
    node: str | None = None
    edge: str | None = None
    severity: str = "error"
    line: int | None = None
    column: int | None = None


class ErrorBody(Schema):
    code: str
    message: str
    problems: list[ProblemOut] = []


class ErrorOut(Schema):
    """What every answer other than 2xx looks like."""

    error: ErrorBody


@dataclass(frozen=True)
class ApiError:
    """How an exception is answered; rooms map their own exceptions onto it."""

    status: int
    code: str
    message: str
    problems: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def response(self) -> JsonResponse:
        body = {"code": self.code, "message": self.message, "problems": [dict(one) for one in self.problems]}
        return JsonResponse({"error": body}, status=self.status)


Answer = Callable[[Any], ApiError]


def _invalid(error: ValidationError) -> ApiError:
    problems = [
        {"code": f"schema.{one['type']}", "message": f"{one['msg']}.", "field": _field(one["loc"])}
        for one in error.errors
    ]
    return ApiError(422, "invalid", "The request does not fit.", problems)


def _field(loc: Sequence[Any]) -> str:
    """Without where in the request it came from, and the name of the function's parameter."""
    inner = loc[2:] if loc and loc[0] == "body" and len(loc) > 2 else loc[1:]
    return ".".join(str(part) for part in inner)


def _form_error(error: FormError) -> ApiError:
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    problems = [
        {"code": "invalid", "message": message, "field": "" if name == "__all__" else name}
        for name, messages in by_field.items()
        for message in messages
    ]
    return ApiError(422, "invalid", problems[0]["message"] if problems else "Not valid.", problems)


def _http_error(error: HttpError) -> ApiError:
    return ApiError(
        error.status_code, "bad_request" if error.status_code == 400 else "refused", error.message
    )


def _crashed(error: Exception) -> ApiError:
    logger.error("The API failed", exc_info=error)
    return ApiError(500, "internal", "Something went wrong on our side; the log says what.")


ERRORS: dict[type[Exception], Answer] = {
    AuthenticationError: lambda _: ApiError(
        401, "unauthorized", "Send a valid API token: Authorization: Bearer trp_…"
    ),
    PermissionDenied: lambda error: ApiError(403, "forbidden", str(error) or "You may not do this."),
    Http404: lambda error: ApiError(404, "not_found", str(error) or "There is no such object."),
    ValidationError: _invalid,
    FormError: _form_error,
    RequestDataTooBig: lambda _: ApiError(413, "too_large", "The request is too large."),
    SuspiciousOperation: lambda _: ApiError(400, "bad_request", "The request was refused."),
    HttpError: _http_error,
    Exception: _crashed,
}


# ── who asks ────────────────────────────────────────────────────────────────────────────────────────
class Bearer(HttpBearer):
    """An API token; `request.auth` becomes the member it speaks for."""

    def authenticate(self, request: HttpRequest, token: str) -> Member | None:
        return member_by_token(token)


def caller(request: HttpRequest) -> Member:
    """The member the token of this request speaks for."""
    member = getattr(request, "auth", None)
    if not isinstance(member, Member):
        raise AuthenticationError
    return member


# ── putting it together ─────────────────────────────────────────────────────────────────────────────
@cache
def api() -> NinjaAPI:
    """The API with the routers and errors that the settings name."""
    made = NinjaAPI(
        title="Troupe",
        version="1",
        description=DESCRIPTION,
        auth=Bearer(),
        docs_url=None,  # its page loads scripts from elsewhere, which our policy forbids
        urls_namespace="api",
    )
    for dotted in settings.API_ROUTERS:
        made.add_router("", import_string(dotted))
    errors = dict(ERRORS)
    for dotted in settings.API_ERRORS:
        errors |= import_string(dotted)
    for kind, answer in errors.items():
        made.add_exception_handler(kind, _handler(answer))
    return made


def _handler(answer: Answer) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        response = answer(error).response()
        if response.status_code == 401:
            response["WWW-Authenticate"] = "Bearer"
        return response

    return handle


@csrf_exempt
def unknown(request: HttpRequest, path: str) -> HttpResponse:
    """Everything under /api/ that is no address of the API."""
    return ApiError(
        404, "not_found", f"There is no address /api/{path}; see /api/v1/openapi.json."
    ).response()
