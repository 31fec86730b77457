"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from agents.views import canvas

TEAM = "w/<slug:slug>/teams/<uuid:team_id>/"

urlpatterns: list[URLPattern] = [
    path(TEAM, canvas.team_canvas, name="team_canvas"),
    path(f"{TEAM}graph/", canvas.team_graph, name="team_graph"),
    path(f"{TEAM}save/", canvas.team_save, name="team_save"),
    path(f"{TEAM}validate/", canvas.team_validate, name="team_validate"),
    path(f"{TEAM}publish/", canvas.team_publish, name="team_publish"),
]
