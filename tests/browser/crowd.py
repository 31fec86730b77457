"""What makes a workspace crowded: more of everything than fits, under names that are too long."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agents.actions.agents import create_agent, save_agent
from agents.actions.endpoints import add_models, create_endpoint, set_price
from agents.actions.notes import write_note
from agents.actions.teams import create_team
from agents.actions.tools import create_tool
from agents.models import EndpointModel, Team, Tool
from agents.queries import spec_of
from agents.topology.graph import AgentSpec, Edge, Graph, Node, Position, ToolSpec, dump
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import create_token
from studio.workspaces.models import Membership, User
from tests.runs import scenes
from tests.runs.factory import Script
from tests.runs.team import support_desk

LONG = "Quarterly reconciliation of supplier invoices with purchase orders, deliveries and credit notes"
PROSE = (
    "You compare each line of an invoice with the order it names and the delivery that was booked for it. "
    "Where the three disagree you say by how much, and which of them you believe. You guess no number.\n\n"
)


def crowd(member: Member) -> dict[str, str]:
    """Fill the workspace; the ids of what is fullest."""
    _models(member)
    _tools(member)
    places = _agents(member) | _teams(member)
    for number in range(24):
        write_note(
            actor=member, key=f"supplier-{number:03}-payment-terms-and-contacts", text=PROSE * (number + 1)
        )
    for number in range(12):
        create_token(
            actor=member, name=f"{LONG} {number}"[:80], role=Role.OPERATOR, days=(None, 30)[number % 2]
        )
    for number in range(30):
        person = User.objects.create_user(f"person.with.a.long.address.{number}@procurement.example.org")
        Membership.objects.create(
            workspace=member.workspace, user=person, role=list(Role)[number % len(Role)]
        )
    _runs(member)
    return places


def _models(member: Member) -> None:
    names = [f"meta-llama/Llama-3.{number}-405B-Instruct-Turbo-with-a-long-suffix" for number in range(12)]
    row = create_endpoint(
        actor=member,
        name="Group-wide gateway in Frankfurt (EMEA only)",
        base_url="https://llm-gateway.procurement-and-logistics.emea.example.org/openai/v1",
        key="sk-a-key-that-is-not-one",
        models=names,
    )
    for model in row.models.order_by("name")[:6]:
        set_price(
            actor=member, model=model, input_per_million=Decimal("3.5"), output_per_million=Decimal("12")
        )
    add_models(actor=member, endpoint=row, names=["gpt-5-mini"])


def _tools(member: Member) -> None:
    for number in range(16):
        spec = ToolSpec(
            kind="http_request",
            description=f"Books {LONG.lower()}.",
            config={"hosts": [f"erp-{number}.example.org"], "methods": ["GET", "POST"]},
            approval="args.amount > 50000 && args.currency == 'EUR'",
        )
        create_tool(actor=member, name=f"book_credit_note_in_the_ledger_{number:02}", spec=spec)


def _agents(member: Member) -> dict[str, str]:
    model = EndpointModel.objects.filter(endpoint__workspace=member.workspace).order_by("-name")[0]
    tools = list(
        Tool.objects.filter(workspace=member.workspace).order_by("name").values_list("name", flat=True)
    )
    for number in range(28):
        spec = AgentSpec.model_validate(
            {
                "name": f"{number + 1} {LONG}"[:80],
                "role": f"Specialist for {LONG.lower()}",
                "goal": PROSE,
                "backstory": PROSE * 2,
                "instructions": PROSE * 6,
                "model": {"endpoint": model.endpoint.name, "model": model.name},
                "tools": tools[: number % 12],
            }
        )
        row = create_agent(actor=member, spec=spec)
    for number in range(15):
        changed = spec_of(row).model_copy(update={"goal": f"{PROSE}{number}", "role": f"Take {number}"})
        save_agent(actor=member, agent=row, spec=AgentSpec.model_validate(changed.model_dump()))
    return {"agent_full": str(row.pk)}


def _teams(member: Member) -> dict[str, str]:
    for number in range(40):
        create_team(
            actor=member, name=f"{number + 1} {LONG}"[:80], description=PROSE, graph=_braid(2 + number % 4)
        )
    big = create_team(actor=member, name=f"Everything about {LONG}"[:80], graph=_braid(24))
    return {"team_full": str(big.pk)}


def _braid(columns: int) -> Graph:
    """Columns of three agents with a join between them; the agents are not chosen, so each has a problem."""
    nodes = [Node(id="input", kind="input", name="Input", position=Position(x=0, y=200))]
    edges: list[Edge] = []
    before = "input"
    for column in range(columns):
        join = Node(id=f"join{column}", kind="join", position=Position(x=390 + column * 330, y=200))
        for row in range(3):
            at = Position(x=120 + column * 330, y=30 + row * 150)
            node = Node(
                id=f"step{column}_{row}", kind="agent", name=f"{column}.{row} {LONG}"[:60], position=at
            )
            nodes.append(node)
            edges += [_edge(before, node.id), _edge(node.id, join.id)]
        nodes.append(join)
        before = join.id
    nodes.append(Node(id="output", kind="output", position=Position(x=120 + columns * 330, y=200)))
    return Graph(nodes=nodes, edges=[*edges, _edge(before, "output")])


def _edge(source: str, target: str) -> Edge:
    return Edge(id=f"{source}__{target}", source=source, target=target)


def _runs(member: Member) -> None:
    """Scripted ones; the team they ran, which nobody drew, gets their graph as its draft."""
    scripted: list[Any] = list(scenes.SCENES.values())
    for number in range(120):
        scripted[number % len(scripted)](
            Script(member.workspace, member.user, ago_s=1_000 + 3_000 * number)
        ).commit()
    ran = Team.objects.filter(workspace=member.workspace, name="Support desk")
    ran.update(draft=dump(support_desk().graph))
