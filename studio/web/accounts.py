"""allauth's addresses that make sense here. Troupe sends no mail: what would is not there, whoever asks."""

from __future__ import annotations

from allauth.account import views
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path


def absent(request: HttpRequest, **given: str) -> HttpResponse:
    raise Http404("Troupe sends no mail: an admin can make you a one-time link.")


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),  # says that it is by invitation
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    # allauth looks these up by name
    path("reauthenticate/", absent, name="account_reauthenticate"),
    path("email/", absent, name="account_email"),
    path("confirm-email/", absent, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", absent, name="account_confirm_email"),
    path("password/reset/", absent, name="account_reset_password"),
    path("password/reset/done/", absent, name="account_reset_password_done"),
]
