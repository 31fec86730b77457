"""Profiles are read strictly, and every option is documented."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from agents.rehearsal.trouble import ALWAYS, GARBAGE, BadProfile, Trouble, parse

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "rehearsal.md"


def test_a_profile_sets_its_options() -> None:
    assert parse("") == Trouble()
    assert parse("latency=1.5,rate_limit=2,hang,garbage=html,key=a b") == Trouble(
        latency=1.5, rate_limit=2, hang=ALWAYS, garbage="html", key="a b"
    )


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("colour", "Unknown option 'colour'. Options: name, latency"),
        ("latency=fast", "needs a number"),
        ("rate_limit=1.5", "needs a number"),
        ("error=-1", "out of range"),
        ("garbage=soup", "is none of"),
        ("delegate=two", "neither all nor one"),
    ],
)
def test_a_profile_that_cannot_be_read_says_why(profile: str, says: str) -> None:
    with pytest.raises(BadProfile, match=says):
        parse(profile)


def test_counted_trouble_is_over_after_its_times() -> None:
    trouble = parse("rate_limit=1,error=500,garbage=html,times=2,bad_schema=1")
    assert [trouble.at(attempt).error for attempt in range(5)] == [500, 500, 500, 0, 0]
    assert trouble.at(3) == parse("rate_limit=1,times=2,bad_schema=1")


def test_every_option_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    missing = [field.name for field in fields(Trouble) if f"`{field.name}" not in text]
    missing += [kind for kind in GARBAGE if f"`{kind}`" not in text]
    assert missing == []
