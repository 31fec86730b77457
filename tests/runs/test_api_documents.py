"""docs/api.md is true: every curl on it works, and every answer it shows has the fields it shows."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from runs.models import Approval, Run
from studio.api import api
from tests.runs import scenes
from tests.runs.factory import Script
from tests.world import World, bearer

DOCUMENT = Path(settings.BASE_DIR, "docs", "api.md").read_text()
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@dataclass
class Reader:
    """Does what a reader of the page would: runs its commands in order, and takes ids from the answers."""

    values: dict[str, str]
    client: Client = field(default_factory=Client)
    done: list[str] = field(default_factory=list)

    def run(self, line: str) -> Any:
        """One curl, by the test client."""
        words = shlex.split(Template(line).substitute(self.values))
        method, headers, body, address = "GET", {}, b"", ""
        rest = iter(words[1:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest).encode()
            elif word == "--data-binary":
                body = self.values[next(rest)].encode()
            else:
                address = word
        assert address.startswith(self.values["TROUPE_URL"]), line
        path = address.removeprefix(self.values["TROUPE_URL"])
        content_type = headers.pop("Content-Type", "application/octet-stream")
        response = self.client.generic(method, path, body, content_type, headers=headers)
        self.done.append(f"{method} {path}")
        assert response.status_code in (200, 201), f"{line}\n{response.content.decode()}"
        return response.json()

    def remember(self, answer: Any) -> None:
        """The ids that later commands use."""
        match answer:
            case {"team": {"id": team, "name": "Postcard"}, "agents": _}:
                self.values["TEAM"] = team
            case {"id": run, "team": {"name": "Postcard"}, "input": _}:
                self.values["RUN"] = run
                self.values["DIGEST_OF_INPUT"] = Run.objects.get(pk=run).input_digest


def fits(sample: Any, answer: Any, place: str = "") -> None:
    """Every field of the sample is in the answer, with a value of the same kind."""
    if isinstance(sample, dict):
        assert isinstance(answer, dict), place
        for key, value in sample.items():
            assert key in answer, f"{place}.{key} is shown but not given"
            fits(value, answer[key], f"{place}.{key}")
    elif isinstance(sample, list) and sample and isinstance(sample[0], dict):
        assert answer, f"{place} is empty"
        fits(sample[0], answer[0], f"{place}[0]")
    elif sample is not None and answer is not None:
        assert type(sample) is type(answer), f"{place}: {sample!r} is shown, {answer!r} given"


@pytest.mark.django_db
def test_every_command_of_the_page_works_and_answers_as_shown(world: World) -> None:
    token = bearer(world.designer)["Authorization"].removeprefix("Bearer ")
    asked, stopped = Script(world.workspace, world.owner.user), Script(world.workspace, world.owner.user)
    scenes.running(asked).commit()
    approval = Approval.objects.get(run=asked.run)
    reader = Reader(
        {
            "TROUPE_URL": "http://127.0.0.1:8000",
            "TROUPE_TOKEN": token,
            "APPROVAL": str(approval.id),
            "DIGEST": approval.digest,
            "STOPPED_RUN": str(scenes.out_of_budget(stopped).commit().pk),
        }
    )
    answer, before = None, ""
    for language, text in BLOCK.findall(DOCUMENT):
        if language == "yaml":
            reader.values["@team.yaml"] = text
        elif language == "json" and before == "sh":
            sample = json.loads(text)
            if "error" not in sample:
                fits(sample, answer)
        elif language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                if line.startswith("curl "):
                    answer = reader.run(line)
                    reader.remember(answer)
        before = language
    assert len(reader.done) >= 13


@pytest.mark.django_db
def test_every_address_of_runs_and_approvals_is_on_the_page() -> None:
    paths = [path for path in api().get_openapi_schema()["paths"] if re.search("/(runs|approvals)", path)]
    told = re.sub(r"\$[A-Z_]+", "{}", DOCUMENT)
    missing = [path for path in paths if re.sub(r"\{\w+\}", "{}", path) not in told]
    assert not missing


def test_the_description_has_an_example_of_everything_that_is_sent() -> None:
    schemas = api().get_openapi_schema()["components"]["schemas"]
    for name in ("StartIn", "DecideIn", "RaiseIn", "EventsOut"):
        assert schemas[name].get("example"), name


def test_the_limits_that_the_page_names_are_those_of_the_code() -> None:
    from runs.api import READS, WRITES

    for most in (READS[0].most, WRITES[0].most):  # type: ignore[attr-defined]
        assert f"{most:,}" in DOCUMENT
    assert f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1024**2:g} MB" in DOCUMENT
