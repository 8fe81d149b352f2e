"""What allauth asks of us."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.template.loader import render_to_string

from common.errors import UpstreamError
from common.mail_form import tidy
from workspaces.services import join

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from django.http import HttpRequest

    from workspaces.models import User


logger = logging.getLogger(__name__)
_NOT_SENT: Final = (
    "No mail could be sent just now, so none is on its way to you. Wait a few minutes, then sign "
    "in, or ask for it once more."
)
_LINKS: Final = ("activate_url", "password_reset_url", "signup_url")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Links in mails come from PUBLIC_URL, never from the request's Host header."""

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return self._public(super().get_email_confirmation_url(request, emailconfirmation))

    def get_reset_password_from_key_url(self, key: str) -> str:
        return self._public(super().get_reset_password_from_key_url(key))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it; while no mail can be sent the page says so, and what to do."""
        try:
            super().send_mail(template_prefix, email, context)
        except UpstreamError as error:
            logger.warning("account mail not sent", extra={"error": error.code})
            if self.request is None:
                raise
            self.request.mail_was_not_sent = True
            messages.error(self.request, _NOT_SENT)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """In the form of our other mails, with links to no other host."""
        subject = render_to_string(f"{template_prefix}_subject.txt", context)
        links: dict[str, Any] = {
            name: self._public(context[name]) for name in _LINKS if name in context
        }
        context = {**context, **links, "subject": " ".join(subject.split())}
        made: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        made.body = tidy(str(made.body))
        return made

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Leave out that a mail was sent where it was not."""
        template = str(kwargs.get("message_template") or (args[1] if len(args) > 1 else ""))
        if getattr(request, "mail_was_not_sent", False) and template.endswith("_sent.txt"):
            return
        super().add_message(request, *args, **kwargs)

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
