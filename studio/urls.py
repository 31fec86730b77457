"""Puts the rooms' pages together, by dotted name."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("", include("studio.web.urls")),
    path("", include("agents.urls")),
    path("", include("runs.urls")),
]

handler403 = "studio.web.errors.forbidden"
