"""Events come out of a byte stream whole, however it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.execute.sse import EventStream, LineTooLong

STREAM = b': comment\r\n\r\ndata: {"a":1}\n\nevent: x\ndata:two\ndata: lines\r\nid: 7\n\n\n\ndata: [DONE]\n\n'
EVENTS = [b'{"a":1}', b"two\nlines", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    events = EventStream()
    bounds = [0, *sorted(cuts), len(STREAM)]
    found = [event for low, high in pairwise(bounds) for event in events.feed(STREAM[low:high])]
    assert found + events.close() == EVENTS


def test_a_last_event_without_an_empty_line_is_not_lost() -> None:
    events = EventStream()
    assert events.feed(b"data: one\n\ndata: two") == [b"one"]
    assert events.close() == [b"two"]
    assert events.close() == []


def test_a_line_without_end_is_refused() -> None:
    events = EventStream(longest=100)
    events.feed(b"data: " + b"x" * 90)
    with pytest.raises(LineTooLong):
        events.feed(b"x" * 20)
