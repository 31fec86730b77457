"""How the log of an agent loop grows: by the same number of bytes each turn, its content included."""

from __future__ import annotations

import re
from itertools import accumulate

from django.db.models import F
from django.db.models.functions import Length

from bench import teams
from bench.report import Figure
from bench.world import World
from runs.models import Blob, Event, Run

TITLE = "The log of an agent loop of 50 turns"
ABOUT = (
    "One agent goes round 50 times and writes another note each time. A turn's bytes are those of its events "
    "as stored and of every message, argument and result that they refer to for the first time; the slope is "
    "a least-squares line through what has been stored after each turn."
)
TURNS = 50
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def measure(world: World, rounds: int) -> list[Figure]:
    run = world.finished(teams.loops(world.actor, 1, world.url("loop_tools"), "notes_write"))
    turns = bytes_by_turn(run)[1 : TURNS + 1]  # the first holds the prompt too; the answer comes after all
    if len(turns) < TURNS:
        raise SystemExit(f"The agent went round {len(turns)} times instead of {TURNS}.")
    half = TURNS // 2
    first, second = slope(turns[:half]), slope(turns[half:])
    return [
        Figure("bytes a turn, first half", first, "B"),
        Figure("bytes a turn, second half", second, "B"),
        Figure("second half over first", second / first, "×", 1.1),
        Figure("all of the run", sum(bytes_by_turn(run)) / 1e3, "kB"),
    ]


def bytes_by_turn(run: Run) -> list[int]:
    """Bytes of events and of new content, from one model call's start to the next's."""
    sizes = dict(
        Blob.objects.filter(workspace=run.workspace_id)
        .annotate(size=Length(F("content")))
        .values_list("digest", "size")
    )
    turns, known = [0], set[str]()
    for kind, body in Event.objects.filter(run=run).order_by("seq").values_list("type", "body"):
        if kind == "ModelCallStarted":
            turns.append(0)
        fresh = set(DIGEST.findall(body)) - known
        known |= fresh
        turns[-1] += len(body.encode()) + sum(sizes.get(digest, 0) for digest in fresh)
    return turns


def slope(values: list[int]) -> float:
    """Of the line that fits the running sum of `values` best."""
    sums = list(accumulate(values))
    middle, mean = (len(sums) - 1) / 2, sum(sums) / len(sums)
    above = sum((x - middle) * (y - mean) for x, y in enumerate(sums))
    return above / sum((x - middle) ** 2 for x in range(len(sums)))
