"""The base of everything in a team document: no unknown fields, nothing that cannot be stored. Pure."""

from __future__ import annotations

import math
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict


def _storable(value: Any) -> Any:
    """Refuses what PostgreSQL cannot keep in JSON: NUL, lone surrogates, NaN and infinities."""
    match value:
        case str():
            if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
                raise ValueError("NUL characters and lone surrogates cannot be stored; remove them")
        case float() if not math.isfinite(value):
            raise ValueError("NaN and infinities are not JSON numbers")
        case dict():
            for key, item in value.items():
                _storable(key)
                _storable(item)
        case list():
            for item in value:
                _storable(item)
    return value


Storable = AfterValidator(_storable)


class Document(BaseModel):
    """Unknown fields are mistakes, not extensions."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
