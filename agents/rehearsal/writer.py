"""Writes the plausible text an agent would answer with, from what its prompt says."""

from __future__ import annotations

import re
from random import Random

from agents.rehearsal.brief import LABELS, Brief
from agents.rehearsal.topics import key_phrases

NUMBER_WORDS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
WANTED = re.compile(
    r"\b(\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|a single)\s+(?:[\w-]+\s+){0,2}?"
    r"(sentence|paragraph|bullet|bullet point|point|item|step|word|idea|option|line|question)s?\b",
    re.I,
)
COUNTED = re.compile(  # `three short remarks`: whatever is counted in the expected output is a list
    r"\b([2-9]|1\d|two|three|four|five|six|seven|eight|nine|ten)\s+(?:[\w-]+\s+){0,2}?([a-z]{3,}s)\b", re.I
)
NOT_ITEMS = frozenset(
    {"characters", "minutes", "hours", "days", "weeks", "months", "years", "percents", "pages"}
)
WORDS_A_SENTENCE = 14
ACTIONS = {
    "review": r"review|critique|critici[sz]e|judge|assess|evaluat|verif|fact-check|proofread|challeng|argue",
    "summary": r"summari[sz]|condens|digest|recap|boil down",
    "decision": r"decid|choose|pick|select|recommend|approv|prioriti|triage",
    "plan": r"plan|outline|schedul|roadmap|break down|steps|sequence|coordinate|orchestrat",
    "reply": r"repl(?:y|ies)|respond|e-?mail|letter|message to|answer the (?:customer|client|question)",
    "findings": r"research|find|gather|collect|investigat|analy[sz]|compare|explor|look up|identif|extract",
    "draft": r"write|draft|compose|edit|rewrit|polish|author|blog|article|report|story|copy",
}
OPENERS = {
    "review": (
        "The work on {a} holds together; these remarks would make it stronger.",
        "My assessment of {a}:",
    ),
    "summary": ("In short, this is about {a}.", "What matters about {a}:"),
    "decision": ("My recommendation is to go ahead with {a}.", "I would put {a} first."),
    "plan": ("This is how I would approach {a}.", "A plan for {a}:"),
    "reply": ("Thank you for getting in touch about {a}.", "Thank you for your message on {a}."),
    "findings": ("Here is what I found on {a}.", "The picture on {a} is fairly clear."),
    "draft": ("{A} deserves a closer look.", "Anyone who deals with {a} knows how much depends on {b}."),
    "answer": ("Here is my answer on {a}.", "On {a}, the essentials are these."),
}
SENTENCES = (
    "{A} comes first, because {b} depends on it.",
    "The strongest argument concerns {a}: it is easy to check and hard to dispute.",
    "{A} and {b} pull in different directions, so a balance is needed.",
    "Most of the effort goes into {a}, while most of the benefit comes from {b}.",
    "What is known about {a} is enough to act on; what is open about {b} can wait.",
    "A small first step on {a} shows quickly whether {b} follows.",
    "The main risk lies in {a}, and it can be kept small by looking at {b} early.",
    "For {a}, the simplest approach is also the most robust one.",
    "Those who work with {a} every day will notice the difference first.",
    "Compared with {b}, {a} changes slowly and can be planned for.",
    "It helps to keep {a} apart from {b} and to treat each on its own terms.",
    "With {a}, clarity matters more than completeness.",
    "{A} should be stated plainly, with one example and one number.",
    "Two questions decide the rest: what {a} costs, and who looks after {b}.",
    "The evidence on {a} is consistent; on {b} it is thinner.",
    "Nothing here speaks against {a}, provided that {b} stays as it is.",
)
CLOSERS = (
    "All of it serves one goal: {goal}.",
    "This serves the aim we set out with: {goal}.",
    "The next step is small: agree on {a}, then look again at {b}.",
    "If only one thing is kept from this, let it be {a}.",
)
ENOUGH = 4  # topics; with fewer, the next source is read too
FALLBACK_TOPICS = ("the question", "the facts at hand", "the people concerned", "the next step")


def topics_of(brief: Brief) -> list[str]:
    """What to write about, most telling first; never fewer than two."""
    sources = (brief.task, brief.data, brief.goal)
    unique: list[str] = []
    for text in sources:
        found = (
            [_in_sentence(phrase, text) for phrase in key_phrases(text, 5)] if len(unique) < ENOUGH else []
        )
        unique += [phrase for phrase in found if phrase not in unique]
    return unique[:10] if len(unique) > 1 else [*unique, *FALLBACK_TOPICS]


def _in_sentence(phrase: str, text: str) -> str:
    """How a phrase reads inside a sentence: in small letters unless a name, with the article it had."""
    first, *rest = phrase.split(" ")
    if first[:1].isupper() and first[1:].islower() and rest and not any(word[:1].isupper() for word in rest):
        phrase = " ".join([first.lower(), *rest])
    had_article = re.search(rf"\b(?:the|an?|our|this|its?|their)\s+{re.escape(phrase)}\b", text[:8000], re.I)
    return f"the {phrase}" if had_article else phrase


class Writer:
    def __init__(self, brief: Brief, rng: Random) -> None:
        self.brief = brief
        self.rng = rng
        self.topics = topics_of(brief)
        self._order = list(SENTENCES)
        rng.shuffle(self._order)
        self._next = 0

    def answer(self) -> str:
        """A whole answer in the form the expected output asks for."""
        wanted = self._wanted()
        asks = f"{self.brief.expected}\n{self.brief.task}".lower()
        if "yes or no" in asks:
            return "Yes. " + self.sentence()
        items = next((wanted[kind] for kind in ITEM_KINDS if kind in wanted), 0)
        if not items and ("sentence" in wanted or "line" in wanted):
            return self.sentences(wanted.get("sentence") or wanted["line"])
        if not items and "word" in wanted:
            return self.words(min(wanted["word"], 600))
        if "title" in self.brief.expected.lower() and len(self.brief.expected) < 60:
            return self.title()
        if "table" in asks:
            return f"{self._opener()}\n\n{self._table(items or 3)}"
        if items or re.search(r"\b(bullet|list of|numbered|steps)\b", asks):
            return f"{self._opener()}\n\n{self._list(items or 4)}\n\n{self._closer()}"
        return self._prose(wanted.get("paragraph", 0))

    def sentence(self) -> str:
        template = self._order[self._next % len(self._order)]
        self._next += 1
        return self._fill(template)

    def sentences(self, number: int) -> str:
        return " ".join(self.sentence() for _ in range(max(1, min(number, 60))))

    def words(self, number: int) -> str:
        text = self.sentence()
        while len(text.split()) < number - WORDS_A_SENTENCE // 2:
            text += " " + self.sentence()
        return (
            text if len(text.split()) <= number + WORDS_A_SENTENCE else " ".join(text.split()[:number]) + "."
        )

    def title(self) -> str:
        return _title(self.topics[self._next % len(self.topics)])

    def _prose(self, paragraphs: int) -> str:
        action = self.action()
        blocks = [self._opener(action) + " " + self.sentences(2)]
        if quoted := self._quote():
            blocks.append(quoted + " " + self.sentence())
        wished = paragraphs or (2 if action in ("summary", "decision") else 3)
        while len(blocks) < wished - 1:
            blocks.append(self.sentences(3))
        if len(blocks) < wished or paragraphs == 0:
            blocks.append(self.sentence() + " " + self._closer())
        if action == "reply":
            blocks = ["Hello,", *blocks, f"Kind regards\n{_capital(self.brief.role) or 'The team'}"]
        elif action == "draft" and (paragraphs == 0 or "title" in self.brief.expected.lower()):
            blocks.insert(0, f"# {_title(self.topics[0])}")
        return "\n\n".join(blocks[: paragraphs or None])

    def _list(self, number: int) -> str:
        numbered = self.action() == "plan" or "numbered" in self.brief.expected.lower()
        lines = []
        for index in range(min(number, 30)):
            mark = f"{index + 1}." if numbered else "-"
            lines.append(f"{mark} **{_title(self.topics[index % len(self.topics)])}**: {self.sentence()}")
        return "\n".join(lines)

    def _table(self, rows: int) -> str:
        lines = ["| Topic | Assessment | Weight |", "| --- | --- | --- |"]
        for index in range(min(rows, 20)):
            topic = _title(self.topics[index % len(self.topics)]).replace("|", "/")
            sentence = self.sentence().replace("|", "/")
            lines.append(f"| {topic} | {sentence} | {self.rng.choice(('high', 'medium', 'low'))} |")
        return "\n".join(lines)

    def _quote(self) -> str:
        """A sentence out of what was handed over, so that a reader sees that it arrived."""
        for source, text in self.brief.material:
            for candidate in re.split(r"(?<=[.!?])\s+|\n+", text[:4000]):
                plain = candidate.strip(" -*#>|`\"'{}[]")
                if 30 <= len(plain) <= 220 and plain[0].isalpha():
                    name = re.sub(r"[_-]+", " ", source).strip().removeprefix("From ")
                    told = name.lower() not in ("", "feedback", *LABELS["material"])
                    origin = f"what {name} gave" if told else "what was handed over"
                    return f"From {origin}: “{plain}”"
        return ""

    def action(self) -> str:
        """What kind of work the task is: the verb that stands first in it decides."""
        places = {}
        for name, pattern in ACTIONS.items():
            if found := re.search(rf"\b(?:{pattern})", self.brief.task, re.I):
                places[name] = found.start()
        return min(places, key=lambda name: places[name]) if places else "answer"

    def _opener(self, action: str = "") -> str:
        return self._fill(self.rng.choice(OPENERS[action or self.action()]), first=True)

    def _closer(self) -> str:
        goal = self.brief.goal.split("\n")[0].strip().rstrip(".")
        usable = [closer for closer in CLOSERS if ("{goal}" in closer) <= (0 < len(goal) < 140)]
        return self._fill(self.rng.choice(usable)).replace("{goal}", goal[:1].lower() + goal[1:])

    def _fill(self, template: str, *, first: bool = False) -> str:
        a, b = self.rng.sample(self.topics, 2)
        if first:
            a, b = self.topics[0], self.topics[1]
        return template.replace("{A}", _capital(a)).replace("{a}", a).replace("{b}", b)

    def _wanted(self) -> dict[str, int]:
        """`three bullet points` and the like, as {kind: number}; the expected output wins over the task."""
        wanted: dict[str, int] = {}
        for text in (self.brief.expected, self.brief.task):
            for number, kind in WANTED.findall(text):
                word = number.lower()
                name = kind.lower().removesuffix("s").removesuffix(" point")
                wanted.setdefault(name, NUMBER_WORDS.get(word) or (1 if word == "a single" else int(word)))
        counted = COUNTED.search(self.brief.expected)
        if counted and not wanted and counted[2].lower() not in NOT_ITEMS:
            wanted["item"] = NUMBER_WORDS.get(counted[1].lower()) or int(counted[1])
        return wanted


ITEM_KINDS = ("bullet", "point", "item", "step", "idea", "option", "question")


def _title(topic: str) -> str:
    return _capital(topic.removeprefix("the "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
