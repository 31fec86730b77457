"""allauth's forms of a password, which say what it must be in one sentence instead of four."""

from __future__ import annotations

from typing import Any

from allauth.account import forms

WANTED = "At least 12 characters, not only digits; nothing that many use, or that is in your name or address."


class SetPassword(forms.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = WANTED


class ChangePassword(forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = WANTED
