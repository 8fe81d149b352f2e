"""The operators' view of connections, calendars and the mirror; and ending a connection."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist

from audit.actors import user_actor
from calendars.models import (
    AccountTurn,
    Calendar,
    CalendarChoice,
    CalendarConnection,
    CalendarShare,
    Event,
    EventTask,
    Hold,
    OAuthFlow,
    PushChannel,
    RememberedCalendar,
    UserCalendarConnection,
)
from calendars.services import connections
from common.admin import ReadOnlyAdmin
from conferencing.services import zoom_connection_model
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ConnectionAdmin(ReadOnlyAdmin):
    """What the three tables of connections share."""

    list_filter = ("provider", "state")
    search_fields = ("=id", "connected_email", "=workspace__id")
    ordering = ("-created_at",)
    actions = ("disconnect",)

    @admin.action(
        description="Disconnect: revoke, erase tokens and copies", permissions=["operate"]
    )
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for connection in queryset.select_related("workspace"):
            kind, owner_id = connection.owner_kind, connection.owner_id
            left_to_do = connections.disconnect(connection=connection, actor=user_actor(request))
            with suppress(ObjectDoesNotExist):  # who left the workspace books nothing there
                connections.promote(owner_for(kind, owner_id, connection.workspace))
            words = f"{connection.connected_email} is disconnected. {left_to_do}".strip()
            self.message_user(request, words, messages.SUCCESS)


@admin.register(CalendarConnection)
class CalendarConnectionAdmin(ConnectionAdmin):
    list_display = (
        "connected_email", "provider", "state", "client", "workspace", "is_booking", "last_good_at",
    )  # fmt: skip
    list_select_related = ("client", "workspace")


@admin.register(UserCalendarConnection)
class UserCalendarConnectionAdmin(ConnectionAdmin):
    list_display = (
        "connected_email", "provider", "state", "user", "workspace", "is_booking", "last_good_at",
    )  # fmt: skip
    list_select_related = ("user", "workspace")


@admin.register(zoom_connection_model())
class ZoomConnectionAdmin(ConnectionAdmin):
    list_display = ("connected_email", "state", "client", "user", "workspace", "last_good_at")
    list_select_related = ("client", "user", "workspace")


@admin.register(OAuthFlow)
class OAuthFlowAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "provider",
        "owner_kind",
        "started_by",
        "expires_at",
        "consumed_at",
    )
    list_filter = ("provider", "owner_kind")
    list_select_related = ("started_by",)
    ordering = ("-created_at",)


@admin.register(Calendar)
class CalendarAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "workspace", "is_shown", "counts_as_busy", "is_writable", "synced_at", "sync_error",
    )  # fmt: skip
    list_filter = ("is_shown", "counts_as_busy", "is_writable")
    list_select_related = ("workspace",)
    search_fields = ("=id", "name", "remote_id", "=workspace__id")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """That an event is mirrored and when; what it is about is its calendar's owner's business."""

    hidden = frozenset(
        {
            "attendees",
            "conference_url",
            "description",
            "location",
            "organizer_email",
            "title",
        }
    )
    list_display = ("id", "workspace", "calendar", "start_at", "end_at", "status", "deleted_at")
    list_display_links = ("id",)
    list_filter = ("status", "visibility", "is_all_day")
    list_select_related = ("workspace", "calendar")
    search_fields = ("=id", "=remote_id", "=calendar__id")
    ordering = ("-seen_at",)


@admin.register(CalendarShare)
class CalendarShareAdmin(ReadOnlyAdmin):
    list_display = ("calendar", "member", "level")
    list_filter = ("level",)
    list_select_related = ("calendar", "member__user", "member__workspace")


@admin.register(PushChannel)
class PushChannelAdmin(ReadOnlyAdmin):
    list_display = ("remote_id", "calendar", "expires_at", "last_notice_at")
    list_select_related = ("calendar",)


@admin.register(AccountTurn)
class AccountTurnAdmin(ReadOnlyAdmin):
    list_display = ("account", "number", "lease_until")
    search_fields = ("=account",)
    ordering = ("account", "number")


@admin.register(CalendarChoice)
class CalendarChoiceAdmin(ReadOnlyAdmin):
    """Which colleagues' calendars a member lays over their own week."""

    list_display = ("membership", "calendar", "is_shown")
    list_select_related = ("membership__user", "membership__workspace", "calendar")


@admin.register(RememberedCalendar)
class RememberedCalendarAdmin(ReadOnlyAdmin):
    list_display = ("provider", "workspace", "owner_kind", "owner_id", "was_booking", "created_at")
    list_filter = ("provider", "owner_kind")
    list_select_related = ("workspace",)
    search_fields = ("=owner_id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(EventTask)
class EventTaskAdmin(ReadOnlyAdmin):
    list_display = ("title", "workspace", "calendar", "done_at")
    list_select_related = ("workspace", "calendar")


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("held_from", "held_until", "source", "owner_kind", "owner_id", "workspace")
    list_filter = ("source", "owner_kind")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=owner_id")
    ordering = ("-held_from",)
