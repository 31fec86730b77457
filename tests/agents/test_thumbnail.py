"""The small drawing of a team: every node and edge, inside its frame, nothing of a person's text in it."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

from agents.presets.registry import presets
from agents.thumbnail import HEIGHT, WIDTH, thumbnail
from agents.topology.graph import Edge, EdgeKind, Graph, Node, Position

SVG = ElementTree.Element


def drawn(graph: Graph, states: dict[str, str] | None = None) -> SVG:
    return ElementTree.fromstring(str(thumbnail(graph, states)))


def boxes(svg: SVG) -> list[tuple[float, float, float, float]]:
    found = []
    for rect in svg.findall("rect"):
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x, y, width, height))
    return found


def line(count: int, *, placed: bool) -> Graph:
    nodes = [
        Node(id=f"n{n}", kind="agent", position=Position(x=n * 240 if placed else 0, y=0))
        for n in range(count)
    ]
    edges = [Edge(id=f"e{n}", source=f"n{n}", target=f"n{n + 1}") for n in range(count - 1)]
    return Graph(nodes=nodes, edges=edges)


def test_every_preset_fits_its_frame() -> None:
    for preset in presets():
        graph = preset.file.graph
        svg = drawn(graph)
        assert len(boxes(svg)) == len(graph.nodes)
        assert len(svg.findall("path[@class='arrow']")) == len(graph.edges)
        for x, y, width, height in boxes(svg):
            assert 0 <= x <= WIDTH - width, preset.name
            assert 0 <= y <= HEIGHT - height, preset.name


def test_nodes_that_nobody_placed_stand_in_the_order_in_which_they_run() -> None:
    columns = [x for x, _, _, _ in boxes(drawn(line(4, placed=False)))]
    assert columns == sorted(set(columns))


def test_five_hundred_nodes_are_still_inside() -> None:
    assert all(x >= 0 and x + width <= WIDTH + 2.5 for x, _, width, _ in boxes(drawn(line(500, placed=True))))


def test_an_empty_team_and_a_single_node_are_drawn() -> None:
    assert boxes(drawn(Graph())) == []
    ((x, _, width, _),) = boxes(drawn(line(1, placed=True)))
    assert x + width / 2 == WIDTH / 2


def test_kinds_of_edges_and_states_of_nodes_are_told_apart() -> None:
    graph = line(3, placed=True)
    edges = [
        graph.edges[0].model_copy(update={"kind": EdgeKind.ERROR}),
        graph.edges[1].model_copy(update={"kind": EdgeKind.DELEGATES}),
    ]
    svg = drawn(graph.model_copy(update={"edges": edges}), {"n1": "failed"})
    assert [path.attrib["class"] for path in svg.findall("path") if "edge" in path.attrib["class"]] == [
        "edge edge-error",
        "edge edge-delegates",
    ]
    assert [rect.attrib["class"] for rect in svg.findall("rect")] == ["node", "node s-failed", "node"]


def test_a_graph_with_edges_to_nowhere_and_kinds_nobody_knows_is_drawn_all_the_same() -> None:
    graph = Graph(
        nodes=[Node(id="a", kind="from_the_future")], edges=[Edge(id="e", source="a", target="gone")]
    )
    svg = drawn(graph)
    assert len(boxes(svg)) == 1
    assert [path.attrib["class"] for path in svg.findall("path")] == ["ink"]  # the lines on its card


def every_kind() -> Graph:
    """A supervisor with workers and a peer, in a loop; nobody has placed them."""
    kinds = {"input": "input", "lead": "agent", "again": "loop", "output": "output"}
    nodes = [Node(id=name, kind=kind) for name, kind in kinds.items()]
    nodes += [Node(id=name, kind="agent") for name in ("first", "second", "peer")]
    ways = [
        ("input", "lead", EdgeKind.FLOW),
        ("lead", "again", EdgeKind.FLOW),
        ("again", "lead", EdgeKind.FLOW),
        ("again", "output", EdgeKind.FLOW),
        ("lead", "output", EdgeKind.ERROR),
        ("lead", "first", EdgeKind.DELEGATES),
        ("lead", "second", EdgeKind.DELEGATES),
        ("lead", "peer", EdgeKind.HANDOFF),
    ]
    edges = [Edge(id=f"{a}-{b}-{kind}", source=a, target=b, kind=kind) for a, b, kind in ways]
    return Graph(nodes=nodes, edges=edges)


def test_every_kind_of_edge_has_a_look_of_its_own() -> None:
    svg = drawn(every_kind())
    looks = Counter(path.attrib["class"] for path in svg.findall("path") if "edge" in path.attrib["class"])
    assert looks == {
        "edge": 3,
        "edge edge-back": 1,
        "edge edge-error": 1,
        "edge edge-delegates": 2,
        "edge edge-handoff": 1,
    }


def test_workers_hang_below_their_supervisor_and_what_leads_back_rises_above() -> None:
    graph = every_kind()
    svg = drawn(graph)
    top = dict(zip([node.id for node in graph.nodes], [y for _, y, _, _ in boxes(svg)], strict=True))
    assert top["first"] == top["second"] == top["peer"] > top["lead"]
    (back,) = svg.findall("path[@class='edge edge-back']")
    assert min(float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", back.attrib["d"])) < top["lead"]
    for x, y, width, height in boxes(svg):
        assert 0 <= x <= WIDTH - width
        assert 0 <= y <= HEIGHT - height
