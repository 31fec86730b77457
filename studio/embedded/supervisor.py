"""Keeps child processes alive: starts them, waits until they answer, restarts what falls, stops them all."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from studio.embedded import leftovers
from studio.embedded.service import Service, last_words
from studio.embedded.trouble import Trouble

POLL_SECONDS = 0.05
WATCH_SECONDS = 0.25
BACKOFF_SECONDS = (1, 2, 4, 8, 15, 30)
STEADY_SECONDS = 60  # after so long, an earlier fall no longer counts
LOG_BYTES = 20_000_000


@dataclass
class Child:
    service: Service
    process: subprocess.Popen[bytes]
    started: float
    falls: int = 0
    again_at: float | None = None  # set while it is down


class Supervisor:
    """Everything happens in the caller's thread, which must be the main one: `Service.spawn` says why."""

    def __init__(self, pids: Path, say: Callable[[str], None], tick: Callable[[str], None]) -> None:
        self._pids = pids
        self._say = say
        self._tick = tick
        self._children: dict[str, Child] = {}

    # ── starting ──────────────────────────────────────────────────────────────────────────────────
    def start(self, service: Service) -> None:
        """Start it and return at once; `wait_ready` tells when it answers."""
        self._children[service.name] = Child(service, self._spawn(service), time.monotonic())

    def names(self) -> list[str]:
        return list(self._children)

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        try:
            service.before()
            trim(service.log)
            process = service.spawn()
        except OSError as error:
            raise Trouble(
                f"{service.name} could not be started ({error}); see to that, or run `make clean` first."
            ) from error
        leftovers.note(self._pids, service.name, process.pid, service.stop_signal)
        return process

    def wait_ready(self, *names: str) -> None:
        """Return when all of them answer; raises Trouble for one that ends or takes too long."""
        for name in names:
            child = self._children[name]
            deadline = child.started + child.service.ready_seconds
            while not child.service.ready():
                code = child.process.poll()
                if code is not None:
                    raise Trouble(_would_not_start(child.service, _how(code)))
                if time.monotonic() > deadline:
                    raise Trouble(
                        _would_not_start(child.service, f"no answer in {child.service.ready_seconds:.0f} s")
                    )
                self._tick(f"waiting for {name}")
                time.sleep(POLL_SECONDS)

    # ── watching ──────────────────────────────────────────────────────────────────────────────────
    def watch(self) -> None:
        """Restart what falls, for ever; a signal handler that raises is the way out."""
        while True:
            self.look_after()
            time.sleep(WATCH_SECONDS)

    def look_after(self) -> None:
        """One round of `watch`."""
        for child in self._children.values():
            now = time.monotonic()
            if child.again_at is None:
                code = child.process.poll()
                if code is not None:
                    self._fallen(child, code, now)
            elif now >= child.again_at:
                self._again(child)
            trim(child.service.log)

    def _fallen(self, child: Child, code: int, now: float) -> None:
        if now - child.started > STEADY_SECONDS:
            child.falls = 0
        pause = BACKOFF_SECONDS[min(child.falls, len(BACKOFF_SECONDS) - 1)]
        child.falls += 1
        child.again_at = now + pause
        words = last_words(child.service.log, lines=1)
        self._say(
            f"{child.service.name} ended unexpectedly ({_how(code)}); it is started again in {pause} s. "
            f"Log: {child.service.log}" + (f" · {words}" if words else "")
        )

    def _again(self, child: Child) -> None:
        try:
            child.process = self._spawn(child.service)
        except Trouble as trouble:
            child.again_at = time.monotonic() + BACKOFF_SECONDS[-1]
            self._say(f"{trouble} Trying again in {BACKOFF_SECONDS[-1]} s.")
            return
        child.started, child.again_at = time.monotonic(), None
        self._say(f"{child.service.name} is started again.")

    # ── stopping ──────────────────────────────────────────────────────────────────────────────────
    def stop(self) -> None:
        """Stop everything: first those that use others, then those that serve them."""
        children = list(self._children.values())
        self._stop([child for child in children if not child.service.serves_others])
        self._stop([child for child in children if child.service.serves_others])

    def _stop(self, children: Iterable[Child]) -> None:
        running = [child for child in children if child.process.poll() is None]
        asked = time.monotonic()
        for child in running:
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(child.service.stop_signal)
        for child in running:
            remaining = asked + child.service.stop_seconds - time.monotonic()
            try:
                child.process.wait(max(0.1, remaining))
            except subprocess.TimeoutExpired:
                self._say(
                    f"{child.service.name} did not stop in {child.service.stop_seconds:.0f} s; ending it."
                )
            _end_group(child.process)
            child.process.wait()
            leftovers.forget(self._pids, child.service.name)

    def kill(self) -> None:
        """For the impatient: end everything now. It waits for nothing, so a signal handler may call it."""
        for child in self._children.values():
            _end_group(child.process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started; each child leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _would_not_start(service: Service, why: str) -> str:
    words = last_words(service.log)
    said = f" It said: {words}" if words else ""
    return f"{service.name} would not start ({why}).{said} The whole log is {service.log}."


def trim(log: Path) -> None:
    """Keep one older log. The file stays the same one: a running child goes on writing to its end."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)
