"""Whether a worker is known to have ended: by its own process, never by a guess."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runs.execute.owners import gone, new_name, wait_for_end


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def of(process: subprocess.Popen[bytes]) -> str:
    """The name its worker would have."""
    return new_name().replace(f":{os.getpid()}:", f":{process.pid}:")


def test_no_two_names_are_the_same() -> None:
    assert new_name() != new_name()


def test_this_process_is_not_gone() -> None:
    assert gone([new_name()]) == set()


def test_one_that_was_killed_is_gone_before_its_parent_has_noticed_and_after(
    sleeper: subprocess.Popen[bytes],
) -> None:
    name = of(sleeper)
    assert gone([name]) == set()
    sleeper.kill()
    assert wait_for_end([name], 30) == {name}
    sleeper.wait()
    assert gone([name]) == {name}


def test_a_frozen_one_is_not_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.send_signal(19)
    assert gone([of(sleeper)]) == set()


@pytest.mark.parametrize("name", ["", "elsewhere:0123456789ab:1:abcdef01", "host:1:abcdef01", "host::x:y"])
def test_of_another_place_nothing_is_known(name: str) -> None:
    assert gone([name]) == set()


def test_what_can_be_read_ends_the_wait() -> None:
    wake, alarm = os.pipe()
    try:
        os.write(alarm, b".")
        assert wait_for_end([new_name()], 600, wake) == set()
    finally:
        os.close(wake)
        os.close(alarm)
