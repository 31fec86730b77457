"""Puts the rooms' pages together, by dotted name."""

from __future__ import annotations

from django.urls import include, path, re_path

from studio.api import api, unknown

urlpatterns = [
    path("api/v1/", api().urls),
    re_path(r"^api/(?P<path>.*)$", unknown, name="api_unknown"),
    path("", include("studio.web.urls")),
    path("", include("agents.urls")),
    path("", include("runs.urls")),
]

handler403 = "studio.web.errors.forbidden"
