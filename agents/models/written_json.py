"""JSON as it was written: forms show the fields of a schema in the order that its author gave them."""

from __future__ import annotations

from typing import Any

from django.db import models
from psycopg.types.json import Json, Jsonb


class WrittenJSONField(models.JSONField):
    """A `json` column: `jsonb` would sort the names of objects. The database cannot compare or index it."""

    def db_type(self, connection: Any) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        made = super().get_db_prep_value(value, connection, prepared)
        return Json(made.obj, made.dumps) if isinstance(made, Jsonb) else made

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The driver has read `json` already; only `jsonb` is left to Django as text."""
        return value
