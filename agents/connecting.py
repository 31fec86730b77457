"""Tests the connection of an endpoint and keeps what was found."""

from __future__ import annotations

import asyncio

from agents import queries
from agents.actions.endpoints import record_probe
from agents.actions.outcome import refuse
from agents.models import Endpoint
from agents.probe import ProbeReport, may_chat, probe
from studio import secrets
from studio.workspaces.access import Member

FEW = 12  # models that come in by themselves; of longer lists a person chooses


def check_connection(member: Member, endpoint: Endpoint, model: str = "") -> ProbeReport:
    """Step by step, which takes seconds; no transaction is open meanwhile. Asks `model`, or one it has.

    Raises Refused when the stored key cannot be read.
    """
    asked = model or _one_of(endpoint)
    report = asyncio.run(probe(queries.address_of(endpoint), _key_of(endpoint), asked or None))
    kept = {**report.as_json(), "models": list(report.models)}
    record_probe(actor=member, endpoint=endpoint, probe=kept, capabilities=report.capabilities)
    return report


def most_likely(report: ProbeReport) -> list[str]:
    """Which of the listed models to set up: all that chat if they are few, else the one that answered."""
    chatting = [name for name in report.models if may_chat(name)]
    return chatting if len(chatting) <= FEW else [report.model] if report.model else []


def _key_of(endpoint: Endpoint) -> str:
    try:
        return secrets.decrypt(endpoint.key_encrypted) if endpoint.key_encrypted else ""
    except secrets.SecretUnreadable:
        refuse("endpoint.key", "The stored key cannot be read any more.", "Enter it again.", field="key")


def _one_of(endpoint: Endpoint) -> str:
    """The model asked last time if it is still there, else the first."""
    names = list(endpoint.models.values_list("name", flat=True))
    last = str(endpoint.probe.get("model", ""))
    return last if last in names else names[0] if names else ""
