"""Why an action on a run was refused, in sentences."""

from __future__ import annotations

from agents.topology.problems import Problem


class Refused(Exception):
    """The action does not fit the state of things; `code` is for programs, the text for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class BadInput(Exception):
    """What was sent in cannot be used; every problem with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
