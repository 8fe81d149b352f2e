"""Django admin for the installation's operators, behind allauth's login."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.functional import cached_property


class MeridianAdminSite(admin.AdminSite):
    """The operators' site: signing in happens on the one sign-in page, second factor included."""

    site_header = "Meridian operations"
    site_title = "Meridian operations"
    index_title = "What this installation holds"

    @cached_property
    def _guarded_login(self) -> object:
        return secure_admin_login(super().login)

    def login(self, request, extra_context=None):  # type: ignore[no-untyped-def]
        return self._guarded_login(request, extra_context)  # type: ignore[operator]
