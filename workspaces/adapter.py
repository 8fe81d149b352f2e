"""What allauth asks of us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings

from workspaces.services import join

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Links in mails come from PUBLIC_URL, never from the request's Host header."""

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return self._public(super().get_email_confirmation_url(request, emailconfirmation))

    def get_reset_password_from_key_url(self, key: str) -> str:
        return self._public(super().get_reset_password_from_key_url(key))

    @staticmethod
    def _public(url: str) -> str:
        path = "/" + url.split("://", 1)[-1].partition("/")[2]
        return f"{settings.PUBLIC_URL}{path}"


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Somebody who signs up with Google or Microsoft gets a workspace too."""

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        if not user.memberships.exists():
            name = user.name or str(sociallogin.account.extra_data.get("name", ""))
            join.found_workspace(
                user=user,
                name=name,
                workspace_name=f"{name or user.email}'s workspace",
                timezone="UTC",
            )
        return user
