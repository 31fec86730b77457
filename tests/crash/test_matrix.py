"""Processes die at a representative part of all failpoints; the outcome is the crash-free twin's.

`make crash` plays the whole matrix.
"""

from __future__ import annotations

import pytest

from tests.crash.matrix import MISSED, Line, Matrix
from tests.crash.pairs import cover, neither, refuted

pytestmark = [
    pytest.mark.crash,
    pytest.mark.worker,
    pytest.mark.xdist_group("crash"),
    pytest.mark.timeout(900),
]


def bad(lines: list[Line]) -> list[str]:
    return [f"{line.shown()}\n{line.log}" for line in lines if line.wrong]


def test_a_death_at_any_failpoint_changes_nothing(matrix: Matrix) -> None:
    wrong = bad(matrix.play_twins())
    assert not wrong, "\n\n".join(wrong)
    matrix.fill_holes()
    unreached = neither(matrix.reached)
    assert not unreached, unreached
    assert refuted(matrix.reached) == []
    lines = matrix.play(cover(matrix.triples()), deaths=3)
    assert bad(lines) == []
    missed = [line.shown() for line in lines if line.outcome == MISSED]
    assert len(missed) <= len(lines) // 20, "\n".join(missed)
