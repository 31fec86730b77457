"""One JSON text for one value, so that a digest over it says whether two documents are the same. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from agents.topology.graph import dump


def canonical(value: Any) -> bytes:
    """Compact JSON with its keys in order, and before them the order of what people see in their own."""
    text = json.dumps(
        _with_order(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    )
    return text.encode()


def _with_order(value: Any) -> Any:
    """The fields of a schema are a form: two orders of them are two documents."""
    if isinstance(value, list):
        return [_with_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_order(item) for key, item in value.items()}
    fields = value.get("properties")
    if isinstance(fields, dict) and list(fields) != sorted(fields):
        found["properties"] = [[name, found["properties"][name]] for name in fields]
    return found


def digest(document: BaseModel) -> str:
    """SHA-256 in hex over what differs from the defaults, so that a new optional field changes nothing."""
    return hashlib.sha256(canonical(dump(document))).hexdigest()
