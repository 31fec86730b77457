"""What delegation costs in prompt tokens, against the same plan written by hand.

    python -m bench.tokens [--json]

Counts what reaches the endpoint, by the endpoint's own account.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if __package__ in (None, ""):  # run by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Figure
from bench.stack import ROOT

if TYPE_CHECKING:  # what is behind them needs Django, which a command sets up first
    from agents.topology.graph import TeamFile
    from bench.world import World

TITLE = "Prompt tokens of a supervisor with three workers"
ABOUT = (
    "A supervisor asks three workers and writes their answers up; roles of 200 to 300 words each, answers of "
    "some 250 (bench/board_brief.yaml). The ideal is the same plan by hand: one call that plans, three that "
    "work, one that writes, each given only what it needs, in the same words and with the very assignments "
    "and results of the run. All prompt tokens, cached or not, as the endpoint counts them."
)
TEAM = ROOT / "bench" / "board_brief.yaml"
QUESTION = (
    "Should we let customers of our online tea shop subscribe to a monthly box? We ship 9,000 parcels a "
    "month to 14 countries, two thirds of them to people who have bought before. A box would hold four "
    "teas of our choice for 24 euros. The warehouse is at 80 percent of what it can pack. Decide for the "
    "year that begins in March."
)
TOGETHER, IN_TURN, BY_HAND = "name=together", "name=in_turn,delegate=one", "name=by_hand"
MOST_TOGETHER, MOST_IN_TURN = 1.25, 2.0


def measure(world: World, rounds: int) -> list[Figure]:
    from agents.formats.team_file import parse

    file = parse(TEAM.read_bytes(), name=TEAM.name)
    together, plan = _compared(world, file, TOGETHER)
    in_turn, plan_in_turn = _compared(world, file, IN_TURN)
    return [
        Figure("by hand", plan, "tokens"),
        Figure("all delegated at once", together, "tokens"),
        Figure("at once, over by hand", together / plan, "×", MOST_TOGETHER),
        Figure("delegated one after another", in_turn, "tokens"),
        Figure("one after another, over by hand", in_turn / plan_in_turn, "×", MOST_IN_TURN),
    ]


def _compared(world: World, file: TeamFile, profile: str) -> tuple[int, int]:
    """Prompt tokens of a run, and of its plan by hand."""
    from agents.topology.graph import ModelRef
    from bench import teams
    from bench.by_hand import Ideal, assignments

    model = ModelRef(endpoint=teams.endpoint(world.actor, world.url(profile)), model="rehearsal")
    agents = {key: spec.model_copy(update={"model": model}) for key, spec in file.agents.items()}
    run = world.finished(teams.published(world.actor, file.model_copy(update={"agents": agents})), QUESTION)
    used = int(world.ledger(profile)["totals"]["prompt_tokens"])
    plan = Ideal(file, QUESTION).requests(assignments(run, agents.keys() - {"lead"}))
    return used, sum(prompt_tokens(world, messages) for messages in plan)


def prompt_tokens(world: World, messages: list[dict[str, Any]]) -> int:
    """As many as the endpoint counts for this request."""
    body = json.dumps({"model": "rehearsal", "messages": messages, "max_tokens": 1}).encode()
    with urlopen(Request(f"{world.url(BY_HAND)}/chat/completions", data=body)) as answer:
        return int(json.load(answer)["usage"]["prompt_tokens"])


if __name__ == "__main__":
    from bench.engine import main

    sys.exit(main(("tokens",)))
