"""Input events: appended by requests under the run row's lock, without an epoch of their own."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import redis
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from agents.models import TeamVersion
from runs.actions.errors import Refused
from runs.engine import events as ev
from runs.engine.commands import Record
from runs.engine.completion import consequences
from runs.engine.content import Content, ContentMissing
from runs.engine.decide import status
from runs.engine.fold import replay
from runs.engine.plan import Plan, plan_for
from runs.execute import failpoints
from runs.execute.clock import now_us
from runs.live.bell import ring_on_commit
from runs.log import Draft, Head, run_sync
from runs.models import Blob, LogEvent, Run
from runs.projections.base import Ref
from runs.tasks import advance

log = logging.getLogger(__name__)


@dataclass
class Locked:
    """A run whose row this transaction holds, with its state and what is to be appended."""

    run: Run
    plan: Plan
    content: Content
    draft: Draft

    def load(self, digest: str) -> object:
        """Content by digest, from the database if need be."""
        if digest not in self.content.texts:
            blob = Blob.objects.filter(workspace_id=self.run.workspace_id, digest=digest).first()
            if blob is None:
                raise LookupError("This content is no longer stored.")
            self.content.texts[digest] = blob.content
        return self.content.get(digest)

    def consequences(self, event: ev.Event) -> list[ev.Event]:
        """The facts that `event` stands for. Raises Refused when content they rest on is gone."""
        while True:
            try:
                return consequences(Record(event), self.plan, self.draft.state, self.content)
            except ContentMissing as missing:
                digests = missing.digests
            try:
                for digest in digests:
                    self.load(digest)
            except LookupError as gone:
                raise Refused("content_gone", str(gone)) from gone


def plan_of(version: TeamVersion) -> Plan:
    return plan_for(version.digest, version.content)


def lock(run_id: UUID) -> Locked:
    """The run, locked until the end of the transaction; must be called inside one."""
    run = Run.objects.select_for_update(of=("self",)).select_related("team_version").get(pk=run_id)
    plan = plan_of(run.team_version)
    bodies = LogEvent.objects.filter(run_id=run_id).order_by("seq").values_list("body", flat=True)
    state = replay(ev.decode(body) for body in bodies.iterator(chunk_size=2_000))
    draft = Draft(Ref(run.id, run.workspace_id, plan), Head(run.seq, bytes(run.head_hash), run.epoch), state)
    return Locked(run, plan, Content(), draft)


def append(locked: Locked, event: ev.Event, *, approvals: bool = False) -> None:
    """Append one input event and wake the run: a worker is told once this transaction has committed."""
    append_all(locked, [event], approvals=approvals)


def append_all(locked: Locked, events: Iterable[ev.Event], *, approvals: bool = False) -> None:
    """The same for several that belong together."""
    for event in events:
        locked.draft.add(msgspec.structs.replace(event, at=now_us()))
    written = locked.draft.append(locked.content.fresh, runnable=True, release=False)
    if not run_sync(written):
        raise RuntimeError(f"The log of run {locked.run.id} moved although its row is locked.")
    run, seq = locked.run, written.head.seq
    failpoints.hit("before commit", run.id, locked.draft.events)
    transaction.on_commit(functools.partial(failpoints.hit, "after commit", run.id, locked.draft.events))
    ring_on_commit(run.id, run.workspace_id, seq, status(locked.draft.state), approvals=approvals)
    transaction.on_commit(functools.partial(offer, run.id))


def offer(run_id: UUID) -> None:
    """Tell the workers; should the message be lost, or nobody take it, the sweeper tells them."""
    try:
        advance.apply_async([str(run_id)], retry=False, ignore_result=True)
    except (OperationalError, redis.RedisError, OSError) as error:
        log.warning("Workers were not told of run %s, which the sweeper will do: %s", run_id, error)


def database_now_us() -> int:
    """The database's clock, by which deadlines are kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])
