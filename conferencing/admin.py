"""The operators' view of Zoom accounts and meetings."""

from __future__ import annotations

from django.contrib import admin

from common.admin import ReadOnlyAdmin
from conferencing.models import ZoomMeeting


@admin.register(ZoomMeeting)
class ZoomMeetingAdmin(ReadOnlyAdmin):
    hidden = frozenset({"join_url"})
    list_display = ("created_at", "workspace", "connection", "remote_id", "deleted_at")
    list_select_related = ("workspace", "connection")
    search_fields = ("=remote_id", "=workspace__id")
    ordering = ("-created_at",)
