"""The primitive for kinds that run other nodes: start an instance, and see how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from agents.topology.check import Scope
from agents.topology.graph import Node
from agents.topology.problems import Problem
from runs.engine import events as ev
from runs.engine.content import Content
from runs.engine.kind import NodeView
from runs.engine.state import Node as Instance
from runs.engine.state import NodeStatus


def path_of(view: NodeView, key: int | str, node_id: str) -> str:
    return f"{view.path}/{key}/{node_id}"


def start(
    view: NodeView, key: int | str, node_id: str, given: Any, content: Content, task: str = ""
) -> ev.Event:
    """The worker `node_id` starts with `given`; `task` says in words what is asked of it."""
    return ev.NodeStarted(
        path=path_of(view, key, node_id),
        parent=view.path,
        given=content.put(given),
        task=content.put(task) if task else "",
    )


def at(view: NodeView, key: int | str, node_id: str) -> Instance | None:
    return view.run.nodes.get(path_of(view, key, node_id))


def is_done(instance: Instance | None) -> bool:
    return instance is not None and instance.status is NodeStatus.DONE


def active(view: NodeView) -> int:
    return sum(not instance.settled for instance in view.run.spawned(view.path))


def failures(view: NodeView, instances: list[Instance]) -> str:
    """Why some did not finish, in a line."""
    lost = [one for one in instances if one.settled and one.status is not NodeStatus.DONE]
    return "; ".join(f"{view.plan.title(one.path)}: {one.message or one.status}" for one in lost)[:400]


def worker_problems(
    node: Node, scope: Scope, least: int, most: int, what: str, reserved: str = ""
) -> Iterator[Problem]:
    """Whether as many delegates edges lead away from `node` as it needs, to nodes that can be told apart.

    `reserved` is the name that means none of them.
    """
    workers = scope.view.workers(node.id)
    count = len(workers)
    names = Counter(scope.view.nodes[worker].title.casefold() for worker in workers)
    for worker in workers:
        title = scope.view.nodes[worker].title
        if most > 1 and (names[title.casefold()] > 1 or title.casefold() == reserved):
            why = "means nobody here" if title.casefold() == reserved else "is the name of others as well"
            message = f"{node.title} tells its {what} apart by their names, and {title} {why}."
            yield Problem("workers.names", message, "Rename it.", worker, field="name")
    if count < least:
        missing = "nobody" if count == 0 else f"only {count}"
        need = f"at least {least}" if most > least else str(least)
        yield Problem(
            "workers.few",
            f"{node.title} has {missing} to work with; it needs {need} {what}.",
            f"Draw delegating edges from it to {need}.",
            node.id,
        )
    elif count > most:
        yield Problem(
            "workers.many",
            f"{node.title} delegates to {count} nodes; it takes {most} {what}.",
            "Delete the others.",
            node.id,
        )
