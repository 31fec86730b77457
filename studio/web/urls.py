"""The addresses of signing in, settings and what belongs to no other room."""

from __future__ import annotations

from django.urls import include, path

from studio.web.search import search
from studio.web.views import audit, entering, groups, health, members, settings, start, tokens, workspaces

SETTINGS = "w/<slug:slug>/settings/"

urlpatterns = [
    path("", start.start, name="start"),
    path("accounts/", include("studio.web.accounts")),
    path("healthz/", health.healthz, name="healthz"),
    path("readyz/", health.readyz, name="readyz"),
    path("sign-in/<str:token>/", entering.sign_in_link, name="sign_in_link"),
    path("invitation/<str:token>/", entering.invitation, name="invitation"),
    path("workspaces/new/", workspaces.workspace_new, name="workspace_new"),
    path("w/<slug:slug>/search/", search, name="search"),
    path(SETTINGS, settings.settings, name="settings"),
    path(f"{SETTINGS}profile/", settings.profile, name="profile"),
    path(f"{SETTINGS}members/", members.members, name="members"),
    path(f"{SETTINGS}members/invite/", members.member_invite, name="member_invite"),
    path(f"{SETTINGS}members/<int:membership_id>/role/", members.member_role, name="member_role"),
    path(f"{SETTINGS}members/<int:membership_id>/link/", members.member_link, name="member_link"),
    path(f"{SETTINGS}members/<int:membership_id>/remove/", members.member_remove, name="member_remove"),
    path(
        f"{SETTINGS}invitations/<uuid:invitation_id>/revoke/",
        members.invitation_revoke,
        name="invitation_revoke",
    ),
    path(f"{SETTINGS}groups/", groups.approver_groups, name="approver_groups"),
    path(f"{SETTINGS}groups/new/", groups.approver_group_new, name="approver_group_new"),
    path(f"{SETTINGS}groups/<uuid:group_id>/", groups.approver_group, name="approver_group"),
    path(
        f"{SETTINGS}groups/<uuid:group_id>/delete/",
        groups.approver_group_delete,
        name="approver_group_delete",
    ),
    path(f"{SETTINGS}tokens/", tokens.tokens, name="tokens"),
    path(f"{SETTINGS}tokens/create/", tokens.token_create, name="token_create"),
    path(f"{SETTINGS}tokens/<uuid:token_id>/revoke/", tokens.token_revoke, name="token_revoke"),
    path(f"{SETTINGS}audit/", audit.audit, name="audit"),
]
