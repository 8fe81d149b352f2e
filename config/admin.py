"""Django admin for the installation's operators, behind allauth's login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


# Tables of others whose pages would show what nobody needs to see to run an installation: keys of
# sessions, secrets of second factors, tokens of sign-in providers.
NOT_SHOWN = frozenset(
    {
        "account.emailconfirmation",
        "mfa.authenticator",
        "socialaccount.socialapp",
        "socialaccount.socialtoken",
        "usersessions.usersession",
    }
)


class MeridianAdminSite(admin.AdminSite):
    """The operators' site: signing in happens on the one sign-in page, second factor included."""

    site_header = "Meridian operations"
    site_title = "Meridian operations"
    index_title = "What this installation holds"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django's, but for the tables that are not shown."""
        is_one = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if is_one else list(model_or_iterable)
        shown = [model for model in models if model._meta.label_lower not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    @cached_property
    def _guarded_login(self) -> Any:
        return secure_admin_login(super().login)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = self._guarded_login(request, extra_context)
        return response
