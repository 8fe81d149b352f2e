"""The common app."""

from __future__ import annotations

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings  # noqa: PLC0415 -- app registry
        from django.db.models.signals import post_migrate  # noqa: PLC0415 -- app registry

        from common import checks, logs, triggers  # noqa: F401, PLC0415 -- app registry

        logs.configure()
        if settings.IS_POSTGRES:
            from common import postgres  # noqa: PLC0415 -- SQLite needs no driver

            postgres.read_instants_fast()
        post_migrate.connect(triggers.after_migrate, dispatch_uid="common.triggers")
