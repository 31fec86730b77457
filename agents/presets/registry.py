"""The presets of *New team*: what each is for, when not to use it, and the team itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.formats.reading import Reading
from agents.formats.team_file import parse_reading
from agents.formats.yaml_file import YamlFile
from agents.topology.graph import TeamFile

NAMES = (  # in the order of the gallery
    "one_agent",
    "blog_pipeline",
    "support_triage",
    "market_brief",
    "research_lead",
    "product_office",
    "support_desk",
    "review_each",
    "refine_until_good",
    "motion_debate",
    "round_table",
    "order_check",
    "careful_reply",
    "ask_first",
    "wait_for_it",
    "team_of_teams",
)
EXAMPLES = ("blog_pipeline", "support_triage", "market_brief")  # what a new workspace is given
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """A team document whose agents name the model `default`, and words for the gallery."""

    name: str
    title: str
    pattern: str
    icon: str  # a Lucide icon
    summary: str
    use_when: str
    avoid_when: str
    file: TeamFile


@cache
def preset(name: str) -> Preset:
    """Raises LookupError when there is no such preset."""
    if name not in NAMES:
        raise LookupError(f"There is no preset {name}; there are: {', '.join(NAMES)}.")
    reading = YamlFile().read((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    team = parse_reading(Reading(reading.value["team"], lambda path: reading.place(("team", *path))))
    return Preset(name=name, file=team, **reading.value["preset"])


def presets() -> list[Preset]:
    return [preset(name) for name in NAMES]
