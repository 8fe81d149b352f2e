"""Django admin, with our site in the default one's place."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class MeridianAdminConfig(AdminConfig):
    """Replaces Django's default site."""

    default_site = "config.admin.MeridianAdminSite"
