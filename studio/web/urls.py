"""The addresses of signing in, settings and what belongs to no other room."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
