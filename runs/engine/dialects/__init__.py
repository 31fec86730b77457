"""How tools and typed output are spoken with an endpoint, by what it can do. One dialect a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runs.engine.dialects.base import Dialect, Prompt
from runs.engine.dialects.native import Native
from runs.engine.dialects.plain import Plain
from runs.engine.dialects.schema import Schema

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (Native(), Schema(), Plain())}


def choose(capabilities: Mapping[str, Any], prompt: Prompt) -> Dialect:
    """The best way of asking this endpoint. What was never probed is assumed to work as OpenAI's does."""
    tools, schemas = capabilities.get("tools", True), capabilities.get("json_schema", True)
    if not prompt.tools and prompt.schema is None:
        return DIALECTS["native"]
    if not tools and schemas:
        return DIALECTS["schema"]
    return DIALECTS["native" if tools and (schemas or prompt.schema is None) else "plain"]
