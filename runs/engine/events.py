"""The events of a run: small facts in the past tense. All content is referred to by digest.

An event's fields never change their meaning; a new meaning is a new event or a new optional field, and
golden logs in the tests keep old ones folding. Times are microseconds since the epoch, money is US
dollars as a decimal string, durations are seconds.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from runs.engine.approval_events import ApprovalDecided as ApprovalDecided
from runs.engine.approval_events import ApprovalEdited as ApprovalEdited
from runs.engine.approval_events import ApprovalEscalated as ApprovalEscalated
from runs.engine.approval_events import ApprovalExpired as ApprovalExpired
from runs.engine.approval_events import ApprovalReminded as ApprovalReminded
from runs.engine.approval_events import ApprovalRequested as ApprovalRequested
from runs.engine.approval_events import ApprovalVoted as ApprovalVoted
from runs.engine.approval_events import NodeReopened as NodeReopened
from runs.engine.budget_events import BudgetExceeded as BudgetExceeded
from runs.engine.budget_events import BudgetOverrun as BudgetOverrun
from runs.engine.budget_events import BudgetReopened as BudgetReopened
from runs.engine.budget_events import LatencyBudgetExceeded as LatencyBudgetExceeded
from runs.engine.budget_events import LimitsRaised as LimitsRaised
from runs.engine.child_events import ChildLimitsRaised as ChildLimitsRaised
from runs.engine.child_events import ChildRunEnded as ChildRunEnded
from runs.engine.child_events import ChildRunStarted as ChildRunStarted
from runs.engine.event import CallEvent as CallEvent
from runs.engine.event import Event as Event
from runs.engine.fork_events import Reused as Reused
from runs.engine.fork_events import RunForked as RunForked
from runs.engine.steering_events import NodeRetried as NodeRetried
from runs.engine.steering_events import OutputGiven as OutputGiven
from runs.engine.steering_events import PauseRequested as PauseRequested
from runs.engine.steering_events import ResumeRequested as ResumeRequested
from runs.engine.steering_events import SignalReceived as SignalReceived
from runs.engine.tool_events import ToolCallCompleted as ToolCallCompleted
from runs.engine.tool_events import ToolCallFailed as ToolCallFailed
from runs.engine.tool_events import ToolCallInDoubt as ToolCallInDoubt
from runs.engine.tool_events import ToolCallRefused as ToolCallRefused
from runs.engine.tool_events import ToolCallRequested as ToolCallRequested
from runs.engine.tool_events import ToolCallStarted as ToolCallStarted
from runs.engine.tool_events import ToolCallVetted as ToolCallVetted

VERSION = 2  # the newest event schema this code writes


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one call, as the OpenAI API counts them: cached and reasoning inside their totals."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


class Charge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call used and cost. `cost` None: unknown. Prices are dollars per million tokens."""

    status: Literal["settled", "estimated", "unknown", "reused"]
    usage: Usage = Usage()
    cost: str | None = None
    input_price: str | None = None
    cached_price: str | None = None
    output_price: str | None = None
    price_source: str = ""


class RequestedTool(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tool call a model asked for, before anything about it was checked."""

    call: str
    id: str  # the model's own id for it
    name: str
    arguments: str  # digest of the raw text


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────
class RunStarted(Event, tag="RunStarted", frozen=True, kw_only=True):
    team_version: str
    plan_digest: str
    input: str
    mode: Literal["live", "simulated"]
    by: str
    via: str
    cost_limit: str | None = None
    token_limit: int | None = None
    call_limit: int | None = None
    seconds_limit: float | None = None
    soft_percent: int | None = None  # of each limit: there a person is asked
    latency_s: float | None = None
    retry_base_s: float = 1.0  # first back-off; doubles with each attempt
    parent: str = ""  # the run whose sub-team this is


class RunCompleted(Event, tag="RunCompleted", frozen=True, kw_only=True):
    output: str


class RunFailed(Event, tag="RunFailed", frozen=True, kw_only=True):
    code: str
    message: str
    node: str = ""


class CancelRequested(Event, tag="CancelRequested", frozen=True, kw_only=True):
    by: str
    reason: str = ""


class RunCancelled(Event, tag="RunCancelled", frozen=True, kw_only=True):
    pass


# ── nodes ───────────────────────────────────────────────────────────────────────────────────────────
class NodeStarted(Event, tag="NodeStarted", frozen=True, kw_only=True):
    """An instance of a node starts: by the graph, from `sources`, or spawned by `parent`."""

    sources: tuple[str, ...] = ()  # the instances whose outputs it starts from
    parent: str = ""  # the instance that spawned it
    given: str = ""  # digest of what its parent gave it
    task: str = ""  # digest of what its parent asks of it, in words


class LoopRepeated(Event, tag="LoopRepeated", frozen=True, kw_only=True):
    """The loop at `path` goes round again: `nodes`, its first one ahead, get new instances."""

    iteration: int  # the one that begins
    value: str  # digest of what the first node starts from
    nodes: tuple[str, ...]
    note: str = ""


class VariablesWritten(Event, tag="VariablesWritten", frozen=True, kw_only=True):
    """Digests of what a node wrote into the team's variables; `order` is its place in the graph."""

    writes: dict[str, str]
    order: tuple[int, ...]


class NodeNoted(Event, tag="NodeNoted", frozen=True, kw_only=True):
    """A fact of one kind of node, kept under `key` for its own later decisions and for the trace."""

    key: str
    text: str
    data: dict[str, Any] = {}


class NodeCompleted(Event, tag="NodeCompleted", frozen=True, kw_only=True):
    output: str
    chosen: tuple[str, ...] | None = None  # ids of the edges taken; None: all of them
    note: str = ""


class NodeFailed(Event, tag="NodeFailed", frozen=True, kw_only=True):
    code: str
    message: str
    fatal: bool = False  # ends the run, whatever error edges there are


class NodeSkipped(Event, tag="NodeSkipped", frozen=True, kw_only=True):
    because: Literal["not taken", "upstream failed"]


class NodeCancelled(Event, tag="NodeCancelled", frozen=True, kw_only=True):
    because: str


# ── model calls ─────────────────────────────────────────────────────────────────────────────────────
class ModelCallStarted(CallEvent, tag="ModelCallStarted", frozen=True, kw_only=True):
    """Committed before the request is sent. `append` are the messages since the node's last call."""

    turn: int
    endpoint: str
    model: str
    dialect: str
    append: tuple[str, ...]
    request: str  # digest over the whole request
    idempotency_key: str
    max_tokens: int
    reserved_tokens: int
    reserved_cost: str | None = None
    simulated: bool = False
    agent: str = ""
    agent_name: str = ""
    agent_version: int = 0
    cache: str = ""  # under which the answer is kept for later calls; empty: it is not


class ModelCallCompleted(CallEvent, tag="ModelCallCompleted", frozen=True, kw_only=True):
    message: str  # digest of the assistant's message
    charge: Charge
    finish_reason: str = ""
    tools: tuple[RequestedTool, ...] = ()
    defect: str = ""  # why the answer cannot be read in its dialect
    response_model: str = ""
    response_id: str = ""
    first_token_s: float | None = None
    late: bool = False  # came after its node had ended: billed, otherwise ignored
    reused: Reused | None = None  # no request was made


class ModelCallFailed(CallEvent, tag="ModelCallFailed", frozen=True, kw_only=True):
    code: str
    message: str
    retryable: bool = False
    retry_after_s: float | None = None
    charge: Charge | None = None  # None: nothing was billed
    partial: str = ""  # digest of the text that had arrived


class CallAbandoned(CallEvent, tag="CallAbandoned", frozen=True, kw_only=True):
    """Its worker died before the result was recorded; whether it was answered is unknown."""

    charge: Charge | None = None
    because: str = ""  # another reason


class ModelCallHeld(CallEvent, tag="ModelCallHeld", frozen=True, kw_only=True):
    """Not sent: its endpoint takes no calls now. `after_s` None: it waits for its turn, without a timer."""

    agent: str
    endpoint: str
    model: str
    code: Literal["breaker_open", "probing", "rate_limited", "queued"]
    message: str
    after_s: float | None = None


class FellBack(CallEvent, tag="FellBack", frozen=True, kw_only=True):
    """What a model could not do goes to the next of its chain, or to another `agent`, which begins anew."""

    from_model: str
    to_model: str
    because: str  # the code of the failure
    message: str
    choice: int  # place in the chain; 0: the agent's own model
    agent: str = ""
    agent_name: str = ""


class OutputRejected(Event, tag="OutputRejected", frozen=True, kw_only=True):
    """The answer of `turn` does not fit; `message` tells the model why, in a corrective turn."""

    turn: int
    errors: tuple[str, ...]
    message: str


# ── waiting ─────────────────────────────────────────────────────────────────────────────────────────
class TimerSet(Event, tag="TimerSet", frozen=True, kw_only=True):
    key: str
    after_s: float
    purpose: Literal["retry", "deadline", "wait", "time limit", "latency", "reminder", "escalation"]


class TimerFired(Event, tag="TimerFired", frozen=True, kw_only=True):
    key: str


AnyEvent = (
    RunStarted
    | RunForked
    | RunCompleted
    | RunFailed
    | CancelRequested
    | RunCancelled
    | PauseRequested
    | ResumeRequested
    | NodeRetried
    | OutputGiven
    | SignalReceived
    | NodeStarted
    | ChildRunStarted
    | ChildLimitsRaised
    | ChildRunEnded
    | LoopRepeated
    | VariablesWritten
    | NodeNoted
    | NodeCompleted
    | NodeFailed
    | NodeSkipped
    | NodeCancelled
    | ModelCallStarted
    | ModelCallCompleted
    | ModelCallFailed
    | CallAbandoned
    | ModelCallHeld
    | FellBack
    | OutputRejected
    | ToolCallRequested
    | ToolCallVetted
    | ToolCallRefused
    | ToolCallStarted
    | ToolCallCompleted
    | ToolCallFailed
    | ToolCallInDoubt
    | ApprovalRequested
    | ApprovalVoted
    | ApprovalEdited
    | ApprovalDecided
    | ApprovalExpired
    | ApprovalReminded
    | ApprovalEscalated
    | NodeReopened
    | TimerSet
    | TimerFired
    | BudgetExceeded
    | BudgetReopened
    | LimitsRaised
    | BudgetOverrun
    | LatencyBudgetExceeded
)
TYPES: tuple[type[Event], ...] = AnyEvent.__args__
INPUT_EVENTS = (  # appended by web requests
    RunStarted,
    RunForked,
    CancelRequested,
    PauseRequested,
    ResumeRequested,
    NodeRetried,
    OutputGiven,
    SignalReceived,
    ChildLimitsRaised,
    ChildRunEnded,
    ApprovalVoted,
    ApprovalEdited,
    ApprovalDecided,
    LimitsRaised,
    BudgetReopened,
)
APPROVALS_CHANGED = (  # by a worker: who looks at what waits should look again
    ApprovalRequested,
    ApprovalExpired,
    ApprovalReminded,
    ApprovalEscalated,
)


def type_of(event: Event) -> str:
    return str(event.__struct_config__.tag)


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """The canonical bytes: compact JSON, keys in order, defaults left out."""
    return _encoder.encode(event)


def decode(body: str | bytes) -> AnyEvent:
    """The event in `body`. Raises msgspec.ValidationError on unknown types or fields."""
    event: AnyEvent = _decoder.decode(body)
    return event
