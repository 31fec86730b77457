"""The run, its log, its content and its projections. Only `runs.log` writes events and projections.

Their references to run and workspace are not checked by the database: one statement writes them all,
conditional on the run's row, and a check for each row would cost more than the rows themselves. Their
primary keys begin with the run or the workspace, so these need no index of their own.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q, Value


class Run(models.Model):
    """One execution of a team version. Everything below `seq` is a fact of the log or follows from it."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        DOUBT = "doubt", "In doubt"

    ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)

    class Mode(models.TextChoices):
        LIVE = "live", "Live"
        SIMULATED = "simulated", "Rehearsal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="runs")
    team_version = models.ForeignKey("agents.TeamVersion", on_delete=models.PROTECT, related_name="runs")
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.LIVE)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    activity = models.CharField(max_length=200, blank=True)  # what it does or waits for, in a line
    error = models.CharField(max_length=500, blank=True)
    input_digest = models.CharField(max_length=64)
    output_digest = models.CharField(max_length=64, blank=True)
    cost_limit = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    started_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    started_via = models.CharField(max_length=120, default="web")
    idempotency_key = models.CharField(max_length=200, blank=True)
    forked_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="forks"
    )
    fork_seq = models.PositiveIntegerField(default=0)  # the last event shared with it; its own begin behind
    fork_hash = models.BinaryField(max_length=32, default=bytes)  # of that event
    effects = models.CharField(max_length=12, blank=True)  # of a fork: recorded, simulated, live
    parent = models.ForeignKey(  # of a sub-team's run
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    parent_path = models.CharField(max_length=1000, blank=True)  # the node there whose run it is
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    seq = models.PositiveIntegerField(default=0)
    head_hash = models.BinaryField(max_length=32, default=bytes(32))
    event_version = models.PositiveSmallIntegerField(default=1)  # the newest event schema in its log

    epoch = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    runnable = models.BooleanField(default=True)  # there is something to do that no parked wait covers

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"]),
            models.Index(fields=["lease_until"], condition=Q(runnable=True), name="run_runnable"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="run_idempotency_key_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.team_version} {self.short_id}"

    @property
    def short_id(self) -> str:
        return f"r-{self.id.hex[:6]}"

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED


class Event(models.Model):
    """One fact. `body` holds the canonical bytes that `hash` covers together with the previous hash."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="events"
    )
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    path = models.CharField(max_length=1000, blank=True)
    call = models.CharField(max_length=1000, blank=True)
    body = models.TextField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Prefix(models.Model):
    """The events `first` to `last` of `source` are the beginning, or part of it, of a fork's log."""

    pk = models.CompositePrimaryKey("run_id", "first")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="prefixes")
    source = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.first}–{self.last} of {self.source_id}"


class LogEvent(models.Model):
    """The whole log of a run, inherited events and its own: a view, only for reading."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="log")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    path = models.CharField(max_length=1000)
    call = models.CharField(max_length=1000)
    body = models.TextField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "runs_log"

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Tombstone(models.Model):
    """What is left of a deleted run: where its log ended, so that nobody can say it was another."""

    run = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE, related_name="+")
    team = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    seq = models.PositiveIntegerField()
    head_hash = models.BinaryField(max_length=32)
    cost = models.DecimalField(max_digits=20, decimal_places=12)  # dollars it is known to have cost
    started_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(auto_now_add=True)
    deleted_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"r-{self.run.hex[:6]}"


class CachedAnswer(models.Model):
    """The answer to a request, for later calls that are the same. It may be emptied at any time."""

    pk = models.CompositePrimaryKey("workspace_id", "digest")
    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    digest = models.CharField(max_length=64)  # of everything that makes the request what it is
    result = models.CharField(max_length=64)  # digest of the answer
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    call = models.CharField(max_length=1000)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Blob(models.Model):
    """Content by digest: a message is stored once however many calls refer to it."""

    pk = models.CompositePrimaryKey("workspace_id", "digest")
    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    digest = models.CharField(max_length=64)
    content = models.TextField()  # JSON text; NUL and lone surrogates are escaped on entry
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Span(models.Model):
    """Projection: one node, model call, tool call or wait, with its times. Feeds graph and timeline."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="spans"
    )
    key = models.CharField(max_length=1000)
    kind = models.CharField(max_length=12)  # node, model, tool, wait
    path = models.CharField(max_length=1000)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=12)
    attempt = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.key


class LedgerEntry(models.Model):
    """Projection: one billable call. Every total shown anywhere is a sum over these rows."""

    class Status(models.TextChoices):
        SETTLED = "settled", "Settled"  # usage reported by the endpoint
        ESTIMATED = "estimated", "Estimated"  # cut off before its usage arrived
        UNKNOWN = "unknown", "Unknown"  # nobody knows whether or what it cost
        REUSED = "reused", "Reused"  # answered from an earlier call; no request was made

    pk = models.CompositePrimaryKey("run_id", "call", "attempt")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="ledger"
    )
    call = models.CharField(max_length=1000)
    attempt = models.PositiveSmallIntegerField()
    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    path = models.CharField(max_length=1000)
    agent_key = models.CharField(max_length=48, blank=True)
    agent_name = models.CharField(max_length=80, blank=True)
    agent_version = models.PositiveIntegerField(default=0)
    endpoint = models.CharField(max_length=200)
    model = models.CharField(max_length=200)
    simulated = models.BooleanField(default=False)  # no money moved: rehearsals and the rehearsal model
    status = models.CharField(max_length=12, choices=Status.choices)
    input_tokens = models.PositiveIntegerField(default=0)  # cached ones included
    cached_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)  # reasoning ones included
    reasoning_tokens = models.PositiveIntegerField(default=0)
    input_price = models.DecimalField(max_digits=18, decimal_places=8, null=True)  # dollars per million
    cached_price = models.DecimalField(max_digits=18, decimal_places=8, null=True)
    output_price = models.DecimalField(max_digits=18, decimal_places=8, null=True)
    price_source = models.CharField(max_length=200, blank=True)
    cost = models.DecimalField(max_digits=20, decimal_places=12, null=True)  # dollars; null: unknown, never 0
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "at"])]

    def __str__(self) -> str:
        return f"{self.call} #{self.attempt}"


class Approval(models.Model):
    """Projection: something a person is asked. The decision is bound to `digest`."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        EDITED = "edited", "Edited and approved"
        REJECTED = "rejected", "Rejected"
        SENT_BACK = "sent_back", "Sent back"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"

    pk = models.CompositePrimaryKey("run_id", "key")
    id = models.UUIDField(unique=True)  # derived from run and key, for links
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="approvals"
    )
    key = models.CharField(max_length=2100)  # path and key of the question, a line each
    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=12)  # gate, tool, doubt, budget
    path = models.CharField(max_length=1000)
    call = models.CharField(max_length=1000, blank=True)
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    digest = models.CharField(max_length=64)  # of the subject: exactly what is to be approved
    least_role = models.PositiveSmallIntegerField(default=20)
    # marks of which a person needs one to decide; see agents.topology.policy
    audience = models.JSONField(default=list, db_default=Value(["20:any"], models.JSONField()))
    policy = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))  # for people to read
    quorum = models.PositiveSmallIntegerField(default=1, db_default=1)
    # approvals of `digest` so far: by, name, at (microseconds), comment
    votes = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    launcher_may_decide = models.BooleanField(default=True)
    may_send_back = models.BooleanField(default=False, db_default=False)
    requested_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True, blank=True)
    reminded = models.PositiveSmallIntegerField(default=0, db_default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated = models.PositiveSmallIntegerField(default=0, db_default=0)  # steps that were reached
    escalated_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("studio.User", null=True, on_delete=models.SET_NULL, related_name="+")
    comment = models.TextField(blank=True)
    edited_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "status", "-requested_at"])]

    def __str__(self) -> str:
        return self.title


class Timer(models.Model):
    """Projection: when a run wants to be woken."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="timers"
    )
    key = models.CharField(max_length=1000)
    due_at = models.DateTimeField()
    open = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(open=True), name="timer_open")]

    def __str__(self) -> str:
        return self.key


class ChildRun(models.Model):
    """Projection: a run that a sub-team's node wants, whether it exists yet or not."""

    pk = models.CompositePrimaryKey("run_id", "path")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="child_runs"
    )
    path = models.CharField(max_length=1000)
    child = models.UUIDField()
    status = models.CharField(max_length=12)  # wanted, paused, unwanted, ended

    class Meta:
        indexes = [models.Index(fields=["child"], condition=~Q(status="ended"), name="child_run_open")]

    def __str__(self) -> str:
        return self.path


class ToolEffect(models.Model):
    """Projection: a tool call that may have changed something, and what is known of it."""

    pk = models.CompositePrimaryKey("run_id", "call")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="tool_effects"
    )
    call = models.CharField(max_length=1000)
    tool = models.CharField(max_length=48)
    effect = models.CharField(max_length=12)  # reads, idempotent, writes
    idempotency_key = models.CharField(max_length=64)
    status = models.CharField(max_length=12)  # started, done, failed, doubt, reused
    approval = models.CharField(max_length=1000, blank=True)  # the approval it used up
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tool} {self.call}"


from runs.budgets.models import Budget as Budget  # noqa: E402 - Django looks for models here
from runs.budgets.models import BudgetHold as BudgetHold  # noqa: E402
from runs.budgets.models import BudgetWait as BudgetWait  # noqa: E402
