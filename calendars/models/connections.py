"""Connected Google and Microsoft accounts, of a client or of a user, and flows under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from audit.models import ConnectionBase
from common.fields import UUIDModel
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID

    from calendars.models.events import Calendar


class CalendarConnectionBase(ConnectionBase):
    """What both connection tables share.

    `calendar_id` is the chosen calendar's remote id (the one written to when this connection is
    the owner's booking connection); blank stands for the account's primary calendar.
    """

    calendar_id = models.CharField(max_length=1024, blank=True, default="")
    is_booking = models.BooleanField(default=False)
    resumes_booking = models.BooleanField(
        default=False, help_text="Bookings went here before the plan paused it, and will again."
    )

    calendars: models.Manager[Calendar]

    class Meta(ConnectionBase.Meta):
        abstract = True


class CalendarConnection(CalendarConnectionBase):
    """A client's account (client mode)."""

    client = models.ForeignKey(
        "workspaces.Client", on_delete=models.CASCADE, related_name="calendar_connections"
    )

    class Meta(CalendarConnectionBase.Meta):
        db_table = "calendar_connections"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "client", "provider", "account_remote_id"],
                name="calendar_connection_account",
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(is_booking=True),
                name="calendar_connection_one_booking",
            ),
        ]

    @property
    def owner_kind(self) -> str:
        return OwnerKind.CLIENT

    @property
    def owner_id(self) -> UUID:
        return self.client_id


class UserCalendarConnection(CalendarConnectionBase):
    """A user's own account (internal mode)."""

    user = models.ForeignKey(
        "workspaces.User", on_delete=models.CASCADE, related_name="calendar_connections"
    )

    class Meta(CalendarConnectionBase.Meta):
        db_table = "user_calendar_connections"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "provider", "account_remote_id"],
                name="user_calendar_connection_account",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(is_booking=True),
                name="user_calendar_connection_one_booking",
            ),
        ]

    @property
    def owner_kind(self) -> str:
        return OwnerKind.USER

    @property
    def owner_id(self) -> UUID:
        return self.user_id


class OAuthFlow(UUIDModel):
    """One consent under way: consumed once, ten minutes at most, bound to one browser session.

    Begun by a member, or by a client's person who came in by an invitation.
    """

    provider = models.CharField(max_length=16)
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    owner_id = models.UUIDField()
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    started_by = models.ForeignKey(
        "workspaces.User", null=True, on_delete=models.CASCADE, related_name="+"
    )
    invitation = models.ForeignKey(
        "workspaces.ClientInvitation", null=True, on_delete=models.CASCADE, related_name="+"
    )
    nonce_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    verifier_sealed = models.BinaryField()
    next_page = models.CharField(max_length=200, blank=True, default="")
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "oauth_flows"
        constraints = [
            models.CheckConstraint(
                condition=Q(started_by__isnull=True, invitation__isnull=False)
                | Q(started_by__isnull=False, invitation__isnull=True),
                name="oauth_flow_one_beginner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} for {self.owner_kind} {self.owner_id}"
