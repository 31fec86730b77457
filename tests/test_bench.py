"""The benchmarks' own arithmetic, and that each says what it measures."""

from __future__ import annotations

from importlib import import_module

import pytest

from bench.engine import MEASUREMENTS
from bench.growth import slope
from bench.report import Figure, Section, all_met, as_markdown
from tests.test_structure import ROOT


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_is_titled_explained_and_documented(name: str) -> None:
    module = import_module(f"bench.{name}")
    assert module.TITLE
    assert module.ABOUT.endswith(".")
    assert callable(module.measure)
    assert f"| `{name}` |" in (ROOT / "docs" / "benchmarks.md").read_text()


def test_a_figure_is_met_on_the_right_side_of_its_target() -> None:
    assert Figure("a", 1.0, "×", 1.0).met
    assert not Figure("a", 1.01, "×", 1.0).met
    assert Figure("a", 2.0, "/s", 1.8, "high").met
    assert not Figure("a", 1.7, "/s", 1.8, "high").met
    assert Figure("told for comparison", 99.0, "ms").met


def test_results_name_what_was_missed() -> None:
    missed = Section("x", "Title", [Figure("slow", 3.0, "×", 2.0)], "How.")
    assert not all_met([missed])
    text = as_markdown([missed], {"Processor cores": "2"})
    assert "| slow | 3.000 × | ≤ 2 × | **MISSED** |" in text
    assert "| Processor cores | 2 |" in text


def test_the_slope_of_equal_turns_is_what_a_turn_adds() -> None:
    assert slope([100] * 25) == pytest.approx(100)
    assert slope([200] * 25) / slope([100] * 25) == pytest.approx(2)
    assert slope(list(range(25, 50))) > slope(list(range(25)))
