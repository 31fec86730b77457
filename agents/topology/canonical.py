"""One JSON text for one value, so that a digest over it says whether two documents are the same. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from agents.topology.graph import dump


def canonical(value: Any) -> bytes:
    """Compact JSON with its keys in order."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.encode()


def digest(document: BaseModel) -> str:
    """SHA-256 in hex over what differs from the defaults, so that a new optional field changes nothing."""
    return hashlib.sha256(canonical(dump(document))).hexdigest()
