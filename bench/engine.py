"""Measures the engine through the real stack, everything durable, beside bare calls and beside LangGraph.

    python bench/engine.py [--json] [--rounds N] [--only NAME,NAME] [--write FILE]

Exits with 1 when a target is missed. One measurement is one module, named in MEASUREMENTS.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path

import django

if __package__ in (None, ""):  # run by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import report
from bench.stack import Stack

MEASUREMENTS = ("sequence", "crowd", "fan_out", "recovery", "parked", "growth", "long_run", "tokens")


def main(only: tuple[str, ...] = MEASUREMENTS) -> int:
    chosen = _options(only).parse_args()
    load = os.getloadavg()[0]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is taken down
    stack = Stack()
    django.setup()
    from bench import peer  # what is behind it needs Django
    from bench.world import World

    peer.prepare()
    world = World.create(stack)
    stack.start_workers()
    surroundings = _surroundings(peer.version(), load)
    sections = []
    for name in chosen.only:
        module = import_module(f"bench.{name}")
        sections.append(
            report.Section(name, module.TITLE, module.measure(world, chosen.rounds), module.ABOUT)
        )
        if not chosen.json:
            report.print_section(sections[-1])
    if chosen.json:
        report.print_json(sections, surroundings)
    if chosen.write:
        chosen.write.write_text(report.as_markdown(sections, surroundings), encoding="utf-8")
    return 0 if report.all_met(sections) else 1


def _options(only: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of what is repeated")
    parser.add_argument("--only", type=_names, default=only, help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the results as Markdown")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    if unknown := set(names) - set(MEASUREMENTS):
        raise argparse.ArgumentTypeError(f"there is no {sorted(unknown)[0]}")
    return names


def _surroundings(langgraph: str, load: float) -> dict[str, str]:
    """What the figures depend on; nothing that names a machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    return {
        "Date": f"{datetime.now(UTC):%d %b %Y}",
        "Processor cores": str(os.cpu_count()),
        "Load before it began": f"{load:.2f}",
        "System": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "PostgreSQL": f"{postgres}, fsync and synchronous_commit on",
        "Celery, openai": f"{metadata.version('celery')}, {metadata.version('openai')}",
        "LangGraph": langgraph,
    }


if __name__ == "__main__":
    sys.exit(main())
