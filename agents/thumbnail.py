"""A team's graph as a very small SVG, for cards and lists; dressed by static/css/thumbnail.css."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from agents.topology.graph import Edge, EdgeKind, Graph, Node, Position
from agents.topology.registry import kinds
from agents.topology.view import GraphView

WIDTH, HEIGHT, PADDING = 96, 52, 4
RISE = 9  # how far an edge that leads back rises above what it connects
LARGEST = 0.11  # of the canvas' size: a card of 180 is never drawn wider than 20
LEGIBLE = 9  # narrower cards stay blank
ROW, COLUMN = 150, 240  # where nodes lie that nobody has placed


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def thumbnail(graph: Graph, states: Mapping[str, str] | None = None, width: int = WIDTH) -> SafeString:
    """The drawing. `states` gives the nodes of a run their state's class: `{"triage": "done"}`.

    `width` is that of the paper, its height being 52; the drawing is centred on it.
    """
    boxes = _scaled(graph, width)
    states = states or {}
    back = GraphView(graph).back_edges
    edges = format_html_join(
        "",
        '<path class="edge{}" d="{}"/><path class="arrow" d="{}"/>',
        (
            _edge(edge, boxes, edge.id in back)
            for edge in graph.edges
            if edge.source in boxes and edge.target in boxes
        ),
    )
    nodes = format_html_join(
        "",
        '<rect class="node{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>',
        (_node(box, states.get(name, "")) for name, box in boxes.items()),
    )
    words = format_html('<path class="ink" d="{}"/>', "".join(map(_words, boxes.values())))
    return format_html(
        '<svg class="thumb" viewBox="0 0 {} {}" aria-hidden="true">{}{}{}</svg>',
        *(width, HEIGHT, edges, nodes, words),
    )


# ── where things are ────────────────────────────────────────────────────────────────────────────────
def _size(node: Node) -> tuple[int, int]:
    """As the canvas draws it: static/islands/graph/geometry.ts."""
    kind = kinds().get(node.kind)
    if kind is not None and kind.shape == "tile":
        return 44, 44
    return (180 if kind is not None and kind.group == "thinks" else 156), 102


def _places(graph: Graph) -> dict[str, Position]:
    """Where nodes are drawn; if nobody placed them, in columns by how far they are from the beginning.

    Workers lie in a row below the first node that runs them.
    """
    drawn = {node.id: node.position for node in graph.nodes}
    if len(graph.nodes) < 2 or len({(place.x, place.y) for place in drawn.values()}) > 1:
        return drawn
    view = GraphView(graph)
    depth: dict[str, int] = {}
    for name in view.order:
        if name not in view.spawned:
            depth[name] = max((depth[edge.source] + 1 for edge in view.flow_in(name)), default=0)
    columns: dict[int, list[Node]] = {}
    for node in graph.nodes:
        if node.id in depth or node.id not in view.spawned:
            columns.setdefault(depth.get(node.id, 0), []).append(node)
    places = {
        node.id: Position(x=column * COLUMN, y=(at - (len(nodes) - 1) / 2) * ROW - _size(node)[1] / 2)
        for column, nodes in columns.items()
        for at, node in enumerate(nodes)
    }
    _place_spawned(view, places)
    return places


def _place_spawned(view: GraphView, places: dict[str, Position]) -> None:
    """Below who runs them, level by level; each level to the right of what lies there already."""
    level = list(places)
    while level:
        lower: list[str] = []
        below = max(place.y for place in places.values()) + ROW
        taken = min(place.x for place in places.values())
        for boss in level:
            run = [*view.workers(boss), *view.peers(boss)]
            fresh = [name for name in dict.fromkeys(run) if name not in places]
            left = max(taken, places[boss].x - (len(fresh) - 1) / 2 * COLUMN)
            for at, name in enumerate(fresh):
                places[name] = Position(x=left + at * COLUMN, y=below)
            taken = left + len(fresh) * COLUMN if fresh else taken
            lower += fresh
        level = lower
    for name in view.nodes:
        places.setdefault(name, Position())


def _scaled(graph: Graph, paper: int) -> dict[str, Box]:
    """The nodes' boxes in the drawing's own units, centred."""
    places = _places(graph)
    boxes = {node.id: Box(places[node.id].x, places[node.id].y, *_size(node)) for node in graph.nodes}
    if not boxes:
        return {}
    left = min(box.x for box in boxes.values())
    top = min(box.y for box in boxes.values())
    width = max(box.x + box.width for box in boxes.values()) - left
    height = max(box.y + box.height for box in boxes.values()) - top
    scale = min((paper - 2 * PADDING) / width, (HEIGHT - 2 * PADDING) / height, LARGEST)
    dx, dy = (paper - width * scale) / 2, (HEIGHT - height * scale) / 2
    return {
        name: Box(
            round((box.x - left) * scale + dx, 1),
            round((box.y - top) * scale + dy, 1),
            round(max(box.width * scale, 2.5), 1),
            round(max(box.height * scale, 2.5), 1),
        )
        for name, box in boxes.items()
    }


# ── what they look like ─────────────────────────────────────────────────────────────────────────────
def _node(box: Box, state: str) -> tuple[str, float, float, float, float, float]:
    round_corner = round(min(box.width, box.height) * 0.26, 1)
    return f" s-{state}" if state else "", box.x, box.y, box.width, box.height, round_corner


def _words(box: Box) -> str:
    """A dot and a line where a card has its icon and its name, if there is room to see them."""
    if box.width < LEGIBLE:
        return ""
    x, y = _round(box.x + box.width * 0.2, box.middle)
    return f"M{x} {y}h0M{round(x + box.width * 0.2, 1)} {y}h{round(box.width * 0.38, 1)}"


def _edge(edge: Edge, boxes: Mapping[str, Box], back: bool) -> tuple[str, str, str]:
    """Its class, its curve and its arrows."""
    source, target = boxes[edge.source], boxes[edge.target]
    kind = "" if edge.kind is EdgeKind.FLOW else f" edge-{edge.kind}"
    if edge.kind is EdgeKind.DELEGATES:
        x1, y1 = _round(source.x + source.width / 2, source.y + source.height)
        x2, y2 = _round(target.x + target.width / 2, target.y)
        bend = round((y1 + y2) / 2, 1)
        return kind, f"M{x1} {y1}C{x1} {bend} {x2} {bend} {x2} {y2}", _down(x2, y2)
    if back:
        x1, y1 = _round(source.x + source.width / 2, source.y)
        x2, y2 = _round(target.x + target.width / 2, target.y)
        rise = round(max(min(y1, y2) - RISE, 1.5), 1)
        return " edge-back", f"M{x1} {y1}C{x1} {rise} {x2} {rise} {x2} {y2}", _down(x2, y2)
    x1, y1 = _round(source.x + source.width, source.middle)
    x2, y2 = _round(target.x, target.middle)
    bend = round((x1 + x2) / 2, 1)
    curve = f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}"
    if edge.kind is EdgeKind.HANDOFF:  # it goes both ways
        return kind, curve, f"{_right(x2, y2)}M{round(x1 + 2, 1)} {round(y1 - 1.5, 1)}L{x1} {y1}l2 1.5"
    return kind, curve, _right(x2, y2)


def _down(x: float, y: float) -> str:
    return f"M{round(x - 1.5, 1)} {round(y - 2, 1)}L{x} {y}l1.5 -2"


def _right(x: float, y: float) -> str:
    return f"M{round(x - 2, 1)} {round(y - 1.5, 1)}L{x} {y}l-2 1.5"


def _round(x: float, y: float) -> tuple[float, float]:
    return round(x, 1), round(y, 1)
