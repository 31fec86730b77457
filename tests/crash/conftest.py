"""The crash tests' processes on this test process's database and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import embedded
from tests.crash.bed import Bed
from tests.crash.matrix import Matrix
from tests.rehearsal import RehearsalServer


@pytest.fixture
def matrix(
    transactional_db: None, redis_url: str, rehearsal: RehearsalServer, tmp_path: Path
) -> Iterator[Matrix]:
    from django.db import connection

    env = {
        "DATABASE_URL": embedded.postgres().url(str(connection.settings_dict["NAME"])),
        "REDIS_URL": redis_url,
        "REHEARSAL_URL": rehearsal.url(),
    }
    bed = Bed(env, rehearsal.origin, tmp_path, workers=8)
    try:
        yield Matrix(bed.start(), at_once=12)
    finally:
        bed.stop()
