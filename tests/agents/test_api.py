"""The design-time API: the same actions as the pages, one shape of error, nothing of other workspaces."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from agents import queries
from agents.actions.endpoints import create_endpoint
from agents.actions.teams import rename_team
from agents.formats.team_file import parse, write
from agents.models import Agent, Team, Tool
from agents.presets.registry import preset
from agents.publishing import draft_as_file
from studio.workspaces.access import Member, Role
from studio.workspaces.actions import revoke_token
from studio.workspaces.models import ApiToken, Membership
from tests.world import World, bearer

pytestmark = pytest.mark.django_db
API = "/api/v1"


class Caller:
    """A program with the token of a member."""

    def __init__(self, member: Member, role: Role | None = None) -> None:
        self.client = Client()
        self.headers = bearer(member, role)

    def get(self, path: str) -> Any:
        return self.client.get(API + path, headers=self.headers)

    def post(self, path: str, body: str | bytes = "", content_type: str = "application/yaml") -> Any:
        return self.client.post(API + path, data=body, content_type=content_type, headers=self.headers)


@pytest.fixture
def designer(world: World) -> Caller:
    return Caller(world.designer)


@pytest.fixture
def viewer(world: World) -> Caller:
    return Caller(world.viewer)


def error(response: Any) -> dict[str, Any]:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "problems"}
    found: dict[str, Any] = body["error"]
    return found


# ── who may ask ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}]
)
def test_without_a_valid_token_nothing_is_answered(world: World, headers: dict[str, str]) -> None:
    response = Client().get(f"{API}/teams", headers=headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert "API token" in error(response)["message"]


def test_a_signed_in_browser_is_not_enough(world: World) -> None:
    client = Client()
    client.force_login(world.owner.user)
    assert client.get(f"{API}/teams").status_code == 401


def test_a_program_needs_no_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    path = f"{API}/teams/{world.team().pk}/publish"
    assert client.post(path, headers=bearer(world.designer)).status_code == 201


def test_a_revoked_token_and_one_of_a_former_member_are_worth_nothing(world: World) -> None:
    designer, admin = Caller(world.designer), Caller(world.admin)
    revoke_token(actor=world.owner, token=ApiToken.objects.get(user=world.designer.user))
    Membership.objects.filter(user=world.admin.user).delete()
    assert designer.get("/teams").status_code == 401
    assert admin.get("/teams").status_code == 401


def test_a_token_can_do_less_than_its_owner(world: World) -> None:
    weak = Caller(world.owner, Role.OPERATOR)
    assert weak.get("/teams").status_code == 200
    response = weak.post("/teams/import", write(preset("one_agent").file))
    assert response.status_code == 403
    assert "needs the role Designer" in error(response)["message"]


# ── teams ───────────────────────────────────────────────────────────────────────────────────────────
def test_teams_are_listed_with_their_current_version(viewer: Caller) -> None:
    body = viewer.get("/teams").json()
    assert body["total"] == 3
    assert [item["name"] for item in body["items"]] == ["Blog pipeline", "Market brief", "Support triage"]
    assert {item["current"]["number"] for item in body["items"]} == {1}
    page = viewer.get("/teams?limit=1&offset=1").json()
    assert [item["name"] for item in page["items"]] == ["Market brief"]
    assert page["total"] == 3


def test_a_team_says_what_its_runs_must_be_given(world: World, viewer: Caller) -> None:
    body = viewer.get(f"/teams/{world.team().pk}").json()
    assert set(body["input_schema"]["required"]) == {"topic", "audience"}
    assert body["problems"] == []


def test_nothing_of_another_workspace_is_there(world: World) -> None:
    stranger = Caller(world.stranger)
    assert stranger.get("/teams").json() == {"items": [], "total": 0}
    for path in ("", "/export", "/publish"):
        response = (stranger.post if path == "/publish" else stranger.get)(f"/teams/{world.team().pk}{path}")
        assert response.status_code == 404
        assert error(response)["code"] == "not_found"


def test_importing_and_publishing_in_one_call(world: World, designer: Caller) -> None:
    response = designer.post("/teams/import?publish=true&name=Helper", write(preset("one_agent").file))
    assert response.status_code == 201
    body = response.json()
    assert body["team"]["name"] == "Helper"
    assert body["team"]["current"]["number"] == 1
    assert body["agents"] == {"assistant": "assistant"}
    assert sorted(body["reused"]) == ["calculator", "current_time"]
    assert [problem["code"] for problem in body["problems"]] == ["import.model"]
    assert queries.teams(world.workspace).filter(pk=body["team"]["id"]).exists()


@pytest.mark.parametrize("content_type", ["application/json", "application/yaml", "text/plain", ""])
def test_json_comes_in_under_any_content_type(designer: Caller, content_type: str) -> None:
    text = write(preset("one_agent").file, "json")
    assert designer.post("/teams/import", text, content_type or "application/octet-stream").status_code == 201


def test_every_problem_of_a_bad_file_is_listed_with_its_place_and_nothing_is_saved(designer: Caller) -> None:
    before = [model._default_manager.count() for model in (Team, Agent, Tool)]
    text = (
        "format: troupe.team/v1\nname: Bad\ncolour: blue\ngraph:\n  nodes:\n"
        "    - {id: a, kind: agent, extra: 1}\n    - {id: B, kind: output}\n"
    )
    response = designer.post("/teams/import", text)
    assert response.status_code == 422
    found = error(response)
    assert found["code"] == "refused"
    places = {(problem["line"], problem["field"]) for problem in found["problems"]}
    assert places == {(3, "colour"), (6, "graph.nodes[0].extra"), (7, "graph.nodes[1].id")}
    assert [model._default_manager.count() for model in (Team, Agent, Tool)] == before


def test_problems_of_the_graph_name_their_node_and_a_way_out(designer: Caller) -> None:
    text = (
        "format: troupe.team/v1\nname: Bad\ngraph:\n  nodes:\n    - {id: input, kind: input}\n"
        "    - {id: lonely, kind: output}\n"
    )
    found = error(designer.post("/teams/import", text))
    assert {problem["node"] for problem in found["problems"]} == {"input", "lonely"}
    assert all(problem["fix"] and problem["line"] for problem in found["problems"])
    assert designer.post("/teams/import?draft=true", text).status_code == 201


def test_an_import_that_cannot_be_published_is_not_saved_either(world: World, designer: Caller) -> None:
    before = Team.objects.count()
    text = "format: troupe.team/v1\nname: Bad\ngraph:\n  nodes:\n    - {id: input, kind: input}\n"
    assert designer.post("/teams/import?draft=true&publish=true", text).status_code == 422
    assert Team.objects.count() == before


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"\xff\xfe", "application/yaml", 422),
        (b"", "application/yaml", 422),
        (b"{", "application/json", 422),
        (b"x" * 1_500_000, "application/yaml", 422),
        (b"x" * 3_000_000, "application/yaml", 413),
        (b"a: &a [*a]", "application/yaml", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"!!python/object/apply:os.system [x]", "application/yaml", 422),
    ],
)
def test_garbage_is_answered_in_the_same_shape(
    designer: Caller, body: bytes, content_type: str, status: int
) -> None:
    response = designer.post("/teams/import", body, content_type)
    assert response.status_code == status
    assert error(response)["message"]


def test_export_gives_the_current_version_an_older_one_or_the_draft(world: World, viewer: Caller) -> None:
    team = world.team()
    rename_team(actor=world.designer, team=team, name="Renamed")
    base = f"/teams/{team.pk}/export"
    assert parse(viewer.get(base).content).name == "Blog pipeline"
    assert parse(viewer.get(f"{base}?version=1&format=json").content).name == "Blog pipeline"
    draft = parse(viewer.get(f"{base}?draft=true").content)
    assert draft == draft_as_file(world.team("Renamed"))
    assert set(draft.agents) == {"researcher", "writer", "editor"}
    assert viewer.get(f"{base}?version=9").status_code == 404
    assert viewer.get(f"{base}?format=xml").status_code == 422
    assert viewer.get(f"{base}?format=json")["Content-Type"] == "application/json; charset=utf-8"


def test_what_is_exported_imports_again(world: World, designer: Caller) -> None:
    text = designer.get(f"/teams/{world.team('Support triage').pk}/export").content
    assert designer.post("/teams/import?publish=true", text).status_code == 201


def test_publishing_gives_the_version(world: World, designer: Caller) -> None:
    response = designer.post(f"/teams/{world.team().pk}/publish?note=again")
    assert response.status_code == 201
    assert response.json()["number"] == 1


def test_publishing_a_broken_draft_says_why(world: World, designer: Caller) -> None:
    team = world.team()
    Team.objects.filter(pk=team.pk).update(draft={"nodes": [{"id": "input", "kind": "input"}]})
    found = error(designer.post(f"/teams/{team.pk}/publish"))
    assert {problem["code"] for problem in found["problems"]} == {"graph.no_output"}


# ── models and agents ───────────────────────────────────────────────────────────────────────────────
def test_models_have_their_price_and_its_source(viewer: Caller) -> None:
    items = {item["model"]: item for item in viewer.get("/models").json()["items"]}
    assert items["rehearsal"]["price"]["source"] == "demonstration price: nothing is charged"
    assert items["rehearsal"]["price"]["input"] == "0.40000000"
    assert items["rehearsal-plain"]["capabilities"]["json_schema"] is False
    assert items["smollm2-135m"]["simulated"] is False


def test_agents_have_their_newest_version(viewer: Caller) -> None:
    items = viewer.get("/agents").json()["items"]
    writer = next(item for item in items if item["key"] == "writer")
    assert (writer["version"], writer["spec"]["name"]) == (1, "Writer")


def test_no_key_comes_out(world: World, viewer: Caller) -> None:
    create_endpoint(
        actor=world.admin, name="Office", base_url="https://x.org", key="sk-0123456789abcdef", models=["m"]
    )
    text = viewer.get("/models").content.decode()
    assert "Office" in text
    assert "cdef" not in text


# ── the API itself ──────────────────────────────────────────────────────────────────────────────────
def test_the_schema_of_team_files_is_public_and_true(world: World) -> None:
    schema = Client().get(f"{API}/team-file.schema.json").json()
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(json.loads(write(preset("market_brief").file, "json")))


def test_the_description_of_the_api_is_valid_openapi_with_one_shape_of_error(world: World) -> None:
    described = Client().get(f"{API}/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for operation in methods.values():
            for status, response in operation.get("responses", {}).items():
                if not str(status).startswith("2") and status != "default":
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorOut"}, path
    for operation in described["paths"].values():
        for one in operation.values():
            assert one.get("summary")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/teams", "/api/v1/teams/not-a-uuid", "/api/"])
def test_an_address_that_is_not_there_is_told_in_the_same_shape(world: World, path: str) -> None:
    response = Client().get(path, headers=bearer(world.viewer))
    assert response.status_code == 404
    assert error(response)["code"] == "not_found"


def test_a_parameter_that_does_not_fit_is_named(viewer: Caller) -> None:
    response = viewer.get("/teams?limit=many")
    assert response.status_code == 422
    (problem,) = error(response)["problems"]
    assert problem["field"] == "limit"


def test_a_failure_of_ours_shows_nothing_of_our_insides(
    world: World, viewer: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(workspace: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(queries, "teams", fail)
    response = viewer.get("/teams")
    assert response.status_code == 500
    assert "hunter2" not in response.content.decode()
    assert "hunter2" in caplog.text
