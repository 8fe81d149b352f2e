"""Zoom accounts and the meetings made in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from audit.models import ConnectionBase
from common.fields import LeasedModel, UUIDModel
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID


class ZoomConnection(ConnectionBase):
    """A consented Zoom account of exactly one client or user."""

    client = models.ForeignKey(
        "workspaces.Client",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="zoom_connections",
    )
    user = models.ForeignKey(
        "workspaces.User",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="zoom_connections",
    )

    class Meta:
        db_table = "zoom_connections"
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, user__isnull=True)
                | Q(client__isnull=True, user__isnull=False),
                name="zoom_connection_one_owner",
            ),
            models.UniqueConstraint(
                fields=["workspace", "client", "account_remote_id"],
                condition=Q(client__isnull=False),
                name="zoom_connection_client_account",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user", "account_remote_id"],
                condition=Q(user__isnull=False),
                name="zoom_connection_user_account",
            ),
        ]

    @property
    def owner_kind(self) -> str:
        return OwnerKind.CLIENT if self.client_id else OwnerKind.USER

    @property
    def owner_id(self) -> UUID:
        owner_id = self.client_id or self.user_id
        assert owner_id is not None  # the CHECK promises it
        return owner_id


class ZoomMeeting(UUIDModel, LeasedModel):
    """A meeting wanted at Zoom: written before the call, because Zoom has no idempotency key.

    Its lease is held by the one who makes it there.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    connection = models.ForeignKey(
        ZoomConnection, on_delete=models.CASCADE, related_name="zoom_meetings"
    )
    intent_key = models.CharField(max_length=200)
    remote_id = models.CharField(max_length=32, blank=True, default="")
    join_url = models.URLField(max_length=1000, blank=True, default="")
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "zoom_meetings"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "intent_key"], name="zoom_meeting_intent_once"
            )
        ]

    def __str__(self) -> str:
        return f"Zoom meeting {self.remote_id or 'wanted'}"
