"""The models of design time, one concept a file."""

from __future__ import annotations

from agents.models.agent import Agent, AgentVersion
from agents.models.endpoint import Endpoint, EndpointModel, ModelPrice
from agents.models.note import Note
from agents.models.team import Team, TeamVersion
from agents.models.tool import Tool

__all__ = [
    "Agent",
    "AgentVersion",
    "Endpoint",
    "EndpointModel",
    "ModelPrice",
    "Note",
    "Team",
    "TeamVersion",
    "Tool",
]
