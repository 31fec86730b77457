"""The run page's island folds, sums and words as the server does: the same logs in both, compared."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runs.engine import events as ev
from runs.engine.fold import replay
from runs.figures.totals import total, totals_by
from runs.models import Event, LogEvent
from studio.embedded import node
from studio.web import figures
from studio.workspaces.models import User, Workspace
from tests.runs import approval_scenes, scenes
from tests.runs.factory import Script
from tests.runs.scene_of_limits import limits
from tests.runs.scene_of_rounds import rounds

MORE = {
    "oddities": scenes.oddities,
    "limits": limits,
    "approvals": approval_scenes.everything,
    "forked": scenes.forked,
    "rounds": rounds,
}
ROOT = Path(__file__).resolve().parents[2]


def in_node(**asked: Any) -> dict[str, Any]:
    """What the island makes of it."""
    done = subprocess.run(
        [*node.find().node, "tests/runs/in_node.mjs"],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def plain(value: Any) -> Any:
    """Python's state in the island's JSON: money as its shortest decimal string."""
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case dict():
            return {
                "#".join(map(str, key)) if isinstance(key, tuple) else key: plain(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [plain(item) for item in value]
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case _ if dataclasses.is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return value


@pytest.fixture
def logs(db: None) -> dict[str, Script]:
    workspace = Workspace.objects.create(name="Demo", slug="demo")
    user = User.objects.create_user("you@example.org", name="You")
    found = {}
    for name, scene in (scenes.SCENES | MORE).items():
        found[name] = scene(Script(workspace, user))
        found[name].commit()
    return found


def test_the_island_folds_every_log_to_the_servers_state(logs: dict[str, Script]) -> None:
    stored = {name: list(_bodies(script)) for name, script in logs.items()}
    answers = in_node(logs={name: [json.loads(body) for body in bodies] for name, bodies in stored.items()})[
        "logs"
    ]
    for name, bodies in stored.items():
        expected = plain(replay(ev.decode(body) for body in bodies))
        assert answers[name]["state"] == expected, name


def test_the_logs_compared_hold_every_type_of_event(logs: dict[str, Script]) -> None:
    known = {event_type.__struct_config__.tag for event_type in ev.TYPES}
    assert set(Event.objects.values_list("type", flat=True)) == known


def test_the_islands_sums_are_the_ledgers(logs: dict[str, Script]) -> None:
    answers = in_node(
        logs={name: [json.loads(body) for body in _bodies(script)] for name, script in logs.items()}
    )
    for name, script in logs.items():
        entries = script.run.ledger.all()
        rows = {path: sums for (path,), sums in totals_by(entries, "path").items()}
        answer = answers["logs"][name]
        assert answer["sums"].keys() == rows.keys(), name
        for path, sums in [*rows.items(), ("", total(entries))]:
            theirs = answer["sums"].get(path, answer["total"])
            assert (
                Decimal(theirs["cost"]),
                theirs["billed"],
                theirs["unknown"],
                theirs["input"] + theirs["output"],
                theirs["cached"],
                theirs["reasoning"],
            ) == (
                sums.real + sums.simulated_cost,
                sums.calls,
                sums.unknown,
                sums.tokens,
                sums.cached_tokens,
                sums.reasoning_tokens,
            ), f"{name} {path}"


def _bodies(script: Script) -> list[str]:
    return list(LogEvent.objects.filter(run_id=script.run.pk).order_by("seq").values_list("body", flat=True))


MONEY = ["0", "0.01", "0.1", "1", "18.42", "1234567.891", "0.0042", "0.00071", "0.00002", "0.000000000012"]
MONEY += ["0.00099996", "0.999999", "0.015", "0.0105", "-0.0042", "12.345"]
TOKENS = [0, 1, 819, 999, 1000, 40_083, 99_949, 99_951, 188_000, 999_499, 999_500, 1_234_567, 999_500_000]
DURATIONS = [0, 0.038, 0.0994, 0.0996, 0.7, 2.4, 59.94, 59.96, 60, 388, 3599.6, 4320, 86_399, 90_000, 200_000]


def test_figures_are_written_alike() -> None:
    answer = in_node(money=[*MONEY, None], tokens=TOKENS, durations=DURATIONS)
    assert answer["money"] == [*(figures.money(Decimal(text)) for text in MONEY), "unknown"]
    assert answer["tokens"] == [figures.tokens(count) for count in TOKENS]
    assert answer["durations"] == [figures.duration(seconds) for seconds in DURATIONS]
