"""Brings the database into the shape this code needs, and refuses one that would lose what it commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.utils import Error, NotSupportedError, OperationalError

from studio.embedded.trouble import Trouble

# Any number will do, as long as every Troupe uses the same; it is known to this database only.
MIGRATION_LOCK = 7_226_873
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


def reach() -> str:
    """Connect; returns the server's version, or raises Trouble saying why not."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("show server_version")
            (version,) = cursor.fetchone() or ("",)
        return str(version).split(" ")[0]
    except NotSupportedError as error:
        raise Trouble(f"{error}; the server that DATABASE_URL names is too old.") from error
    except OperationalError as error:
        if not settings.DATABASE_URL:
            raise Trouble("The embedded PostgreSQL is not running; start Troupe with `make run`.") from error
        reason = " ".join(str(error).split())
        raise Trouble(f"The database cannot be reached ({reason}); check DATABASE_URL.") from error


def weaknesses() -> list[str]:
    """Settings under which a commit may be lost in a power cut."""
    with connection.cursor() as cursor:
        cursor.execute("select name, setting from pg_settings where name = any(%s)", [list(MUST_BE_ON)])
        found = dict(cursor.fetchall())
    return [name for name in MUST_BE_ON if found.get(name) == "off"]


def require_durable() -> None:
    weak = weaknesses()
    if weak:
        raise Trouble(
            f"The database has {' and '.join(weak)} off and would lose committed work in a power cut; switch "
            "that on in postgresql.conf, or for the role and database Troupe uses."
        )


def migrate(tick: Callable[[str], None]) -> str:
    """Apply what is missing, one process at a time; returns what was done. `tick` is called while waiting."""
    try:
        with _migration_lock(tick):
            refuse_newer()
            count = len(pending())
            if count:
                call_command("migrate", interactive=False, verbosity=0)
            return f"{count} applied" if count else "up to date"
    except Error as error:
        reason = " ".join(str(error).split())
        raise Trouble(f"The database could not be migrated ({reason}); nothing was half applied.") from error


def pending() -> list[str]:
    """Migrations that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def refuse_newer() -> None:
    unknown = newer()
    if unknown:
        raise Trouble(
            f"This database was used by a newer Troupe (it has {unknown[0]}); update this checkout, or "
            "choose another folder with --home."
        )


def newer() -> list[str]:
    """Migrations of our rooms that the database has and this code has not."""
    loader = MigrationLoader(connection)
    replaced = {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    known = set(loader.disk_migrations) | replaced
    return [
        f"{app}.{name}"
        for app, name in sorted(loader.applied_migrations)
        if app in {"studio", "agents", "runs"} and (app, name) not in known
    ]


@contextmanager
def _migration_lock(tick: Callable[[str], None]) -> Iterator[None]:
    """Two servers that start at once on one database take turns."""
    while not _ask("select pg_try_advisory_lock(%s)"):
        tick("another start is migrating")
        time.sleep(0.2)
    try:
        yield
    finally:
        _ask("select pg_advisory_unlock(%s)")


def _ask(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [MIGRATION_LOCK])
        return bool((cursor.fetchone() or (False,))[0])
