"""What the canvas sends: the draft with the revision it changes, or a graph to be checked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.topology.graph import Graph
from agents.topology.problems import Problem, Refused, from_validation_error


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaveBody(Body):
    revision: int
    graph: Graph
    name: str = Field("", max_length=80)


class ValidateBody(Body):
    graph: Graph


class PublishBody(Body):
    revision: int
    note: str = Field("", max_length=200)


B = TypeVar("B", bound=Body)


def read(body: type[B], request: HttpRequest) -> B:
    """The request's JSON as `body`. Raises Refused with every mistake and the node or edge it is in."""
    try:
        return body.model_validate_json(request.body)
    except ValidationError as error:
        found = zip(error.errors(include_url=False), from_validation_error(error), strict=True)
        sent = _graph_of(request)
        raise Refused([_placed(problem, item["loc"], sent) for item, problem in found]) from error


def _graph_of(request: HttpRequest) -> Any:
    try:
        return json.loads(request.body)["graph"]
    except (ValueError, KeyError, TypeError):  # then there is no node to speak of
        return None


def _placed(problem: Problem, loc: tuple[int | str, ...], graph: Any) -> Problem:
    match loc:
        case ("graph", ("nodes" | "edges") as part, int(at), *_):
            name = graph[part][at].get("id") if isinstance(graph[part][at], dict) else None
            known = name if isinstance(name, str) else None
            return replace(problem, node=known) if part == "nodes" else replace(problem, edge=known)
    return problem
