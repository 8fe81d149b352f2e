"""Django admin for the installation's operators, behind allauth's login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class MeridianAdminSite(admin.AdminSite):
    """The operators' site: signing in happens on the one sign-in page, second factor included."""

    site_header = "Meridian operations"
    site_title = "Meridian operations"
    index_title = "What this installation holds"

    @cached_property
    def _guarded_login(self) -> Any:
        return secure_admin_login(super().login)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = self._guarded_login(request, extra_context)
        return response
