"""Sign-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from workspaces.services import join
from workspaces.zones import is_zone, name_today

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import User


class SignupForm(forms.Form):
    """What allauth's form is extended by."""

    name = forms.CharField(
        label="Your name", max_length=120, error_messages={"required": "Give your name."}
    )
    workspace_name = forms.CharField(
        label="Workspace",
        max_length=120,
        help_text="Your team's or company's name.",
        error_messages={"required": "Give your team's or company's name."},
    )
    timezone = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"data-zone-of-browser": ""})
    )

    field_order = ("name", "workspace_name", "email", "password1")

    def clean_timezone(self) -> str:
        """The browser's zone if it is one; UTC else, and nobody is bothered with it here."""
        name: str = self.cleaned_data["timezone"]
        return name_today(name) if is_zone(name) else "UTC"

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth when the user is made."""
        join.found_workspace(
            user=user,
            name=self.cleaned_data["name"],
            workspace_name=self.cleaned_data["workspace_name"],
            timezone=self.cleaned_data["timezone"],
        )
