"""The booking app."""

from __future__ import annotations

from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "booking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from booking import people as bookers  # noqa: PLC0415 -- app registry
        from booking.beyond import links_without_room  # noqa: PLC0415 -- app registry
        from booking.enums import MessageKind  # noqa: PLC0415 -- app registry
        from booking.services import (  # noqa: PLC0415 -- app registry
            answers,
            bulk,
            clashes,
            crm_erasing,
            crm_mail,
            crm_notes,
            delivery,
            erased_events,
            erasing,
            external,
            feeds,
            handlers,
            invited_steps,
            leaving,
            mail_fetch,
            relocated,
            reminding,
            rooms,
            undelivered,
            verification,
            watching,
            zoom_rooms,
        )
        from calendars import (  # noqa: PLC0415 -- app registry
            following,
            people,
        )
        from calendars.services.conferences import LINK_SETTLED_KIND  # noqa: PLC0415 -- app registry
        from calendars.services.relocating import MOVED_KIND  # noqa: PLC0415 -- app registry
        from common import outbox  # noqa: PLC0415 -- app registry
        from conferencing import (  # noqa: PLC0415 -- app registry
            beyond,
            usage,
        )
        from conferencing.telehealth import sittings  # noqa: PLC0415 -- app registry
        from workspaces import leaving as seeing_off  # noqa: PLC0415 -- app registry

        outbox.register(
            MessageKind.CALENDAR_EVENT,
            handlers.handle_calendar_event,
            handlers.event_has_failed,
            on_delay=handlers.event_is_late,
            words="Calendar event",
        )
        outbox.register_mail(
            MessageKind.NOTIFICATION,
            handlers.handle_notification,
            words="Mail",
        )
        outbox.register_mail(
            MessageKind.REMINDER,
            reminding.handle_reminder,
            words="Reminder or follow-up",
        )
        outbox.register_mail(
            MessageKind.CLASH_NOTICE,
            clashes.handle_notice,
            words="Notice of something over it",
        )
        outbox.register_mail(
            MessageKind.EMAIL_CODE,
            verification.handle_email_code,
            patience=verification.CODE_LIFE,
            words="Code that proves an address",
        )
        outbox.register(
            MessageKind.BULK_CANCEL,
            bulk.handle_bulk_cancel,
            patience=3 * outbox.DAY,
            words="Meetings called off together",
        )
        outbox.register(
            MessageKind.ERASURE,
            erasing.handle_erasure,
            patience=3 * outbox.DAY,
            words="Erasing somebody",
            duty=True,
        )
        outbox.register(
            MessageKind.ERASED_EVENT,
            erased_events.handle_erased_event,
            patience=3 * outbox.DAY,
            words="Taking somebody out of a calendar event",
            duty=True,
        )
        outbox.register(
            MessageKind.EVENT_CHANGED,
            external.handle_event_changed,
            words="Following a change in the calendar",
        )
        outbox.register(
            MessageKind.CLASH, clashes.handle_clash, words="Looking for an event over it"
        )
        outbox.register_mail(
            MessageKind.MAIL_TROUBLE,
            undelivered.handle_mail_trouble,
            words="Notice that a mail did not arrive",
        )
        outbox.register(
            MessageKind.CRM_LEAD,
            crm_notes.handle_lead,
            patience=3 * outbox.DAY,
            words="Lead in the CRM",
        )
        outbox.register_mail(
            MessageKind.CRM_KEY_REFUSED,
            crm_mail.handle_key_refused,
            words="Mail that the CRM refuses its key",
        )
        outbox.register(
            MessageKind.ERASED_NOTE,
            crm_erasing.handle_erased_note,
            patience=3 * outbox.DAY,
            words="Taking somebody out of the CRM",
            duty=True,
        )
        outbox.register(
            MessageKind.MAIL_FETCH,
            mail_fetch.handle_mail_fetch,
            patience=3 * outbox.DAY,
            words="Mail that came in",
        )
        outbox.register_mail(
            MessageKind.ANSWERED,
            answers.handle_answered,
            words="What a booker answered in their calendar",
        )
        outbox.register(
            MessageKind.FEED_CLOSED,
            feeds.handle_feed_closed,
            patience=3 * outbox.DAY,
            words="Logging that a calendar feed closed",
            duty=True,
        )
        outbox.register(
            MessageKind.INVITATION,
            invited_steps.handle_invitation,
            invited_steps.invitation_has_failed,
            patience=outbox.OF_MAIL,
            words="Invitation from outside",
        )
        outbox.register(LINK_SETTLED_KIND, delivery.handle_link, words="Join link that came later")
        outbox.register(MOVED_KIND, relocated.follow_event, words="Event in another calendar")
        following.register("meetings", watching.note_changes)
        usage.register("meetings", zoom_rooms.uses)
        sittings.register("meetings", rooms.meeting_sittings)
        people.register("contacts", bookers.contacts)
        people.register("prospects", bookers.prospects)
        beyond.register("links", links_without_room)
        seeing_off.register(
            "meetings", seeing_off.Leaving(leaving.promised_to_guests, leaving.close_links)
        )
