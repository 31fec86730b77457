"""Who gets what at every address: add a line here for each new one; the test fails on an address without.

A line is a method, the name of the URL (with its namespace), and the status for: nobody signed in, a
stranger who owns another workspace, viewer, operator, designer, admin, owner. `in` means: sent to sign in.
WS lines name a WebSocket; 101 means let in, other numbers are close codes. A method without a line must do
nothing: 405, or the page that GET shows. Requests are sent with the BODY given below, where `{name}` is a
value of the place, else with an empty form: a 422 of people who may do a thing is what such a form gets.
"""

from __future__ import annotations

from typing import Any

WHO = ("nobody", "stranger", "viewer", "operator", "designer", "admin", "owner")

TABLE = """
#     address                             nobo stra view oper desi admi owne

# ── signing in, and what needs no workspace ──
GET   account_login                       200  302  302  302  302  302  302
GET   account_logout                      in   200  200  200  200  200  200
POST  account_logout                      in   in   in   in   in   in   in
GET   account_signup                      200  302  302  302  302  302  302
GET   account_inactive                    200  200  200  200  200  200  200
GET   account_change_password             in   200  200  200  200  200  200
GET   account_set_password                in   302  302  302  302  302  302
GET   account_confirm_email               404  404  404  404  404  404  404
GET   account_email                       404  404  404  404  404  404  404
GET   account_email_verification_sent     404  404  404  404  404  404  404
GET   account_reauthenticate              404  404  404  404  404  404  404
GET   account_reset_password              404  404  404  404  404  404  404
GET   account_reset_password_done         404  404  404  404  404  404  404
POST  webhook                             404  404  404  404  404  404  404
GET   sign_in_link                        404  404  404  404  404  404  404
GET   invitation                          404  404  404  404  404  404  404
GET   start                               in   302  302  302  302  302  302
GET   workspace_new                       in   200  403  403  403  403  200
GET   healthz                             200  200  200  200  200  200  200
GET   readyz                              200  200  200  200  200  200  200

# ── teams ──
GET   teams                               in   404  200  200  200  200  200
GET   team_new                            in   404  403  403  200  200  200
POST  team_new                            in   404  403  403  422  422  422
GET   team_import                         in   404  403  403  200  200  200
POST  team_import                         in   404  403  403  422  422  422
GET   team_export                         in   404  200  200  200  200  200
GET   team_versions                       in   404  200  200  200  200  200
GET   team_rename                         in   404  403  403  200  200  200
POST  team_rename                         in   404  403  403  422  422  422
POST  team_duplicate                      in   404  403  403  302  302  302
POST  team_delete                         in   404  403  403  302  302  302
GET   team_canvas                         in   404  200  200  200  200  200
GET   team_graph                          in   404  200  200  200  200  200
POST  team_save                           in   404  403  403  200  200  200
POST  team_validate                       in   404  403  403  200  200  200
POST  team_publish                        in   404  403  403  200  200  200

# ── home ──
GET   home                                in   404  200  200  200  200  200
GET   home_live                           in   404  200  200  200  200  200
POST  get_started_dismiss                 in   404  302  302  302  302  302
POST  failures_seen                       in   404  302  302  302  302  302

# ── agents ──
GET   agents                              in   404  200  200  200  200  200
GET   agent_new                           in   404  403  403  200  200  200
POST  agent_new                           in   404  403  403  422  422  422
GET   agent                               in   404  200  200  200  200  200
POST  agent                               in   404  403  403  422  422  422
GET   agent_versions                      in   404  200  200  200  200  200
GET   agent_model                         in   404  200  200  200  200  200
POST  agent_try                           in   404  403  403  422  422  422
POST  agent_duplicate                     in   404  403  403  302  302  302
POST  agent_delete                        in   404  403  403  302  302  302

# ── models ──
GET   models                              in   404  200  200  200  200  200
GET   endpoint_new                        in   404  403  403  403  200  200
POST  endpoint_new                        in   404  403  403  403  422  422
GET   endpoint                            in   404  200  200  200  200  200
GET   endpoint_edit                       in   404  403  403  403  200  200
POST  endpoint_edit                       in   404  403  403  403  422  422
POST  endpoint_test                       in   404  403  403  403  302  302
GET   endpoint_state                      in   404  200  200  200  200  200
POST  endpoint_close_breaker              in   404  403  302  302  302  302
GET   endpoint_key                        in   404  403  403  403  200  200
POST  endpoint_key                        in   404  403  403  403  422  422
POST  endpoint_delete                     in   404  403  403  403  302  302
GET   model_new                           in   404  403  403  403  200  200
POST  model_new                           in   404  403  403  403  422  422
POST  model_delete                        in   404  403  403  403  302  302
GET   price_new                           in   404  403  403  403  200  200
POST  price_new                           in   404  403  403  403  422  422

# ── tools and notes ──
GET   tools                               in   404  200  200  200  200  200
GET   tool_new                            in   404  403  403  200  200  200
GET   tool                                in   404  200  200  200  200  200
POST  tool                                in   404  403  403  422  422  422
POST  tool_rule                           in   404  403  403  404  404  404
POST  tool_delete                         in   404  403  403  302  302  302
GET   notes                               in   404  200  200  200  200  200
GET   note_new                            in   404  403  403  200  200  200
POST  note_new                            in   404  403  403  422  422  422
GET   note                                in   404  200  200  200  200  200
POST  note                                in   404  403  403  302  302  302
POST  note_delete                         in   404  403  403  302  302  302

# ── costs ──
GET   costs                               in   404  200  200  200  200  200
GET   costs_csv                           in   404  200  200  200  200  200

# ── runs ──
GET   runs                                in   404  200  200  200  200  200
GET   runs_rows                           in   404  200  200  200  200  200
GET   runs_csv                            in   404  200  200  200  200  200
GET   run                                 in   404  200  200  200  200  200
GET   run_live                            in   404  200  200  200  200  200
GET   run_events                          in   404  200  200  200  200  200
GET   run_content                         in   404  200  200  200  200  200
GET   run_cost                            in   404  200  200  200  200  200
POST  run_cancel                          in   404  403  302  302  302  302
POST  run_pause                           in   404  403  302  302  302  302
POST  run_resume                          in   404  403  302  302  302  302
POST  node_retry                          in   404  403  302  302  302  302
POST  node_give_output                    in   404  403  302  302  302  302
POST  run_raise_limits                    in   404  403  302  302  302  302
GET   run_fork                            in   404  403  200  200  200  200
POST  run_fork                            in   404  403  422  422  422  422
POST  run_delete                          in   404  403  403  403  302  302
GET   launch                              in   404  403  200  200  200  200
POST  launch                              in   404  403  422  422  422  422
POST  launch_call                         in   404  403  422  422  422  422
WS    ws_run                              4401 4404 101  101  101  101  101
WS    ws_workspace                        4401 4404 101  101  101  101  101

# ── approvals ──
GET   approvals                           in   404  200  200  200  200  200
GET   approvals_list                      in   404  200  200  200  200  200
GET   approval                            in   404  200  200  200  200  200
GET   approval_now                        in   404  200  200  200  200  200
POST  approval_decide                     in   404  403  302  302  302  302
GET   approvals_alike                     in   404  403  200  200  200  200
POST  approvals_alike                     in   404  403  422  422  422  422

# ── the frame and settings ──
GET   search                              in   404  200  200  200  200  200
GET   settings                            in   404  200  200  200  200  200
POST  settings                            in   404  403  403  403  200  200
GET   profile                             in   404  200  200  200  200  200
GET   members                             in   404  200  200  200  200  200
GET   member_invite                       in   404  403  403  403  302  302
POST  member_invite                       in   404  403  403  403  422  422
GET   member_link                         in   404  403  403  403  302  302
POST  member_link                         in   404  403  403  403  200  200
POST  member_role                         in   404  403  403  403  302  302
POST  member_remove                       in   404  302  403  403  302  302
POST  invitation_revoke                   in   404  403  403  403  302  302
GET   approver_groups                     in   404  200  200  200  200  200
POST  approver_group_new                  in   404  403  403  403  422  422
POST  approver_group                      in   404  403  403  403  422  422
POST  approver_group_delete               in   404  403  403  403  302  302
GET   tokens                              in   404  200  200  200  200  200
GET   token_create                        in   404  302  302  302  302  302
POST  token_create                        in   404  422  422  422  422  422
POST  token_revoke                        in   404  404  404  404  302  302
GET   budgets                             in   404  200  200  200  200  200
GET   budget_new                          in   404  403  403  403  200  200
POST  budget_new                          in   404  403  403  403  422  422
GET   budget                              in   404  403  403  403  200  200
POST  budget                              in   404  403  403  403  422  422
POST  budget_remove                       in   404  403  403  403  302  302
POST  run_try_again                       in   404  403  302  302  302  302
GET   audit                               in   404  403  403  403  200  200

# ── the API: a token speaks for its own workspace, so lists of a stranger are lists of his own ──
GET   api:openapi-json                    200  200  200  200  200  200  200
GET   api:api-root                        404  404  404  404  404  404  404
GET   api_unknown                         404  404  404  404  404  404  404
POST  api_unknown                         404  404  404  404  404  404  404
GET   api:team_file_schema                200  200  200  200  200  200  200
GET   api:teams                           401  200  200  200  200  200  200
POST  api:team_import                     401  422  403  403  201  201  201
GET   api:team                            401  404  200  200  200  200  200
GET   api:team_export                     401  404  200  200  200  200  200
POST  api:team_publish                    401  404  403  403  201  201  201
GET   api:agents                          401  200  200  200  200  200  200
GET   api:models                          401  200  200  200  200  200  200
GET   api:endpoints                       401  200  200  200  200  200  200
POST  api:close_breaker                   401  404  403  422  422  422  422
POST  api:start_run                       401  404  403  201  201  201  201
GET   api:runs                            401  200  200  200  200  200  200
GET   api:run                             401  404  200  200  200  200  200
GET   api:run_events                      401  404  200  200  200  200  200
GET   api:run_content                     401  404  200  200  200  200  200
POST  api:cancel_run                      401  404  403  200  200  200  200
POST  api:pause_run                       401  404  403  200  200  200  200
POST  api:resume_run                      401  404  403  200  200  200  200
POST  api:retry_node                      401  404  403  409  409  409  409
POST  api:give_output                     401  404  403  409  409  409  409
POST  api:raise_limits                    401  404  403  200  200  200  200
POST  api:fork_run                        401  404  403  201  201  201  201
POST  api:delete_run                      401  404  403  403  403  409  409
GET   api:approvals                       401  200  200  200  200  200  200
GET   api:approval                        401  404  200  200  200  200  200
POST  api:decide                          401  404  403  409  409  409  409
"""

FILE = b"""
format: troupe.team/v1
name: Imported
agents:
  reader: {name: Reader, model: {endpoint: rehearsal, model: rehearsal}}
graph:
  nodes:
    - {id: input, kind: input}
    - {id: read, kind: agent, config: {agent: reader}}
    - {id: output, kind: output}
  edges:
    - {id: e1, source: input, target: read}
    - {id: e2, source: read, target: output}
"""
GRAPH: dict[str, Any] = {"nodes": [], "edges": []}

BODY: dict[str, tuple[Any, str]] = {
    "approval_decide": ({"decision": "approve", "digest": "{approval_digest}"}, ""),
    "api:start_run": ({"input": {"topic": "Tea and time", "audience": "Readers"}}, "application/json"),
    "api:fork_run": ({"at": 9, "effects": "live"}, "application/json"),
    "api:cancel_run": ({}, "application/json"),
    "api:pause_run": ({}, "application/json"),
    "api:retry_node": ({"path": "nobody"}, "application/json"),
    "api:give_output": ({"path": "nobody", "output": 1}, "application/json"),
    "api:raise_limits": ({"cost_usd": "2.50"}, "application/json"),
    "api:decide": ({"decision": "approve", "digest": "0" * 64}, "application/json"),  # not what was seen
    "api:team_import": (FILE, "application/yaml"),
    "team_save": ({"revision": 1, "name": "", "graph": GRAPH}, "application/json"),
    "team_validate": ({"graph": GRAPH}, "application/json"),
    "team_publish": ({"revision": 1, "note": ""}, "application/json"),
}

# What stands in for a parameter of an address; ids are those of the place in test_access_table.py.
FIXED: dict[str, str] = {
    "path": "nothing",
    "digest": "0" * 64,
    "uidb36": "1",
    "key": "nothing",
    "token": "nothing",
}
