"""The operators' view of vault and log: that something is there, never what it says."""

from __future__ import annotations

from django.contrib import admin

from audit.models import (
    AuditChainHead,
    MirrorReadMark,
    OAuthToken,
    OAuthTokenAccessLog,
    ServiceCredential,
)
from common.admin import ReadOnlyAdmin


@admin.register(OAuthToken)
class OAuthTokenAdmin(ReadOnlyAdmin):
    list_display = ("connection_id", "provider", "workspace", "key_id", "expires_at", "updated_at")
    list_filter = ("provider", "key_id")
    list_select_related = ("workspace",)
    search_fields = ("=connection_id", "=workspace__id")


@admin.register(ServiceCredential)
class ServiceCredentialAdmin(ReadOnlyAdmin):
    list_display = ("kind", "workspace", "key_id", "updated_at")
    list_filter = ("kind", "key_id")
    list_select_related = ("workspace",)


@admin.register(OAuthTokenAccessLog)
class OAuthTokenAccessLogAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        "workspace_id",
        "seq",
        "actor_name",
        "reason",
        "connection_email",
        "provider",
        "outcome",
    )
    list_filter = ("outcome", "reason", "provider")
    search_fields = ("=workspace_id", "=connection_id", "actor_name", "connection_email")
    ordering = ("-id",)


@admin.register(AuditChainHead)
class AuditChainHeadAdmin(ReadOnlyAdmin):
    list_display = ("workspace_id", "seq")
    search_fields = ("=workspace_id",)


@admin.register(MirrorReadMark)
class MirrorReadMarkAdmin(ReadOnlyAdmin):
    list_display = ("connection_id", "week_on", "logged_at")
    search_fields = ("=connection_id",)
