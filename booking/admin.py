"""The operators' view of links, meetings and the people who booked."""

from __future__ import annotations

from django.contrib import admin

from booking.models import (
    BookingLink,
    BookingName,
    Contact,
    Meeting,
    MeetingChange,
    SalesMeeting,
    SalesProspect,
)
from common.admin import ReadOnlyAdmin


@admin.register(BookingLink)
class BookingLinkAdmin(ReadOnlyAdmin):
    list_display = (
        "slug", "title", "workspace", "client", "user", "is_active", "is_private", "is_one_time",
        "seats", "ends_on",
    )  # fmt: skip
    list_filter = ("is_active", "is_private", "is_one_time", "degraded_mode")
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "slug", "title", "=workspace__id")


@admin.register(BookingName)
class BookingNameAdmin(ReadOnlyAdmin):
    list_display = ("slug", "workspace", "link", "client", "user", "is_current")
    list_filter = ("is_current",)
    list_select_related = ("workspace", "link", "client", "user")
    search_fields = ("slug", "=workspace__id")


class MeetingBaseAdmin(ReadOnlyAdmin):
    """What both tables of meetings share."""

    hidden = frozenset({"conference_url"})
    list_filter = ("state",)
    search_fields = ("=id", "booker_name", "booker_email", "=workspace__id", "=uid")
    ordering = ("-start_at",)


@admin.register(Meeting)
class MeetingAdmin(MeetingBaseAdmin):
    list_display = (
        "start_at", "title", "state", "booker_name", "client", "workspace", "confirmation_sent_at",
    )  # fmt: skip
    list_select_related = ("client", "workspace")


@admin.register(SalesMeeting)
class SalesMeetingAdmin(MeetingBaseAdmin):
    list_display = (
        "start_at", "title", "state", "booker_name", "user", "workspace", "confirmation_sent_at",
    )  # fmt: skip
    list_select_related = ("user", "workspace")


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    list_display = ("name", "email", "client", "workspace", "created_at")
    list_select_related = ("client", "workspace")
    search_fields = ("name", "email", "=workspace__id")


@admin.register(SalesProspect)
class SalesProspectAdmin(ReadOnlyAdmin):
    list_display = ("name", "email", "workspace", "crm_lead_remote_id", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "email", "=workspace__id")


@admin.register(MeetingChange)
class MeetingChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "by", "name", "owner_kind", "meeting_id", "workspace")
    list_filter = ("kind", "by", "owner_kind")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=meeting_id", "=workspace__id")
    ordering = ("-at",)
