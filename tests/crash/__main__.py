"""The whole crash matrix: every scenario × every failpoint it reaches.

make crash                          (python -m tests.crash)
make crash ARGS="--scenario gate"   only scenarios whose name contains this
make crash ARGS="--part 20"         only so many cases, spread over all
"""

from __future__ import annotations

import argparse
import sys
import threading
import time

import psycopg

from bench.stack import Stack

STACK = Stack()

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.crash.bed import Bed  # noqa: E402
from tests.crash.luck import lucky  # noqa: E402
from tests.crash.matrix import BY_NAME, Line, Matrix, totals  # noqa: E402
from tests.crash.pairs import IMPOSSIBLE, PAIRS, Triple, cover, neither, refuted  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--scenario", default="")
    options.add_argument("--part", type=int, default=0)
    options.add_argument("--logs", action="store_true", help="print the log of every run")
    options.add_argument("--cover", action="store_true", help="the part that `make test` plays")
    options.add_argument("--workers", type=int, default=8)
    options.add_argument("--deaths", type=int, default=1, help="as many in one run")
    options.add_argument("--twins", action="store_true", help="only without deaths")
    options.add_argument("--luck", type=int, default=0, help="twins so often: what hangs on luck")
    chosen = options.parse_args()
    _create_database()
    call_command("migrate", verbosity=0)
    bed = Bed({}, STACK.rehearsal, STACK.root / "crash", chosen.workers).start()
    began = time.monotonic()
    try:
        matrix = Matrix(bed, at_once=chosen.workers + 4)
        names = [name for name in BY_NAME if chosen.scenario in name]
        if chosen.luck:
            print("\n".join(lucky(matrix, names, chosen.luck, _Teller(chosen.logs))))
            return 0
        lines = matrix.play_twins(names, _Teller(chosen.logs))
        if not chosen.scenario:
            matrix.fill_holes(_Teller(chosen.logs))
        if not chosen.twins:
            lines += matrix.play(_wanted(matrix, chosen), _Teller(chosen.logs), deaths=chosen.deaths)
        holes = [] if chosen.scenario else _holes(matrix)
        print()
        print(totals(lines, bed.deaths))
        print(
            f"{'pairs reached / impossible / of':<56} "
            f"{len(matrix.reached)} / {len(IMPOSSIBLE)} / {len(PAIRS)}"
        )
        print(f"{'took':<56} {time.monotonic() - began:.0f} s")
        return 1 if holes or any(line.wrong for line in lines) else 0
    finally:
        bed.stop()


def _create_database() -> None:
    with psycopg.connect(STACK.postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE troupe")


def _wanted(matrix: Matrix, chosen: argparse.Namespace) -> list[Triple]:
    triples = sorted(matrix.triples(), key=lambda one: (one.type, one.moment, one.scenario))
    if chosen.cover:
        return cover(triples)
    if chosen.part:
        return triples[:: max(len(triples) // chosen.part, 1)]
    return triples


def _holes(matrix: Matrix) -> list[str]:
    found = [f"neither reached nor excused: {name} {moment}" for name, moment in neither(matrix.reached)]
    found += [f"said to be impossible, but reached: {n} {m}" for n, m in refuted(matrix.reached)]
    print("\n".join(found))
    return found


class _Teller:
    """Prints each line as it comes; threads take turns."""

    lock = threading.Lock()

    def __init__(self, logs: bool) -> None:
        self.logs = logs

    def __call__(self, line: Line) -> None:
        with self.lock:
            print(line.shown(), flush=True)
            if line.wrong or self.logs:
                print(line.log, flush=True)


if __name__ == "__main__":
    sys.exit(main())
