"""The audit app."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.triggers import ACCESS_LOG_APPEND_ONLY  # noqa: PLC0415 -- app registry
        from common import triggers  # noqa: PLC0415 -- app registry

        triggers.register(ACCESS_LOG_APPEND_ONLY)
