"""The calendars app."""

from __future__ import annotations

from django.apps import AppConfig

# The settings of each provider's app begin with this.
SETTINGS_PREFIX = {"google": "GOOGLE", "outlook": "MICROSOFT"}


class CalendarsConfig(AppConfig):
    name = "calendars"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import oauth_apps  # noqa: PLC0415 -- app registry
        from audit.services.tokens import RECONNECT_KIND  # noqa: PLC0415 -- app registry
        from calendars import acquaintances, beyond, people  # noqa: PLC0415 -- app registry
        from calendars.providers.registry import OAUTH  # noqa: PLC0415 -- app registry
        from calendars.services import (  # noqa: PLC0415 -- app registry
            conferences,
            headquarters,
            membership,
            notices,
            places,
            relocating,
            settling,
            splitting,
            zoom_retry,
            zoom_rooms,
        )
        from calendars.sittings import event_sittings  # noqa: PLC0415 -- app registry
        from calendars.triggers import HOLD_NO_OVERLAP  # noqa: PLC0415 -- app registry
        from common import outbox, triggers  # noqa: PLC0415 -- app registry
        from conferencing import usage  # noqa: PLC0415 -- app registry
        from conferencing.beyond import register as register_beyond  # noqa: PLC0415 -- app registry
        from conferencing.services.rooms import ROOM_GONE_KIND  # noqa: PLC0415 -- app registry
        from conferencing.telehealth import sittings  # noqa: PLC0415 -- app registry
        from workspaces.services.members import MEMBERSHIP_ENDED  # noqa: PLC0415 -- app registry
        from workspaces.services.plans import PLAN_CHANGED  # noqa: PLC0415 -- app registry

        triggers.register(HOLD_NO_OVERLAP)
        outbox.register_mail(
            RECONNECT_KIND,
            notices.tell_reconnect_needed,
            words="Mail that an account has to be connected again",
        )
        outbox.register_mail(
            headquarters.BRANCH_ASKS,
            notices.tell_branch_asks,
            words="Mail that a branch asks to be watched",
        )
        for provider, spec in OAUTH.items():
            oauth_apps.register(oauth_apps.app_of(spec, SETTINGS_PREFIX[provider]))
        # Who waits for a link is told soon that none will come.
        outbox.register(
            conferences.SETTLE_KIND,
            settling.settle,
            settling.has_failed,
            patience=outbox.HOUR,
            words="Join link of an event",
        )
        outbox.register(
            zoom_rooms.ZOOM_LINK_KIND,
            zoom_retry.retry,
            zoom_retry.has_failed,
            patience=outbox.HOUR,
            words="Zoom link of an event",
        )
        outbox.register(
            ROOM_GONE_KIND,
            zoom_retry.replace_room,
            zoom_retry.could_not_replace,
            patience=outbox.HOUR,
            words="Another Zoom meeting for one that was deleted",
        )
        outbox.register(
            splitting.SPLIT_KIND, splitting.finish_split, words="Series that was split in two"
        )
        outbox.register(
            relocating.FINISH_KIND,
            relocating.finish_move,
            words="Event that was moved to another calendar",
        )
        outbox.register(
            MEMBERSHIP_ENDED,
            membership.end_connections,
            patience=3 * outbox.DAY,
            words="Disconnecting the accounts of somebody who left",
            duty=True,
        )
        outbox.register(
            PLAN_CHANGED,
            places.follow_plan,
            patience=3 * outbox.DAY,
            words="Following a change of the plan",
        )
        sittings.register("events", event_sittings)
        usage.register("events", zoom_rooms.uses)
        people.register("colleagues", acquaintances.colleagues)
        people.register("clients", acquaintances.primary_contacts)
        register_beyond("accounts", beyond.paused_accounts)
        register_beyond("branches", beyond.branches)
