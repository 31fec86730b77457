"""The servers that tests and `up` share keep what they promise."""

from __future__ import annotations

import redis

from studio.embedded.postgres import Postgres


def test_embedded_postgresql_flushes_every_commit_and_knows_vectors(postgres: Postgres) -> None:
    postgres.ensure_database("scratch")
    with postgres.connect("scratch") as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute("select current_setting(%s)", [setting]).fetchone() == ("on",), setting
        connection.execute("create extension vector")
        assert connection.execute("select '[1,2]'::vector <-> '[1,4]'").fetchone() == (2.0,)


def test_redis_of_this_process_answers_and_writes_to_disk(redis_client: redis.Redis) -> None:
    assert redis_client.set("key", "value") is True
    assert redis_client.config_get("appendonly") == {"appendonly": "yes"}
