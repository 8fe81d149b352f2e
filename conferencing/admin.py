"""The operators' view of Zoom meetings, telehealth rooms, and who entered them."""

from __future__ import annotations

from django.contrib import admin

from common.admin import ReadOnlyAdmin
from conferencing.models import TelehealthJoin, TelehealthRoom, ZoomMeeting


@admin.register(ZoomMeeting)
class ZoomMeetingAdmin(ReadOnlyAdmin):
    hidden = frozenset({"join_url"})
    list_display = (
        "created_at", "workspace", "connection", "remote_id", "attempted_at",
        "deletion_wanted_at", "deleted_at", "failures",
    )  # fmt: skip
    list_select_related = ("workspace", "connection")
    search_fields = ("=remote_id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(TelehealthRoom)
class TelehealthRoomAdmin(ReadOnlyAdmin):
    hidden = frozenset({"name"})
    list_display = ("created_at", "workspace", "start_at", "warmed_at", "revoked_at", "last_error")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(TelehealthJoin)
class TelehealthJoinAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "workspace", "room", "kind", "user_id")
    list_filter = ("kind",)
    list_select_related = ("workspace", "room")
    search_fields = ("=room__id", "=workspace__id", "=user_id")
    ordering = ("-created_at",)
