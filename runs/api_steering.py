"""The part of the JSON API that steers a run under way, or takes up one that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import ConfigDict, Field

from runs import access, actions
from runs import api_schemas as io
from runs.api import READS, REFUSES, WRITES, detail
from studio.api import caller
from studio.workspaces.access import Role

F = TypeVar("F", bound=Callable[..., Any])
router = Router(throttle=READS, tags=["runs"])
Path = Annotated[str, Field(min_length=1, max_length=200)]


class PauseIn(io.Body):
    reason: Annotated[str, Field(max_length=500)] = ""


class NodeIn(io.Body):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"path": "draft"}})

    path: Path


class GiveIn(NodeIn):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"path": "draft", "output": "The text of the draft."}}
    )

    output: Any
    comment: Annotated[str, Field(max_length=500)] = ""


def _post(path: str, name: str) -> Callable[[F], F]:
    made: Callable[[F], F] = router.post(
        f"/runs/{{uuid:run_id}}/{path}",
        response={200: io.RunDetailOut, **REFUSES},
        url_name=name,
        throttle=WRITES,
    )
    return made


@_post("pause", "pause_run")
def pause_run(request: HttpRequest, run_id: UUID, body: PauseIn | None = None) -> io.RunDetailOut:
    """Start nothing new until it is resumed; what is in flight ends, and its result is kept."""
    member = caller(request)
    run = access.get_run(member, run_id, Role.OPERATOR)
    actions.pause_run(actor=member, run=run, reason=body.reason if body else "")
    return detail(member, run_id)


@_post("resume", "resume_run")
def resume_run(request: HttpRequest, run_id: UUID) -> io.RunDetailOut:
    """Go on after a pause. One that is not paused stays as it is."""
    member = caller(request)
    actions.resume_run(actor=member, run=access.get_run(member, run_id, Role.OPERATOR))
    return detail(member, run_id)


@_post("retry", "retry_node")
def retry_node(request: HttpRequest, run_id: UUID, body: NodeIn) -> io.RunDetailOut:
    """Run a failed node and what comes after it again; what had finished before it is not repeated."""
    member = caller(request)
    actions.retry_node(actor=member, run=access.get_run(member, run_id, Role.OPERATOR), path=body.path)
    return detail(member, run_id)


@_post("give-output", "give_output")
def give_output(request: HttpRequest, run_id: UUID, body: GiveIn) -> io.RunDetailOut:
    """Skip the work of a node that failed or is at it: it gives `output`."""
    member = caller(request)
    run = access.get_run(member, run_id, Role.OPERATOR)
    actions.give_output(actor=member, run=run, path=body.path, value=body.output, comment=body.comment)
    return detail(member, run_id)
