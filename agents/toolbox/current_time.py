"""The date and time, which models do not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, JsonValue

from agents.toolbox.tool import ToolArguments, ToolConfig, ToolContext, ToolFailed, ToolKind


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone; write it like Europe/Berlin or UTC.") from None


class TimeConfig(ToolConfig):
    time_zone: str = Field(
        "UTC",
        max_length=64,
        title="Time zone",
        description="Used when the agent names none, such as Europe/Berlin.",
    )


class TimeArguments(ToolArguments):
    time_zone: str = Field("", max_length=64, description="IANA name such as Europe/Berlin; may be left out.")


class CurrentTime(ToolKind):
    name: ClassVar[str] = "current_time"
    title: ClassVar[str] = "Current time"
    summary: ClassVar[str] = "Tells the current date, time and weekday in a time zone."
    icon: ClassVar[str] = "clock"
    Config: ClassVar[type[ToolConfig]] = TimeConfig
    Arguments: ClassVar[type[ToolArguments]] = TimeArguments

    async def perform(self, arguments: dict[str, Any], config: TimeConfig, context: ToolContext) -> JsonValue:
        return self.rehearse(arguments, config)

    def rehearse(self, arguments: dict[str, Any], config: TimeConfig) -> JsonValue:
        """Looking at the clock touches nothing, so a rehearsal does it too."""
        name = arguments.get("time_zone") or config.time_zone
        try:
            now = datetime.now(UTC).astimezone(zone(name))
        except ValueError as error:
            raise ToolFailed(str(error)) from error
        return {"time": now.isoformat(timespec="seconds"), "weekday": f"{now:%A}", "time_zone": name}


TOOL = CurrentTime()
