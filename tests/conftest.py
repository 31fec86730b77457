"""What every test may ask for: the embedded servers and an environment for real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import redis
from django.core.management import CommandError
from django.db import OperationalError
from django.test import TransactionTestCase

from tests import chromium, embedded

if TYPE_CHECKING:
    from studio.embedded.postgres import Postgres

pytest_plugins = ["tests.rehearsal", "tests.workers", "tests.world"]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where TROUPE_STRICT is set, a test that did not run fails the whole run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("TROUPE_STRICT") != "1" or reporter is None or session.exitstatus != 0:
        return
    if any(reporter.stats.get(outcome) for outcome in ("skipped", "xfailed", "xpassed", "deselected")):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """The PostgreSQL of this test run, answering."""
    server = embedded.postgres()
    embedded.wait_ready(server.service())
    return server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    postgres: Postgres, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """pytest-django asks for this before it makes its databases: the server must answer by then."""


@pytest.fixture(scope="session", autouse=True)
def _emptied_beside_real_processes() -> Iterator[None]:
    """Tables are emptied while real processes may hold some of them: a deadlock is no failed test."""
    once = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def until_it_works(self: TransactionTestCase) -> None:
        for _ in range(4):
            try:
                return once(self)  # type: ignore[no-any-return]
            except CommandError as error:
                if not isinstance(error.__cause__, OperationalError):
                    raise
        return once(self)  # type: ignore[no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", until_it_works)
        yield


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis of this test process; no other process uses it."""
    server = embedded.valkey()
    embedded.wait_ready(server.service())
    return server.url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of this process's Redis, emptied first."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser of the browser tests; there must be one."""
    path = chromium.executable()
    if path is None:
        pytest.fail("There is no Chromium: run `python -m tests.chromium` to install one.")
    return path


@pytest.fixture
def child_env(transactional_db: None, redis_url: str) -> dict[str, str]:
    """The environment for real processes (a worker, a server) that work on this test's database."""
    from django.db import connection

    database = str(connection.settings_dict["NAME"])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
        "DATABASE_URL": embedded.postgres().url(database),
        "REDIS_URL": redis_url,
        "PYTHONUNBUFFERED": "1",
    }
