"""Engine tests need no database, and must not get one by accident."""

from __future__ import annotations

import pytest
from django.conf import settings

from agents.topology.registry import kinds, load


@pytest.fixture(autouse=True, scope="session")
def node_kinds() -> None:
    if not kinds():
        load(settings.NODE_KIND_PACKAGE, settings.NODE_KINDS)
