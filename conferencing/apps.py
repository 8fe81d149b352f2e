"""The conferencing app."""

from __future__ import annotations

from django.apps import AppConfig


class ConferencingConfig(AppConfig):
    name = "conferencing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import oauth_apps  # noqa: PLC0415 -- app registry
        from common import outbox  # noqa: PLC0415 -- app registry
        from conferencing import beyond, checks  # noqa: F401, PLC0415 -- app registry
        from conferencing.telehealth import rooms  # noqa: PLC0415 -- app registry
        from conferencing.zoom_oauth import SPEC  # noqa: PLC0415 -- app registry

        oauth_apps.register(oauth_apps.app_of(SPEC, "ZOOM"))
        beyond.register("zoom", beyond.zoom_accounts)
        outbox.register(
            rooms.WARM_KIND,
            rooms.warm,
            rooms.warming_failed,
            patience=outbox.HOUR,
            words="Preparing a telehealth room",
        )
        outbox.register(rooms.CLOSE_KIND, rooms.close, words="Closing a telehealth room")
