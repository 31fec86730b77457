"""The audit trail in sentences: who did what to which object, and where that object is now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from studio.audit import AuditEntry
from studio.web.navigation import href

# verb → what stands before the object's name, and after it; {x} is a fact of the entry, and what has an empty
# one is left out
SENTENCES: dict[str, tuple[str, str]] = {
    "agent.archived": ("archived the agent", ""),
    "agent.created": ("made the agent", ""),
    "agent.saved": ("saved the agent", "as version {version}"),
    "approval.abort": ("gave up on", ""),
    "approval.approve": ("approved", ""),
    "approval.done": ("marked as done:", ""),
    "approval.edit": ("edited and approved", ""),
    "approval.reject": ("rejected", ""),
    "approval.retry": ("had the call repeated:", ""),
    "approval.send_back": ("sent back", ""),
    "budget.changed": ("changed the budget of", ""),
    "budget.removed": ("removed the budget of", ""),
    "budget.set": ("set a budget for", ""),
    "endpoint.breaker_closed": ("let calls go out again to the endpoint", ""),
    "endpoint.created": ("added the endpoint", "at {base_url}"),
    "endpoint.deleted": ("deleted the endpoint", ""),
    "endpoint.key_removed": ("removed the key of the endpoint", ""),
    "endpoint.key_set": ("set the key of the endpoint", ""),
    "endpoint.model_removed": ("removed the model {model} from the endpoint", ""),
    "endpoint.models_added": ("added {models} to the endpoint", ""),
    "endpoint.probed": ("tested the endpoint", ""),
    "endpoint.updated": ("changed the endpoint", ""),
    "group.changed": ("changed the approver group", ""),
    "group.created": ("made the approver group", "of {members}"),
    "group.deleted": ("deleted the approver group", ""),
    "invitation.accepted": ("accepted the invitation of", ""),
    "invitation.created": ("invited", "as {role}"),
    "invitation.revoked": ("withdrew the invitation of", ""),
    "member.removed": ("removed", "from the workspace"),
    "member.role_changed": ("changed the role of", "from {before} to {after}"),
    "member.sign_in_link_made": ("made a one-time sign-in link for", ""),
    "model.price_set": ("set the price of", "({source})"),
    "note.deleted": ("deleted the note", ""),
    "note.written": ("wrote the note", ""),
    "profile.changed": ("changed the profile of", ""),
    "run.cancelled": ("stopped the run", "because: {reason}"),
    "run.deleted": ("deleted the run", ""),
    "run.forked": ("forked the run", ""),
    "run.node_retried": ("ran a failed node of the run again", "node: {node}"),
    "run.output_given": ("gave the output of a node of the run", "node: {node}"),
    "run.paused": ("paused the run", "because: {reason}"),
    "run.resumed": ("resumed the run", ""),
    "run.limits_raised": ("raised the limits of the run", ""),
    "run.started": ("started the run", "{mode}"),
    "team.archived": ("archived the team", ""),
    "team.created": ("made the team", ""),
    "team.draft_saved": ("edited the team", ""),
    "team.duplicated": ("copied a team as", ""),
    "team.imported": ("imported the team", ""),
    "team.published": ("published the team", "as version {version}"),
    "team.renamed": ("renamed a team to", "from {before}"),
    "token.created": ("made the API token", "with the role {role}"),
    "token.revoked": ("revoked the API token", ""),
    "tool.created": ("made the tool", ""),
    "tool.deleted": ("deleted the tool", ""),
    "tool.updated": ("changed the tool", ""),
    "workspace.created": ("made the workspace", ""),
    "workspace.renamed": ("renamed the workspace to", "from {before}"),
}
VALUES = {"live": "", "simulated": "as a rehearsal"}
PAGES = {
    "agent": "agent",
    "approval": "approval",
    "budget": "budget",
    "endpoint": "endpoint",
    "run": "run",
    "team": "team_canvas",
    "tool": "tool",
}
GONE = (".archived", ".deleted", ".removed")
PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Line:
    """One sentence; `times` counts entries of one person that say the same one after the other."""

    at: datetime
    who: str
    via: str
    did: str
    name: str
    url: str
    more: str
    times: int = 1


def lines(entries: Iterable[AuditEntry], slug: str) -> Iterator[Line]:
    """Sentences for entries in their order, repetitions gathered."""
    for _, alike in groupby(entries, key=lambda one: (one.actor_id, one.via, one.verb, one.object_id)):
        listed = list(alike)
        if listed[0].verb == "team.draft_saved":  # autosave: the last one says it all
            yield _line(listed[0], slug, len(listed))
        else:
            yield from (_line(one, slug) for one in listed)


def _line(entry: AuditEntry, slug: str, times: int = 1) -> Line:
    before, after = SENTENCES.get(entry.verb, ("", ""))
    facts = {key: _value(value) for key, value in entry.data.items()}
    return Line(
        at=entry.at,
        who=str(entry.actor) if entry.actor else "Somebody who left",
        via="" if entry.via == "web" else entry.via,
        did=_filled(before, facts) or name_of(entry.verb).lower(),
        name=entry.object_name,
        url=_page_of(entry, slug),
        more=_filled(after, facts),
        times=times,
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return VALUES.get(str(value), str(value)) if value is not None else ""


def _filled(template: str, facts: dict[str, str]) -> str:
    """The template with its facts; nothing when one of them is empty."""
    if not all(facts.get(name) for name in PLACEHOLDER.findall(template)):
        return ""
    return PLACEHOLDER.sub(lambda found: facts[found[1]], template)


def _page_of(entry: AuditEntry, slug: str) -> str:
    page = PAGES.get(entry.object_type)
    return href(page, slug, entry.object_id) if page and not entry.verb.endswith(GONE) else ""


def name_of(verb: str) -> str:
    """`team.published` as a choice of the filter: `Published the team`."""
    before, _ = SENTENCES.get(verb, (verb.replace(".", " ").replace("_", " "), ""))
    words = before.replace("{models}", "models").replace("the model {model}", "a model").rstrip(":")
    return words[:1].upper() + words[1:]
