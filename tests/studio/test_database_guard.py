"""The database is brought into shape once, and refused when it is newer or would lose commits."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from studio.embedded import database
from studio.embedded.trouble import Trouble
from tests import embedded

pytestmark = pytest.mark.django_db


def test_a_database_of_a_newer_troupe_is_refused() -> None:
    database.refuse_newer()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into django_migrations (app, name, applied) values ('runs', '9999_later', now())"
        )
    with pytest.raises(Trouble, match=r"used by a newer Troupe \(it has runs\.9999_later\)"):
        database.refuse_newer()


def test_a_database_that_may_lose_commits_is_refused() -> None:
    database.require_durable()
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = off")
    with pytest.raises(Trouble, match="has synchronous_commit off and would lose committed work"):
        database.require_durable()


def test_a_second_migration_waits_for_the_first() -> None:
    other = psycopg.connect(
        embedded.postgres().url(str(connection.settings_dict["NAME"])), user="postgres", autocommit=True
    )
    waited = []

    def release(_: str) -> None:
        waited.append(True)
        other.execute("select pg_advisory_unlock(%s)", [database.MIGRATION_LOCK])

    with other:
        other.execute("select pg_advisory_lock(%s)", [database.MIGRATION_LOCK])
        assert database.migrate(release) == "up to date"
    assert waited == [True]
