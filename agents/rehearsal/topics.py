"""Finds what a text is about: its key phrases, the numbers and links in it, and how well two texts fit."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

WORD = re.compile(r"[^\W\d_][\w'’-]*")
NUMBER = re.compile(
    r"(?<![\w.])-?\d{1,3}(?:[,\u202f ]\d{3})+(?:\.\d+)?(?![\w,])|(?<![\w.,])-?\d+(?:\.\d+)?(?![\w])"
)
LINK = re.compile(r"https?://[^\s<>\"')\]]+")
NAME = re.compile(r"\b(?:[A-Z][a-zà-ÿ]+|[A-Z]{2,})(?: (?:[A-Z][a-zà-ÿ]+|[A-Z]{2,}))+\b")
SUM = re.compile(r"[-+(]*\d[\d.\s()]*(?:[-+*/%^][\d.\s()]*\d[\d.\s()]*)+")
STOP_WORDS = """
a about above after again all also always am an and any are as at back based be because been before being
best below between both but by can could did do does doing don't down during each either else etc every
few first for from further get give given gives had has have having he her here him his how i if in into
is it its itself just keep like made make makes many may me might more most much must my need needs never
new no nor not now of off on once one only or other our out over own per please put same say see shall
she should so some such take than that the their them then there these they this those three through to
too two under until up upon us use used using very was we were what when where which while who whom why
will with within without would you your yourself yours write writes writing wrote answer answers output
expected task goal role following text find finds research researches gather collect draft drafts compose
summarise summarize review check judge critique decide choose plan plans explain describe list lists
analyse analyze produce create prepare propose provide return returns include including clear short
concise brief good well exactly final result results sentence sentences paragraph paragraphs bullet
bullets point points word words markdown page number numbers reply replies respond compare table step
steps blog post article email letter letters strongest complete topic topics input inputs data context
anyone everyone someone nobody something anything everything nothing thing things way ways lot lots knows
know known depends depend deals deal stands stand stood change changes changed work works worked wants
want wanted comes come came goes going gone gets got getting asks ask asked tells tell told lets let
helps help shows show remark remarks note notes next last day days week weeks month months year years
today team teams part parts decides leads lead material instruction fits fit means mean meant matters
matter says said
"""
STOP = frozenset(STOP_WORDS.split())
CUE_WORDS = (
    "a an the this these our your their its his her of on about for with from between in to by each every"
)
CUES = frozenset(CUE_WORDS.split())  # a single word after one of these is a noun more often than not


@lru_cache(maxsize=4096)
def key_phrases(text: str, most: int = 8) -> tuple[str, ...]:
    """The phrases a text turns on, most telling first (words between stop words, scored as in RAKE)."""
    phrases: list[tuple[str, ...]] = []
    for clause in re.split(r"[.!?,;:()\[\]{}<>\"“”\n|*#`=/]+", text[:8000]):
        run: list[str] = []
        before = ""
        for word in [*WORD.findall(clause), "."]:
            if word.lower() in STOP or len(word) < 3:
                if len(run) > 1 or before in CUES or (run and run[0][:1].isupper() and before):
                    phrases.append(tuple(run))
                run, before = [], word.lower()
            else:
                run.append(word)
    phrases = [trimmed for phrase in phrases if (trimmed := _trimmed(phrase))]
    frequency = Counter(word.lower() for phrase in phrases for word in phrase)
    degree = Counter[str]()
    for phrase in phrases:
        for word in phrase:
            degree[word.lower()] += len(phrase)
    scores: dict[str, float] = {}
    shown: dict[str, str] = {}
    for order, phrase in enumerate(phrases):
        name = " ".join(phrase)
        shown.setdefault(name.lower(), name)
        scores.setdefault(
            name.lower(), sum(degree[w.lower()] / frequency[w.lower()] for w in phrase) - order / 1000
        )
    best = sorted(scores, key=lambda name: (-scores[name], name))[:most]
    return tuple(shown[name] for name in best)


def _trimmed(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """At most three words, without a verb at the end (`blue lamp arrived` is about the blue lamp)."""
    short = phrase[:3]
    return short[:-1] if len(short) > 1 and short[-1].endswith("ed") else short


def names(text: str) -> list[str]:
    """Proper names, as capitals give them away."""
    return NAME.findall(text[:8000])


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """The words of a text cut to their beginnings, so that `refund` fits `refunds` and `refunding`."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text[:8000])
    return frozenset(
        word.lower().rstrip("s")[:6]
        for word in WORD.findall(plain)
        if len(word) > 2 and word.lower() not in STOP
    )


def numbers(text: str) -> list[float]:
    return [float(re.sub(r"[,\u202f ]", "", found)) for found in NUMBER.findall(text[:8000])]


def best_label(labels: list[str], prompt: str, data: str) -> list[int]:
    """How well each label fits `data`, counting the words with which the prompt explains the label."""
    about = stems(data)
    lines = [line for line in prompt[:8000].splitlines() if len(line) < 400]
    scores = []
    for label in labels:
        explained = " ".join(line for line in lines if re.search(rf"\b{re.escape(label)}\b", line, re.I))
        others = [other for other in labels if other != label and other in explained]
        words = stems(label) if others else stems(label) | stems(explained)
        scores.append(len(words & about) + 2 * len(stems(label) & about))
    return scores
