"""The booking app."""

from __future__ import annotations

from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "booking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from booking.enums import MessageKind  # noqa: PLC0415 -- app registry
        from booking.services import delivery  # noqa: PLC0415 -- app registry
        from common import outbox  # noqa: PLC0415 -- app registry

        outbox.register(
            MessageKind.CALENDAR_EVENT, delivery.handle_calendar_event, delivery.event_has_failed
        )
        outbox.register(MessageKind.NOTIFICATION, delivery.handle_notification)
