"""The calendars app."""

from __future__ import annotations

from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "calendars"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from calendars.triggers import HOLD_NO_OVERLAP  # noqa: PLC0415 -- app registry
        from common import triggers  # noqa: PLC0415 -- app registry

        triggers.register(HOLD_NO_OVERLAP)
