"""One decision in full: what is asked, why, what it rests on, who may decide, and what a form can change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from agents.topology.graph import EdgeKind, PinnedTool
from runs import queries
from runs.actions.appending import plan_of
from runs.actions.decide import DECISIONS
from runs.approvals.alike import alike
from runs.approvals.basis import Basis, basis_of
from runs.approvals.deciders import Deciders
from runs.approvals.history import Step, first_digest, history_of, round_before
from runs.approvals.readable import Readable, readable
from runs.approvals.sources import schema_of_sources
from runs.approvals.text_diff import Piece, pieces
from runs.approvals.words import state_of
from runs.engine.kind import node_of
from runs.engine.plan import Plan
from runs.models import Approval, Blob, Run
from runs.queries import Row
from runs.schema_forms.form import inferred
from runs.schema_forms.properties import Property, properties_of
from studio.workspaces.access import Member

TEXT = "value"  # the one field of a gate that holds a text
BUDGET = ("budget", "limit", "spent", "reserved", "next", "soft", "hard")


@dataclass(frozen=True)
class Mark:
    """A risk in a few words; `tone` is a state's colour."""

    icon: str
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Argument:
    """One value of what is asked: as it was asked and, if somebody changed it, as it was approved."""

    one: Property
    was: Readable | None
    now: Readable | None = None
    pieces: tuple[Piece, ...] = ()  # a changed text, word by word


class Asked:
    """What a person decides on, read from what the decision's digest covers."""

    def __init__(self, approval: Approval, member: Member) -> None:
        self.approval = approval
        self.member = member
        self.run: Run = approval.run
        self.form: Any = None  # the posted form, when it has to be shown again

    # ── what the digest covers ──────────────────────────────────────────────────────────────────────
    @cached_property
    def subject(self) -> dict[str, Any] | None:
        """None once its content is no longer stored."""
        found = self._content(self.approval.digest)
        return found if isinstance(found, dict) else None

    @cached_property
    def edited(self) -> Any:
        """What was approved instead, if somebody changed it."""
        return self._content(self.approval.edited_digest) if self.approval.edited_digest else None

    def _content(self, digest: str) -> Any:
        rows = Blob.objects.filter(workspace_id=self.approval.workspace_id, digest=digest)
        text = rows.values_list("content", flat=True).first()
        return None if text is None else json.loads(text)

    @cached_property
    def plan(self) -> Plan:
        return plan_of(self.run.team_version)

    @property
    def node(self) -> str:
        """The name of the node that asks."""
        return self.plan.title(self.approval.path)

    @property
    def words(self) -> str:
        """The agent's own words, checked by nobody."""
        return str((self.subject or {}).get("words") or "")

    @property
    def instructions(self) -> str:
        """What whoever drew the gate wants looked at."""
        return str((self.subject or {}).get("instructions") or "")

    @property
    def about(self) -> str:
        """What a question is about: the text that arrived where it is asked."""
        found = (self.subject or {}).get("about")
        return found if isinstance(found, str) else ""

    @property
    def about_values(self) -> list[Argument]:
        """What a question is about when no text arrived: its values; those of branches bear their names."""
        found = (self.subject or {}).get("about")
        if not found or isinstance(found, str):
            return []
        titles = {key: {"title": self.plan.title(key)} for key in self.plan.view.nodes}
        shown = []
        for key, value in _named(found).items():
            one = Property(key, inferred(value) | titles.get(key, {}), False)
            shown.append(Argument(one, readable(value, one)))
        return shown

    @property
    def tool(self) -> str:
        return str((self.subject or {}).get("tool") or "")

    @property
    def pinned(self) -> PinnedTool | None:
        return self.plan.team.tools.get(self.tool)

    @property
    def hash(self) -> str:
        """The digest as people compare it: `9f2c 41ab … 77e0`."""
        digest = self.approval.digest
        return f"{digest[:4]} {digest[4:8]} … {digest[-4:]}"

    @cached_property
    def row(self) -> Row:
        """The run with what it and its sub-teams have cost so far."""
        return queries.rows([self.run])[0].whole

    @cached_property
    def basis(self) -> list[Basis]:
        return basis_of(self.approval, self.plan, self.member.workspace.slug)

    @cached_property
    def alike(self) -> int:
        """How many others ask this person the same."""
        return max(alike(self.member, self.approval).count() - 1, 0) if self.decisions else 0

    @property
    def history(self) -> list[Step]:
        return history_of(self.approval, self.node)

    # ── what would happen ───────────────────────────────────────────────────────────────────────────
    @property
    def value(self) -> Any:
        """The arguments of the call, or what arrives at the gate."""
        return self._value_in(self.subject or {})

    def _value_in(self, subject: Mapping[str, Any]) -> Any:
        match self.approval.kind:
            case "gate":
                return subject.get("value")
            case "question":
                return self.edited or {}
            case "budget":
                return {name: subject[name] for name in BUDGET if subject.get(name)}
            case _:
                return subject.get("arguments")

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)

    @cached_property
    def object(self) -> dict[str, Any]:
        """What is asked as an object with named values, whatever it is."""
        return _named(self.value)

    @cached_property
    def first_object(self) -> dict[str, Any]:
        """What was asked at first, before somebody changed it."""
        digest = first_digest(self.approval) if self.approval.edited_digest else self.approval.digest
        if digest == self.approval.digest:
            return self.object
        found = self._content(digest)
        return _named(self._value_in(found)) if isinstance(found, dict) else self.object

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema that an edit, or an answer, has to fit."""
        if self.approval.kind == "question":
            drawn = getattr(self.plan.config(self.approval.path), "answer_schema", {})
            return _in_order((self.subject or {}).get("schema"), drawn)
        if self.approval.kind != "gate":
            pinned = self.pinned.parameters if self.pinned else {}
            return _in_order((self.subject or {}).get("parameters") or pinned, pinned)
        if isinstance(self.value, dict):
            shape = {key: inferred(one) for key, one in self.value.items()}
            return self._schema_of_source() or _object(shape)
        return _object({TEXT: inferred(self.value) | {"title": "Text" if self.is_text else "Value"}})

    def _schema_of_source(self) -> dict[str, Any] | None:
        """The output schema of the one agent whose answer arrived, so that an edit keeps to it."""
        schema = schema_of_sources(self.plan, [one.path for one in self.basis if one.path])
        return schema if schema and schema.get("type") == "object" else None

    @property
    def arguments(self) -> list[Argument]:
        named = properties_of(self.schema)
        known = {one.name for one in named}
        rest = [Property(key, self._extra(key), False) for key in self.object if key not in known]
        return [self._argument(one) for one in [*named, *rest] if self._concerns(one)]

    def _extra(self, key: str) -> Mapping[str, Any]:
        """A branch that came through a join is called by its node's name."""
        titled = self.approval.kind == "gate" and key in self.plan.view.nodes
        return inferred(self.object[key]) | ({"title": self.plan.title(key)} if titled else {})

    @property
    def changes(self) -> list[Argument]:
        """What somebody has changed, while others still have to approve it."""
        return [one for one in self.arguments if one.now or one.pieces] if self.is_open else []

    def _concerns(self, one: Property) -> bool:
        return one.name in self.first_object or one.name in self._edited_object

    def _argument(self, one: Property) -> Argument:
        was = readable(self.first_object[one.name], one) if one.name in self.first_object else None
        if not self.approval.edited_digest or self.approval.kind == "doubt":
            return Argument(one, was)
        old, new = self.first_object.get(one.name), self._edited_object.get(one.name)
        if old == new:
            return Argument(one, was)
        texts = (
            isinstance(old, str) and isinstance(new, str) and "text" in (was and was.look, readable(new).look)
        )
        return Argument(one, was, readable(new, one), tuple(pieces(str(old), str(new))) if texts else ())

    @cached_property
    def _edited_object(self) -> dict[str, Any]:
        return {} if self.edited is None else _named(self.edited)

    # ── what was sent back before ───────────────────────────────────────────────────────────────────
    @property
    def sent_back(self) -> dict[str, Any]:
        """By whom and why, when this is asked anew; else empty."""
        found = (self.subject or {}).get("sent_back")
        return found if isinstance(found, dict) else {}

    @cached_property
    def since_sent_back(self) -> list[Piece]:
        """A text compared with the one that was sent back, word by word; empty when it is no text."""
        before = round_before(self.approval) if self.sent_back else None
        found = self._content(before.digest) if before else None
        old = self._value_in(found) if isinstance(found, dict) else None
        return pieces(old, self.value) if isinstance(old, str) and isinstance(self.value, str) else []

    @property
    def marks(self) -> list[Mark]:
        found = []
        effect = (self.subject or {}).get("effect")
        if self.run.mode == Run.Mode.SIMULATED and self.approval.kind == "tool":
            found.append(Mark("flask-conical", "Rehearsal: nothing outside is read or changed"))
        elif effect == "writes" or self.approval.kind == "doubt":
            found.append(Mark("repeat-2", "Not idempotent: a repeat does it twice", "failed"))
        elif effect == "idempotent":
            found.append(Mark("repeat-2", "Changes something; a repeat changes nothing more", "warning"))
        elif effect == "reads":
            found.append(Mark("eye", "Only reads"))
        if self.pinned and (hosts := self._hosts()):
            found.append(Mark("globe", f"External: {hosts}", "warning"))
        if rule := (self.subject or {}).get("rule"):
            found.append(Mark("shield-alert", f"Rule: {rule}"))
        return found

    def _hosts(self) -> str:
        """Where an HTTP tool may reach, as its configuration lists it."""
        hosts = self.pinned.spec.config.get("hosts") if self.pinned else None
        listed = [str(host) for host in hosts] if isinstance(hosts, list) else []
        return ", ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")

    # ── who, and until when ─────────────────────────────────────────────────────────────────────────
    @property
    def is_open(self) -> bool:
        return self.approval.status == Approval.Status.PENDING

    @property
    def state(self) -> tuple[str, str]:
        return state_of(self.approval)

    @property
    def decisions(self) -> tuple[str, ...]:
        """What this person can do now."""
        if not self.is_open or self.why_not:
            return ()
        cannot = {
            "approve": self.deciders.has_voted,
            "send_back": not self.approval.may_send_back,
        }
        return tuple(one for one in DECISIONS[self.approval.kind] if not cannot.get(one))

    @property
    def may_edit(self) -> bool:
        return not {"edit", "answer"}.isdisjoint(self.decisions) and self.subject is not None

    @cached_property
    def deciders(self) -> Deciders:
        return Deciders(self.approval, self.member)

    @property
    def why_not(self) -> str:
        """Why this person may not decide; empty when they may."""
        return self.deciders.why_not

    @property
    def waited(self) -> float:
        """Seconds it has waited for a person, or did."""
        return ((self.approval.decided_at or timezone.now()) - self.approval.requested_at).total_seconds()

    @property
    def deadline_whole(self) -> float:
        deadline = self.approval.deadline
        return (deadline - self.approval.requested_at).total_seconds() if deadline else 0

    @property
    def deadline_left(self) -> float:
        return max(self.deadline_whole - self.waited, 0)

    @property
    def deadline_used(self) -> str:
        """As a CSS width."""
        return f"{100 * (1 - self.deadline_left / self.deadline_whole):.1f}%" if self.deadline_whole else "0%"

    @property
    def on_expiry(self) -> str:
        """What happens when nobody decides in time."""
        then = self.approval.policy.get("on_expiry")
        if then == "fail":
            return "If nobody decides, the run fails."
        if then == "escalate" and self.deciders.upcoming:
            return f"If nobody decides, it goes to {self.deciders.upcoming[0].who}."
        if self.approval.kind != "gate":
            return f"If nobody decides, the call is not made, and {self.node} is told so."
        edges = self.plan.view.outgoing[node_of(self.approval.path)]
        targets = [self.plan.title(edge.target) for edge in edges if edge.kind is EdgeKind.ERROR]
        if targets:
            return f"If nobody decides, the run takes the error edge to {', '.join(targets)}."
        return "If nobody decides, the gate fails, and nothing behind it runs."


def _named(value: Any) -> dict[str, Any]:
    """A value that is no object is the one value of one."""
    return value if isinstance(value, dict) else {TEXT: value}


def _in_order(asked: Any, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, with its fields as they were drawn: content knows no order of an object's keys."""
    return dict((drawn if drawn == asked else asked) or {"type": "object"})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
