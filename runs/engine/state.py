"""What is true of a run now: plain data that only `fold` changes. No content, only digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from runs.engine.approval_state import ApprovalState as ApprovalState
from runs.engine.events import RequestedTool


class NodeStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


SETTLED = frozenset({NodeStatus.DONE, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED})


class CallStatus(StrEnum):
    REQUESTED = "requested"  # a model asked for this tool; nothing was checked yet
    VETTED = "vetted"  # may be dispatched, perhaps after an approval
    DELEGATED = "delegated"  # another agent was started for it
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    DOUBT = "doubt"


@dataclass(slots=True)
class Call:
    """One model or tool call; `attempt` counts its dispatches."""

    id: str
    path: str
    kind: str  # model, tool
    turn: int
    name: str = ""
    status: CallStatus = CallStatus.STARTED
    attempt: int = 0
    failures: int = 0  # attempts that count against the retries
    started_at: int = 0
    ended_at: int = 0
    model_call_id: str = ""  # a tool call's id in the model's message
    arguments: str = ""
    effect: str = ""
    ask: str = ""
    result: str = ""  # digest of the assistant's message, or of the tool's result
    tools: tuple[RequestedTool, ...] = ()
    dialect: str = ""
    finish_reason: str = ""
    defect: str = ""
    code: str = ""
    message: str = ""
    retryable: bool = False
    retry_after_s: float | None = None
    idempotency_key: str = ""
    endpoint: str = ""
    agent: str = ""
    agent_name: str = ""
    agent_version: int = 0
    simulated: bool = False
    tokens: int = 0  # of its answer, input included
    choice: int = 0  # place of its model in the agent's chain
    cache: str = ""
    reused: str = ""  # where the answer came from, when no request was made: cache, recorded

    @property
    def is_open(self) -> bool:
        return self.status is CallStatus.STARTED


@dataclass(slots=True)
class Hold:
    """A call that was not sent because its endpoint is closed, or waits for its turn there."""

    call: str
    agent: str = ""
    endpoint: str = ""
    code: str = ""
    message: str = ""
    after_s: float | None = None  # None: no timer is needed; it was sent, or waits for its turn
    count: int = 0
    strikes: int = 0  # breaks it was held for; they count as failures


@dataclass(slots=True)
class TimerState:
    key: str
    path: str
    purpose: str
    due_at: int
    fired: bool = False
    open: bool = True


@dataclass(slots=True)
class Node:
    """One instance of a node of the graph, with the conversation its agent has had so far."""

    path: str
    parent: str = ""  # the instance that spawned it
    given: str = ""  # digest of what it was given, when that is not what its edges carry
    task: str = ""  # digest of what its parent asks of it, in words
    sources: tuple[str, ...] = ()
    status: NodeStatus = NodeStatus.PENDING
    started_at: int = 0
    ended_at: int = 0
    output: str = ""
    chosen: tuple[str, ...] | None = None
    code: str = ""
    message: str = ""
    upstream_failed: bool = False
    fatal: bool = False
    transcript: list[str] = field(default_factory=list)
    turns: int = 0
    corrections: int = 0
    rejected_turn: int = 0
    calls: dict[str, Call] = field(default_factory=dict)
    approvals: dict[str, ApprovalState] = field(default_factory=dict)
    timers: dict[str, TimerState] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)  # by call
    choice: int = 0  # how far down its agent's chain of models it has come
    agent: str = ""  # the agent that took over; empty: the one in its configuration
    first_turn: int = 1  # of the agent that has it now
    opened: int = 0  # where that agent's conversation begins in the transcript
    forgiven: int = 0  # corrections that were used up before the model at work now
    over_latency: bool = False

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

    def open_calls(self) -> Iterator[Call]:
        return (call for call in self.calls.values() if call.is_open)


class Write(NamedTuple):
    """What an instance wrote into a variable; `order` is its place in the graph."""

    order: tuple[int, ...]
    value: str  # digest
    path: str


Reservation = tuple[Decimal, int, int]  # dollars, tokens and calls


@dataclass(slots=True)
class Budget:
    """The run's own budget. Money is dollars; what is reserved counts as if it were spent."""

    cost_limit: Decimal | None = None
    token_limit: int | None = None
    call_limit: int | None = None
    seconds_limit: float | None = None
    spent_cost: Decimal = Decimal(0)
    spent_tokens: int = 0
    calls: int = 0
    unknown_costs: int = 0
    unknown_prices_allowed: bool = False
    reserved: dict[tuple[str, int], Reservation] = field(default_factory=dict)  # by call and attempt
    soft_percent: int | None = None
    changed_at: int = 0
    blocked: str = ""  # the limit that stops new calls
    blocked_message: str = ""
    blocked_scope: str = ""  # the shared budget it is of; empty: the run's own
    stops: list[tuple[int, int]] = field(default_factory=list)  # from, to; 0: it stands still now

    @property
    def reserved_cost(self) -> Decimal:
        return sum((cost for cost, _, _ in self.reserved.values()), Decimal(0))

    @property
    def reserved_tokens(self) -> int:
        return sum(tokens for _, tokens, _ in self.reserved.values())

    @property
    def reserved_calls(self) -> int:
        """Those that sub-teams may make; a call of the run itself counts from its start."""
        return sum(calls for _, _, calls in self.reserved.values())


@dataclass(slots=True)
class RunState:
    seq: int = 0
    started_at: int = 0
    ended_at: int = 0
    mode: str = "live"
    input: str = ""
    output: str = ""
    by: str = ""
    retry_base_s: float = 1.0
    parent: str = ""  # the run whose sub-team this is
    latency_s: float | None = None
    recorded: str = ""  # the run whose log answers the calls
    ended: str = ""  # done, failed, cancelled
    code: str = ""
    message: str = ""
    failed_node: str = ""
    cancel_requested: bool = False
    paused_by: str = ""  # the name of who paused it
    nodes: dict[str, Node] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    running: dict[str, None] = field(default_factory=dict)  # paths, in the order they started
    children: dict[str, list[str]] = field(default_factory=dict)  # spawned instances, in order
    instances: dict[str, str] = field(default_factory=dict)  # node id → its instance now, if not the first
    loops: dict[str, list[str]] = field(default_factory=dict)  # loop's node id → values it went round with
    writes: dict[str, list[Write]] = field(default_factory=dict)  # of variables, by name

    def node(self, path: str) -> Node:
        """The instance's state; one that nothing has happened to yet is pending."""
        if path not in self.nodes:
            self.nodes[path] = Node(path)
        return self.nodes[path]

    def forget_writes(self, path: str) -> None:
        """What the instance, and those it ran, wrote into variables does not count any more."""
        for name, written in self.writes.items():
            self.writes[name] = [
                one for one in written if one.path != path and not one.path.startswith(f"{path}/")
            ]

    def instance(self, node_id: str) -> str:
        """The path of the node's instance that counts now: its latest iteration."""
        return self.instances.get(node_id, node_id)

    def spawned(self, path: str) -> list[Node]:
        """The instances that `path` started, in that order."""
        return [self.nodes[child] for child in self.children.get(path, ())]

    def open_calls(self) -> list[Call]:
        return [call for node in self.nodes.values() for call in node.open_calls()]

    def pending_approvals(self) -> list[ApprovalState]:
        return [
            approval
            for node in self.nodes.values()
            for approval in node.approvals.values()
            if approval.status == "pending"
        ]

    def open_timers(self) -> list[TimerState]:
        return [timer for node in self.nodes.values() for timer in node.timers.values() if timer.open]
