"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from agents.views import agents, canvas, models, notes, team_files, teams, tools, versions

TEAMS = "w/<slug:slug>/teams/"
TEAM = f"{TEAMS}<uuid:team_id>/"
AGENTS = "w/<slug:slug>/agents/"
AGENT = f"{AGENTS}<uuid:agent_id>/"
MODELS = "w/<slug:slug>/models/"
ENDPOINT = f"{MODELS}<uuid:endpoint_id>/"
TOOLS = "w/<slug:slug>/tools/"
NOTES = f"{TOOLS}notes/"
MODEL = f"{MODELS}model/<uuid:model_id>/"

urlpatterns: list[URLPattern] = [
    path(TEAM, canvas.team_canvas, name="team_canvas"),
    path(f"{TEAM}graph/", canvas.team_graph, name="team_graph"),
    path(f"{TEAM}save/", canvas.team_save, name="team_save"),
    path(f"{TEAM}validate/", canvas.team_validate, name="team_validate"),
    path(f"{TEAM}publish/", canvas.team_publish, name="team_publish"),
    path(TEAMS, teams.teams, name="teams"),
    path(f"{TEAMS}new/", teams.team_new, name="team_new"),
    path(f"{TEAMS}import/", team_files.team_import, name="team_import"),
    path(f"{TEAM}rename/", teams.team_rename, name="team_rename"),
    path(f"{TEAM}duplicate/", teams.team_duplicate, name="team_duplicate"),
    path(f"{TEAM}delete/", teams.team_delete, name="team_delete"),
    path(f"{TEAM}export/", team_files.team_export, name="team_export"),
    path(f"{TEAM}versions/", team_files.team_versions, name="team_versions"),
    path(MODELS, models.models, name="models"),
    path(f"{MODELS}new/", models.endpoint_new, name="endpoint_new"),
    path(ENDPOINT, models.endpoint, name="endpoint"),
    path(f"{ENDPOINT}edit/", models.endpoint_edit, name="endpoint_edit"),
    path(f"{ENDPOINT}test/", models.endpoint_test, name="endpoint_test"),
    path(f"{ENDPOINT}state/", models.endpoint_state, name="endpoint_state"),
    path(f"{ENDPOINT}breaker/close/", models.endpoint_close_breaker, name="endpoint_close_breaker"),
    path(f"{ENDPOINT}key/", models.endpoint_key, name="endpoint_key"),
    path(f"{ENDPOINT}delete/", models.endpoint_delete, name="endpoint_delete"),
    path(f"{ENDPOINT}models/", models.model_new, name="model_new"),
    path(f"{MODEL}price/", models.price_new, name="price_new"),
    path(f"{MODEL}delete/", models.model_delete, name="model_delete"),
    path(TOOLS, tools.tools, name="tools"),
    path(f"{TOOLS}new/", tools.tool_new, name="tool_new"),
    path(f"{TOOLS}rule/", tools.tool_rule, name="tool_rule"),
    path(f"{TOOLS}<uuid:tool_id>/", tools.tool, name="tool"),
    path(f"{TOOLS}<uuid:tool_id>/delete/", tools.tool_delete, name="tool_delete"),
    path(NOTES, notes.notes, name="notes"),
    path(f"{NOTES}new/", notes.note_new, name="note_new"),
    path(f"{NOTES}<int:note_id>/", notes.note, name="note"),
    path(f"{NOTES}<int:note_id>/delete/", notes.note_delete, name="note_delete"),
    path(AGENTS, agents.agents, name="agents"),
    path(f"{AGENTS}new/", agents.agent_new, name="agent_new"),
    path(f"{AGENTS}model/", agents.agent_model, name="agent_model"),
    path(f"{AGENTS}try/", agents.agent_try, name="agent_try"),
    path(AGENT, agents.agent, name="agent"),
    path(f"{AGENT}versions/", versions.agent_versions, name="agent_versions"),
    path(f"{AGENT}duplicate/", agents.agent_duplicate, name="agent_duplicate"),
    path(f"{AGENT}delete/", agents.agent_delete, name="agent_delete"),
]
