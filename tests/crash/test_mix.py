"""What the soak plays: all patterns of the gallery, whatever number it draws first."""

from __future__ import annotations

import random

import pytest

from agents.presets.registry import NAMES, preset
from agents.topology.graph import Edge
from tests.crash.scenario import Scenario
from tests.crash.soak.case import mixed, suitable


def parts(scenario: Scenario) -> set[str]:
    """The kinds of nodes and of edges that a scenario has."""
    signs = {"!": "error", ":": "delegates", "~": "handoff"}
    found = {kind for kind, _ in scenario.nodes.values()}
    for edge in scenario.edges:
        if isinstance(edge, str):
            found |= {kind for sign, kind in signs.items() if sign in edge}
        else:
            found.add(Edge.model_validate({"id": "e", **edge}).kind.value)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_of_the_gallery_is_in_the_mix(name: str) -> None:
    graph = preset(name).file.graph
    wanted = {node.kind for node in graph.nodes} | {edge.kind.value for edge in graph.edges} - {"flow"}
    assert wanted <= {part for scenario in suitable() for part in parts(scenario)}


def test_no_scenario_comes_again_before_all_others_came() -> None:
    count = len(suitable())
    names = [one.name for one in mixed(2 * count, random.Random(7))]
    assert len(set(names[:count])) == len(set(names[count:])) == count
    assert names[:count] != names[count:]
