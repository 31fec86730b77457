"""Places where a process can be made to die, by name: an event type at one of seven moments.

Nothing happens unless TROUPE_FAILPOINTS names a folder, which settings refuse where others can reach the
server. A file in it, `<run> <event type> <moment>`, arms one failpoint: it says `kill` or `stop`, and the
time at which it is meant. Whoever reaches it takes the file away: exactly one process dies. `docs/proof.md`.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

from runs.engine import events as ev

MOMENTS = (
    "before commit",  # the event is in the append that is about to be made
    "after commit",  # it has just been appended
    "after dispatch",  # the first request since then has just gone out
    "before the result's commit",  # it is what came of a call, and not yet appended
    "before publish",  # the first bell since it was appended is about to be rung
    "during renew",  # the first renewal since then has reached the database, its answer is not yet used
    "during park",  # the run is about to be let go of, in the same append or after it
)
LATER = ("after dispatch", "before publish", "during renew")
TRACE = "trace"  # a file of this name collects every failpoint that is reached
DISPATCH_S = 0.1  # a request needs a moment to reach its endpoint

FOLDER = Path(settings.FAILPOINTS) if settings.FAILPOINTS else None

_since: dict[tuple[str, UUID], set[str]] = {}  # types appended since a moment was last reached
_last: dict[UUID, set[str]] = {}  # types of this process's last append
_let_go: set[UUID] = set()  # runs whose lease is being given up: no renewal and no request follows
_lock = threading.Lock()


def hit(moment: str, run: UUID, events: Iterable[ev.Event] = ()) -> None:
    """This process has reached `moment` of `run`, with these events."""
    if FOLDER is not None:
        _hit(FOLDER, moment, run, {ev.type_of(event) for event in events})


def saw(run: UUID, events: list[ev.AnyEvent]) -> None:
    """This process has read the log: later moments count for what others appended last as well."""
    if FOLDER is not None:
        asked = set()
        for event in reversed(events):
            if not isinstance(event, ev.INPUT_EVENTS):
                break
            asked.add(ev.type_of(event))
        _let_go.discard(run)
        _remember(run, asked, (*LATER, "during park"))


def _hit(folder: Path, moment: str, run: UUID, types: set[str]) -> None:
    with _lock:
        types = types | _since.pop((moment, run), set())
    if moment == "during park":
        types = types or _last.get(run, set())
        _let_go.add(run)
    elif moment == "after commit":
        _remember(run, types, ("before publish",) if run in _let_go else LATER)
        with _lock:
            _since.pop(("during park", run), None)
            _last[run] = types
    for name in sorted(types):
        _reach(folder, f"{run} {name} {moment}", moment)


def _remember(run: UUID, types: set[str], moments: tuple[str, ...]) -> None:
    with _lock:
        for moment in moments:
            _since.setdefault((moment, run), set()).update(types)


def _reach(folder: Path, failpoint: str, moment: str) -> None:
    if (trace := folder / TRACE).exists():
        with trace.open("a") as lines:
            lines.write(f"{failpoint}\n")
    armed = folder / failpoint
    try:
        how, _, nth = armed.read_text().partition(" ")
        if int(nth or 1) > 1:
            armed.write_text(f"{how} {int(nth) - 1}")
            return
        armed.rename(folder / f"{failpoint}.hit")
    except FileNotFoundError:
        return
    (folder / f"{failpoint}.hit").write_text(str(os.getpid()))
    number = signal.SIGSTOP if how == "stop" else signal.SIGKILL
    if moment == "after dispatch":
        threading.Timer(DISPATCH_S, os.kill, (os.getpid(), number)).start()
    else:
        os.kill(os.getpid(), number)
