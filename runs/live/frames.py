"""Events as the browser gets them: the stored bytes with their seq in front, parsed by nobody on the way."""

from __future__ import annotations

from collections.abc import Iterable


def event_json(seq: int, body: str) -> str:
    """`body` is a JSON object that has at least its type, so something follows the comma."""
    return f'{{"seq":{seq},{body[1:]}'


def events_frame(events: Iterable[str], head: int) -> str:
    """A batch for the socket: `events` as `event_json` makes them, `head` the newest seq there is."""
    return f'{{"type":"events","events":[{",".join(events)}],"head":{head}}}'
