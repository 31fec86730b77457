"""A page in the frame and one outside it, so that the frame is tested without the rooms above."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from studio.workspaces.access import Role, enter


def page(request: HttpRequest, slug: str) -> HttpResponse:
    enter(request.user, slug)
    return render(request, "base.html")


def fragment(request: HttpRequest, slug: str) -> HttpResponse:
    enter(request.user, slug)
    messages.success(request, "Saved “gpu-box”.")
    return HttpResponse('<p id="fragment"></p>')


def owners_only(request: HttpRequest, slug: str) -> HttpResponse:
    enter(request.user, slug, need=Role.OWNER)
    return HttpResponse()


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    path("", include("studio.web.urls")),
    path("w/<slug:slug>/", page, name="home"),
    path("w/<slug:slug>/approvals/", page, name="approvals"),
    path("w/<slug:slug>/fragment/", fragment),
    path("w/<slug:slug>/owners/", owners_only),
    path("refused/", refused),
]
handler403 = "studio.web.errors.forbidden"
