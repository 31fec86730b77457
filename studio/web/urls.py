"""The addresses of signing in, settings and what belongs to no other room."""

from __future__ import annotations

from django.urls import path

from studio.web.search import search

urlpatterns = [
    path("w/<slug:slug>/search/", search, name="search"),
]
