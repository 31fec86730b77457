"""Values that suit a field's name: what one would expect under `email`, `score`, `reason` or `amount`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from agents.rehearsal.brief import Brief
from agents.rehearsal.topics import LINK, SUM, key_phrases, names, numbers
from agents.rehearsal.writer import Writer

PEOPLE = ("Ada Keller", "Tomás Rivera", "Mina Sato", "Noor Haddad", "Lena Fischer", "Samuel Okafor")
CITIES = ("Lisbon", "Nairobi", "Osaka", "Vienna", "Toronto", "Montevideo")
START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)

POSITIVE_WORDS = """
approve approved accept accepted pass passed yes ok okay valid success good done complete completed finished
satisfied agree allow true positive publish ready correct
"""
POSITIVE = frozenset(POSITIVE_WORDS.split())
LONG = re.compile(
    r"summary|description|reason|rationale|comment|body|content|text|answer|message|feedback|explanation|notes?$|"
    r"analysis|argument|conclusion|detail|report|draft|response|finding|critique|justification|thought|instruction|"
    r"task|prompt|question|request|goal|output|result"
)


class Values:
    """Makes the values of one answer, in keeping with its prompt."""

    def __init__(self, brief: Brief, rng: Random) -> None:
        self.brief = brief
        self.rng = rng
        self.writer = Writer(brief, rng)

    def text(self, name: str, described: str) -> str:
        """A text for a field of this name; how long it may be is the caller's concern."""
        words = _words(name)
        for pattern, make in SHORT:
            if re.search(pattern, words):
                return make(self)
        if re.search(r"expression|formula|calculation|arithmetic", words):
            return self.sum()
        if re.search(r"\b(query|search|keywords?|topic|subject|title|headline|name|label|key|term)\b", words):
            return self.phrase()
        if re.search(r"\b(task|instructions?|assignment|request|question|prompt|goal)\b", words):
            return self.assignment()
        if LONG.search(words) or len(described) > 40:
            return self.writer.sentences(2)
        return self.phrase()

    def phrase(self) -> str:
        phrase = self.rng.choice(self.writer.topics[:4]).removeprefix("the ")
        return phrase[:1].upper() + phrase[1:]

    def assignment(self) -> str:
        """What a person would hand on: the task itself, narrowed to one of its topics."""
        first = self.brief.task.split("\n")[0].strip().rstrip(".")[:200]
        return (
            f"{first}. Concentrate on {self.rng.choice(self.writer.topics)}."
            if first
            else self.writer.sentence()
        )

    def sum(self) -> str:
        for text in (self.brief.task, self.brief.data):
            if found := SUM.search(text):
                return found[0].rstrip(" .(").replace("^", "**")
        found_numbers = [f"{number:g}" for number in numbers(f"{self.brief.task}\n{self.brief.data}")]
        return " + ".join(found_numbers[:3]) if len(found_numbers) > 1 else "12 * 4"

    def link(self) -> str:
        found = LINK.search(f"{self.brief.task}\n{self.brief.data}\n{self.brief.instructions}")
        return found[0].rstrip(".,;") if found else "https://example.com/"

    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.phrase().lower()).strip("-") or "topic"

    def moment(self) -> datetime:
        return START + timedelta(days=self.rng.randrange(360), minutes=15 * self.rng.randrange(36))

    def uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def party(self) -> str:
        """Whoever the prompt names, or somebody."""
        return next(iter(names(self.brief.data)), "") or self.rng.choice(PEOPLE)

    def email(self) -> str:
        return self.rng.choice(PEOPLE).split()[0].lower().replace("á", "a") + "@example.com"

    def number(self, name: str, low: float | None, high: float | None) -> float:
        """A number for a field of this name; the bounds only guide it, they are not checked here."""
        words = _words(name)
        if re.search(r"amount|price|total|sum|value|quantity|budget|cost|units?|number|limit", words):
            fitting = [n for n in numbers(f"{self.brief.task}\n{self.brief.data}") if _within(n, low, high)]
            if fitting:
                return max(fitting)
        if re.search(r"confidence|probability|likelihood|similarity|ratio|share", words) and (high or 1) <= 1:
            return self.rng.choice((0.72, 0.78, 0.81, 0.86, 0.9, 0.94))
        if re.search(r"score|rating|grade|quality|relevance", words):
            top = high if high is not None else 10.0
            bottom = low if low is not None else 0.0
            return bottom + (top - bottom) * self.rng.choice((0.7, 0.8, 0.9))
        if re.search(r"percent", words):
            return float(self.rng.randrange(55, 95))
        if re.search(r"year", words):
            return float(self.rng.randrange(2023, 2027))
        return float(self.rng.randrange(2, 12))

    def flag(self, name: str) -> bool:
        """Mostly yes: verdicts come out favourable, so that loops waiting for one end."""
        if re.search(
            r"reject|fail|block|error|risk|unsafe|escalat|repeat|again|missing|violat", _words(name)
        ):
            return False
        if re.search(r"need|require|revis|more", _words(name)):
            return self.rng.random() < 0.2
        return True


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).lower()


def _within(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


SHORT: tuple[tuple[str, Callable[[Values], str]], ...] = (
    (r"\be ?mail\b|\brecipient\b", Values.email),
    (r"\b(url|link|uri|website|href|endpoint)\b", Values.link),
    (r"\b(uuid|guid)\b", Values.uuid),
    (r"\bid\b", lambda v: f"{v.slug()[:24]}-{v.rng.randrange(100, 999)}"),
    (r"\bslug\b", Values.slug),
    (r"\b(date|deadline|due|day)\b", lambda v: v.moment().date().isoformat()),
    (r"\b(timestamp|datetime|created at|updated at)\b", lambda v: v.moment().isoformat()),
    (r"\btime ?zone\b|\btz\b", lambda v: "UTC"),
    (r"\btime\b", lambda v: v.moment().time().isoformat()),
    (r"\b(currency)\b", lambda v: v.rng.choice(("EUR", "USD", "GBP"))),
    (r"\b(country)\b", lambda v: v.rng.choice(("Portugal", "Kenya", "Japan", "Austria"))),
    (r"\b(city|town|location|place)\b", lambda v: v.rng.choice(CITIES)),
    (r"\b(language|lang|locale)\b", lambda v: "en"),
    (r"\b(phone|telephone|mobile)\b", lambda v: f"+1 555 01{v.rng.randrange(10, 99)}"),
    (r"\b(colou?r)\b", lambda v: v.rng.choice(("#2563eb", "#16a34a", "#d97706"))),
    (
        r"\b(priority|severity|urgency|risk|level|importance)\b",
        lambda v: v.rng.choice(("high", "medium", "low")),
    ),
    (r"\b(status|state|stage)\b", lambda v: v.rng.choice(("open", "in progress", "done"))),
    (r"\b(sentiment|tone|mood)\b", lambda v: v.rng.choice(("positive", "neutral", "negative"))),
    (r"\b(verdict|decision|outcome)\b", lambda v: "approve"),
    (
        r"\b(author|assignee|owner|person|contact|customer|client|supplier|vendor|company|full name)\b",
        Values.party,
    ),
    (r"\b(tag|tags|keyword|keywords|category|topic|theme)\b", lambda v: v.slug().replace("-", " ")),
    (
        r"\b(source|reference|citation)\b",
        lambda v: (key_phrases(v.brief.data, 1) or ("the material handed over",))[0],
    ),
    (r"\b(version)\b", lambda v: f"1.{v.rng.randrange(9)}.0"),
    (r"\b(code|sku|number)\b", lambda v: f"{v.slug()[:3].upper()}-{v.rng.randrange(1000, 9999)}"),
)
