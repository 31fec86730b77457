"""Coming in by a link: one that signs in once, or an invitation. Looking at a link does not use it up."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from studio.workspaces import actions
from studio.workspaces.forms import Join
from studio.workspaces.links import Useless, account_of, invitation_of, useless_sign_in
from studio.workspaces.models import Invitation, User
from studio.workspaces.sign_in import sign_in


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, for previews of links fetch them too; POST uses the link up."""
    if request.method == "POST" and (user := actions.use_sign_in_link(token=token)):
        sign_in(request, user)
        return redirect("start")
    useless = useless_sign_in(token)
    context = {"problem": useless.sentence if useless else ""}
    return render(request, "studio/sign_in_link.html", context, status=useless.status if useless else 200)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found, useless = invitation_of(token)
    if found is None:
        return _refused(request, cast(Useless, useless))
    account = account_of(found)
    if account is not None and request.user != account:
        return _page(request, found, other=account)
    form = None if account else Join(request.POST or None, email=found.email)
    if request.method != "POST":
        return _page(request, found, form)
    if form is not None and not form.is_valid():
        return _page(request, found, form, status=422)
    return _accept(request, found, form)


def _accept(request: HttpRequest, found: Invitation, form: Join | None) -> HttpResponse:
    given = form.cleaned_data if form else {"name": "", "password": ""}
    try:
        user = actions.accept_invitation(invitation=found, name=given["name"], password=given["password"])
    except ValidationError as error:
        return _refused(request, Useless(error.messages[0], 410))
    if user != request.user:
        if not user.check_password(given["password"]):  # an account that came into being meanwhile
            return redirect("account_login")
        sign_in(request, user)
    return redirect("home", found.workspace.slug)


def _refused(request: HttpRequest, useless: Useless) -> HttpResponse:
    return render(request, "studio/invitation.html", {"problem": useless.sentence}, status=useless.status)


def _page(
    request: HttpRequest,
    found: Invitation,
    form: Join | None = None,
    other: User | None = None,
    status: int = 200,
) -> HttpResponse:
    """`other` is the account the invitation is for, when it is not the one signed in."""
    context = {
        "workspace_name": found.workspace.name,
        "role_label": found.get_role_display(),
        "email": found.email,
        "form": form,
        "other": other,
    }
    return render(request, "studio/invitation.html", context, status=status)
