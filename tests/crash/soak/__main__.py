"""Many mixed runs while everything around them breaks; in the end all ledgers must agree.

    make soak                              (python -m tests.crash.soak)
    make soak ARGS="--runs 40 --seed 7"

Workers are killed and stopped at random, Redis is flushed and restarted, PostgreSQL restarted twice, the
model endpoint fails a tenth of all calls and never answers a hundredth. People act through the JSON API.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress

import psycopg
import redis

from bench.stack import Stack

STACK = Stack()

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.crash import child  # noqa: E402
from tests.crash.bed import Bed  # noqa: E402
from tests.crash.soak.case import PORT, Ran, mixed  # noqa: E402
from tests.crash.soak.crew import Crew  # noqa: E402

TELL_S = 15.0
FOUND = {  # what a violation is called in the report
    "lost": ("lost",),
    "duplicated": ("endpoint: one", "tools: ", "endpoint: a request", "every_result"),
    "repeated finished calls": ("nothing_finished",),
    "over budget": ("the_limit_holds", "bill"),
    "ungated": ("a_gated_call", "one_decision"),
    "not as its log says": ("verify",),
}


class Chaos:
    """Breaks things, on the main thread; the same seed breaks them in the same order."""

    def __init__(self, bed: Bed, seed: int) -> None:
        self.bed = bed
        self.dice = random.Random(seed)
        self.done = Counter[str]()
        self.asleep: list[tuple[float, int]] = []

    def tick(self, share: float) -> None:
        """`share` of the runs are over."""
        for until, pid in list(self.asleep):
            if time.monotonic() > until:
                self.asleep.remove((until, pid))
                self._signal(pid, signal.SIGCONT)
        if self.done["PostgreSQL restarts"] < 2 and share > (0.3, 0.6)[self.done["PostgreSQL restarts"]]:
            self._postgres(signal.SIGQUIT if self.done["PostgreSQL restarts"] else signal.SIGINT)
        elif not self.done["Redis restarts"] and share > 0.45:
            self._redis()
        elif self.dice.random() < 0.03:
            self._flush()
        elif self.dice.random() < 0.25 and (pids := self.bed.workers()):
            pid = self.dice.choice(pids)
            if self.dice.random() < 0.5:
                self.done["workers killed"] += self._signal(pid, signal.SIGKILL)
            else:
                self.done["workers stopped"] += self._signal(pid, signal.SIGSTOP)
                self.asleep.append((time.monotonic() + self.dice.uniform(0.5, 4), pid))

    def calm(self) -> None:
        for _, pid in self.asleep:
            self._signal(pid, signal.SIGCONT)

    def _signal(self, pid: int, number: signal.Signals) -> bool:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def _flush(self) -> None:
        with suppress(redis.RedisError), redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            client.flushall()
            self.done["Redis flushes"] += 1

    def _redis(self) -> None:
        self._restart("redis", signal.SIGKILL)
        self.done["Redis restarts"] += 1

    def _postgres(self, number: signal.Signals) -> None:
        self._restart("postgres", number)
        self.done["PostgreSQL restarts"] += 1

    def _restart(self, name: str, number: signal.Signals) -> None:
        running = STACK.processes[name]
        if running.poll() is None:
            os.kill(running.pid, number)
            running.wait(30)
        else:
            self.bed.end(name, number)
        self.bed.spawn(name, child.service, STACK.root, name)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--runs", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--at-once", type=int, default=24)
    options.add_argument("--pause", type=float, default=0.25, help="seconds between two looks for trouble")
    chosen = options.parse_args()
    with psycopg.connect(STACK.postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE troupe")
    call_command("migrate", verbosity=0)
    more = {"RUNS_PER_WORKER": "100", "DOORBELL_SECONDS": "0.1"}
    bed = Bed(more, STACK.rehearsal, STACK.root / "crash", chosen.workers, trace=False).start()
    bed.spawn("web", child.web_server, bed.logs / "web.log", PORT)
    began = time.monotonic()
    try:
        chaos = Chaos(bed, chosen.seed)
        ran = _play(bed, chaos, chosen)
        return _report(ran, chaos, chosen.seed, time.monotonic() - began)
    finally:
        bed.stop()


def _play(bed: Bed, chaos: Chaos, chosen: argparse.Namespace) -> list[Ran]:
    crew = Crew(bed, mixed(chosen.runs, random.Random(chosen.seed)), chosen.at_once)
    began = told = time.monotonic()
    while crew.is_at_work():
        chaos.tick(len(crew.ran) / chosen.runs)
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            print(f"{told - began:5.0f} s: {crew.so_far()}, {bed.deaths} deaths", flush=True)
        time.sleep(chosen.pause)
    chaos.calm()
    return crew.all_ran()


def _report(ran: list[Ran], chaos: Chaos, seed: int, seconds: float) -> int:
    counted = Counter[str]()
    for one in ran:
        for sentence in one.wrong:
            kind = next((k for k, begins in FOUND.items() if sentence.startswith(begins)), "other")
            counted[kind] += 1
            print(f"{kind}: {one.scenario} {one.run}: {sentence[-1_000:]}")
    outcomes = Counter(one.outcome for one in ran)
    lines = {
        "seed": seed,
        "runs": len(ran),
        **{f"  {name}": count for name, count in sorted(outcomes.items())},
        **dict(sorted(chaos.done.items())),
        "worker processes that died": chaos.bed.deaths,
        "model calls: our logs / the endpoint": f"{_sum(ran, 'calls')} / {_sum(ran, 'asked')}",
        "effects of tools: our logs / outside": f"{_sum(ran, 'used')} / {_sum(ran, 'done')}",
        "took": f"{seconds:.0f} s",
        **{kind: counted[kind] for kind in (*FOUND, "other")},
    }
    print()
    for name, value in lines.items():
        print(f"{name:<56} {value}")
    return 1 if counted.total() else 0


def _sum(ran: list[Ran], name: str) -> int:
    return sum(getattr(one, name) for one in ran)


if __name__ == "__main__":
    sys.exit(main())
