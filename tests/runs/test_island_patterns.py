"""The islands see colleagues, rounds and variables as the server does: logs and graphs in both, compared."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agents.presets.registry import presets
from agents.topology.graph import Graph, dump
from agents.topology.registry import kinds
from agents.topology.view import GraphView
from runs.engine import events as ev
from tests.engine.harness import Engine, Says
from tests.engine.teams import IN, OUT, agent, team
from tests.engine.test_colleagues import AGENTS, Scripted, asks
from tests.runs.test_island_agrees import in_node, plain


def supervised() -> Engine:
    """A lead with two workers, in a loop of two rounds, that keeps what it wrote in a variable."""
    model = Scripted(lead=[asks("alice", "bob"), "first", asks("bob"), "second"], alice=["a"], bob=["b"])
    nodes = {
        "in": IN,
        "lead": agent("lead"),
        "alice": agent("alice"),
        "bob": agent("bob"),
        "again": ("loop", {"max_iterations": 2}),
        "out": OUT,
    }
    edges = ["in>lead", "lead>again", "again>lead", "again>out", "lead:alice", "lead:bob"]
    drafts = {"name": "drafts", "type": "array", "merge": "append"}
    made = team(nodes, edges, agents=AGENTS, variables=[drafts], writes={"lead": {"drafts": "output"}})
    return Engine(made, model).start().go()


def handed_over() -> Engine:
    model = Scripted(alice=[Says(tools=[("transfer_to_bob", {"message": "Yours."})])], bob=["Mine."])
    nodes = {"in": IN, "alice": agent("alice"), "bob": agent("bob"), "out": OUT}
    return Engine(team(nodes, ["in>alice", "alice>out", "alice~bob"], agents=AGENTS), model).start().go()


@pytest.mark.parametrize("scene", [supervised, handed_over])
def test_the_island_folds_instances_rounds_and_variables_alike(scene: Callable[[], Engine]) -> None:
    engine = scene()
    assert engine.state.ended == "done"
    log = [json.loads(ev.encode(event)) for event in engine.log]
    assert in_node(logs={"it": log})["logs"]["it"]["state"] == plain(engine.state)


def nested() -> Graph:
    """A loop within a loop, workers of workers, and a peer of one of them."""
    edges = ["in>a", "a>b", "b>inner", "inner>b", "inner>outer", "outer>a", "outer>out", "a:w", "w:v", "b~p"]
    nodes = {name: agent("lead") for name in ("a", "b", "w", "v", "p")}
    nodes |= {"in": IN, "inner": ("loop", {}), "outer": ("loop", {}), "out": OUT}
    return team(nodes, edges, agents=AGENTS).graph


def test_the_canvas_sees_loops_workers_and_what_can_be_read_as_the_server_does() -> None:
    graphs = [*(preset.file.graph for preset in presets()), supervised().team.graph, nested()]
    described = [kind.describe() for kind in kinds().values()]
    seen = in_node(graphs=[{"graph": dump(graph), "kinds": described} for graph in graphs])["graphs"]
    for graph, found in zip(graphs, seen, strict=True):
        view = GraphView(graph)
        assert found == {
            "back_edges": sorted(view.back_edges),
            "spawned": sorted(view.spawned),
            "workers": {node: view.workers(node) for node in view.nodes if view.workers(node)},
            "peers": {node: sorted(view.peers(node)) for node in view.nodes if view.peers(node)},
            "loops": {end: [loop.start, *sorted(loop.body)] for end, loop in view.loops.items()},
            "readable": {node: sorted(view.readable[node]) for node in view.nodes},
        }
