"""The team document, `troupe.team/v1`: what is drawn, stored, exported and run.

Pure: pydantic only. A `Graph` is what the canvas edits; a `TeamFile` is a graph with its agents and
tools, portable between workspaces; a `PinnedTeam` is what a published version holds and a run executes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from agents.topology.document import Document
from agents.topology.document import Storable as _Storable
from agents.topology.policy import Policy
from agents.topology.problems import KEY_PATTERN

FORMAT: Final = "troupe.team/v1"


Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
Text = Annotated[str, _Storable]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _Storable]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), _Storable]
Prose = Annotated[str, StringConstraints(max_length=20_000), _Storable]
Rule = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000), _Storable]
JsonObject = Annotated[dict[str, JsonValue], _Storable]
CacheSeconds = Annotated[float, Field(gt=0, le=30 * 86_400)]


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────
class ModelRef(Document):
    """A model by name, so that a team can move: endpoint name in the workspace, model id at the endpoint."""

    endpoint: Line
    model: Line


class Parameters(Document):
    """Sampling parameters, with the names and ranges of the OpenAI API."""

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int = Field(1024, ge=1, le=200_000)
    seed: int | None = None
    stop: list[Text] = Field(default_factory=list, max_length=4)


class Limits(Document):
    timeout_s: float = Field(120, gt=0, le=3600)
    retries: int = Field(2, ge=0, le=10)
    max_tool_rounds: int = Field(8, ge=0, le=50)
    corrective_turns: int = Field(2, ge=0, le=5)
    latency_s: float | None = Field(None, gt=0, le=86_400)  # a breach is told, and stops nothing


class Output(Document):
    """What an agent must answer: free text, or JSON that fits `schema`."""

    kind: Literal["text", "json"] = "text"
    json_schema: JsonObject | None = Field(None, alias="schema")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _schema_goes_with_json(self) -> Output:
        if self.kind == "json" and not self.json_schema:
            raise ValueError("JSON output needs a schema.")
        return self


class AgentSpec(Document):
    name: Title
    role: Line = ""
    goal: Prose = ""
    backstory: Prose = ""
    instructions: Prose = ""
    model: ModelRef
    fallbacks: list[ModelRef] = Field(default_factory=list, max_length=8)  # asked in this order when it fails
    parameters: Parameters = Parameters()
    tools: list[Key] = Field(default_factory=list, max_length=64)
    output: Output = Output()
    limits: Limits = Limits()

    @property
    def models(self) -> list[ModelRef]:
        """All it may ask, in order."""
        return [self.model, *self.fallbacks]


class ToolSpec(Document):
    """A tool as this workspace offers it: which built-in kind, how configured, under which approval rule."""

    kind: Key
    description: Prose = ""
    config: JsonObject = Field(default_factory=dict)
    approval: Rule = ""
    policy: Policy | None = None  # who approves what the rule asks about; None: any operator
    cache_s: CacheSeconds | None = None  # how old a result may be that is used again; None: never


# ── graph ───────────────────────────────────────────────────────────────────────────────────────────
class EdgeKind(StrEnum):
    FLOW = "flow"
    ERROR = "error"
    DELEGATES = "delegates"
    HANDOFF = "handoff"


class Position(Document):
    x: float = 0
    y: float = 0


class Task(Document):
    """What a node asks of its agent; `description` is a Liquid template over input and nodes."""

    description: Prose = ""
    expected_output: Prose = ""


class Node(Document):
    id: Key
    kind: Key
    name: Line = ""
    position: Position = Position()
    config: JsonObject = Field(default_factory=dict)
    writes: dict[Key, Rule] = Field(default_factory=dict)  # variable → CEL over what it read and its `output`

    @property
    def title(self) -> str:
        return self.name or self.id


class Edge(Document):
    id: Annotated[str, StringConstraints(min_length=1, max_length=120), _Storable]
    source: Key
    target: Key
    kind: EdgeKind = EdgeKind.FLOW
    label: Line = ""
    when: Rule = ""
    carries: Literal["output", "conversation", "nothing"] = "output"


class StickyNote(Document):
    id: Annotated[str, StringConstraints(min_length=1, max_length=60), _Storable]
    text: Annotated[str, StringConstraints(max_length=2_000), _Storable] = ""
    position: Position = Position()


class Variable(Document):
    """What nodes of a team share. Parallel writes merge in the order of the graph."""

    name: Key
    type: Literal["string", "number", "integer", "boolean", "array", "object"] = "string"
    merge: Literal["replace", "append", "add", "merge"] = "replace"
    initial: Annotated[JsonValue, _Storable] = None


class RunLimits(Document):
    """What a run may use up. None means no limit."""

    cost_usd: Annotated[str, StringConstraints(pattern=r"^\d{1,9}(\.\d{1,10})?$")] | None = None
    tokens: int | None = Field(None, ge=1)
    model_calls: int | None = Field(200, ge=1, le=100_000)
    seconds: float | None = Field(None, gt=0)
    soft_percent: int | None = Field(None, ge=1, le=99)  # of each limit: there a person is asked
    latency_s: float | None = Field(None, gt=0)  # a breach is told, and stops nothing


class Graph(Document):
    nodes: list[Node] = Field(default_factory=list, max_length=500)
    edges: list[Edge] = Field(default_factory=list, max_length=2_000)
    notes: list[StickyNote] = Field(default_factory=list, max_length=200)
    variables: list[Variable] = Field(default_factory=list, max_length=100)
    limits: RunLimits = RunLimits()


class TeamFile(Document):
    """The portable team file. `agents` and `tools` are keyed by the names that nodes use."""

    format: Literal["troupe.team/v1"] = FORMAT
    name: Title
    description: Annotated[str, StringConstraints(max_length=2_000), _Storable] = ""
    agents: dict[Key, AgentSpec] = Field(default_factory=dict)
    tools: dict[Key, ToolSpec] = Field(default_factory=dict)
    graph: Graph


# ── what a version pins ─────────────────────────────────────────────────────────────────────────────
class PinnedAgent(Document):
    spec: AgentSpec
    version: int = 0


class PinnedTool(Document):
    """A tool with what its kind said of it when the version was published."""

    spec: ToolSpec
    title: str = ""
    description: str = ""  # what models are told
    parameters: dict[str, JsonValue]  # JSON Schema of the arguments
    effect: Literal["reads", "idempotent", "writes"]


class PinnedSubteam(Document):
    """The published version of another team that a node runs, and what has to be known of it."""

    team: str  # ids
    version: str
    number: int
    description: str = ""
    input_schema: dict[str, JsonValue] = Field(default_factory=dict)
    limits: RunLimits = RunLimits()
    contains: list[str] = Field(default_factory=list)  # ids of teams that it runs itself, to any depth


class PinnedTeam(Document):
    """Everything a run needs to know about its team, frozen when the version was published."""

    format: Literal["troupe.team/v1"] = FORMAT
    name: Title
    description: str = ""
    agents: dict[Key, PinnedAgent]
    tools: dict[Key, PinnedTool]
    teams: dict[str, PinnedSubteam] = Field(default_factory=dict)  # by name
    graph: Graph

    def as_file(self) -> TeamFile:
        agents = {key: pinned.spec for key, pinned in self.agents.items()}
        tools = {key: pinned.spec for key, pinned in self.tools.items()}
        return TeamFile(
            name=self.name, description=self.description, agents=agents, tools=tools, graph=self.graph
        )


def dump(document: BaseModel) -> dict[str, Any]:
    """JSON-ready form: aliases as in the file, and only what differs from the defaults."""
    return document.model_dump(mode="json", by_alias=True, exclude_defaults=True) | (
        {"format": FORMAT} if isinstance(document, TeamFile | PinnedTeam) else {}
    )
