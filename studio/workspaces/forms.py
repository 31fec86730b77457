"""Forms about people and workspaces."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from studio.workspaces.access import Member
from studio.workspaces.groups import ApproverGroup
from studio.workspaces.models import Membership, User
from studio.workspaces.roles import Role

LIFETIMES = {"7": "In 7 days", "30": "In 30 days", "90": "In 90 days", "365": "In a year", "0": "Never"}


def roles_up_to(highest: Role) -> list[tuple[int, str]]:
    return [(int(role), role.label) for role in Role if role <= highest]


class WorkspaceName(forms.Form):
    name = forms.CharField(label="Name", max_length=80)


class Profile(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail", help_text="You sign in with it. Troupe sends no mail there.")


class Join(forms.Form):
    """What somebody who was invited and has no account yet tells of themselves."""

    name = forms.CharField(label="Your name", max_length=120)
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class RoleChoice(forms.Form):
    role = forms.TypedChoiceField(label="Role", coerce=lambda value: Role(int(value)))

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_up_to(member.role)  # type: ignore[attr-defined]


class Invite(RoleChoice):
    email = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"placeholder": "vera@example.org"})
    )
    field_order = ["email", "role"]


class NewToken(RoleChoice):
    name = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": "Nightly reports"}),
        help_text="What uses it: runs it starts are listed under this name.",
    )
    days = forms.TypedChoiceField(
        label="Expires", choices=list(LIFETIMES.items()), coerce=lambda days: int(days) or None
    )
    field_order = ["name", "role", "days"]


class GroupForm(forms.Form):
    """An approver group: its name and who is in it."""

    name = forms.CharField(
        label="Name", max_length=80, widget=forms.TextInput(attrs={"placeholder": "Finance"})
    )
    members = forms.ModelMultipleChoiceField(
        label="Members", queryset=Membership.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, data: Any = None, *, member: Member, group: ApproverGroup | None = None, prefix: str = ""
    ) -> None:
        start = {"name": group.name, "members": list(group.members.all())} if group else {}
        prefix = prefix or (f"g{group.pk.hex[:8]}" if group else "")
        super().__init__(data, prefix=prefix, initial=start)
        self.group = group
        rows = Membership.objects.select_related("user").filter(workspace=member.workspace)
        field: Any = self.fields["members"]
        field.queryset = rows.order_by("user__name", "user__email")
        field.label_from_instance = lambda one: f"{one.user} · {one.get_role_display().lower()}"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "," in name:
            raise forms.ValidationError("A comma would make two groups of it where teams name it.")
        return name
