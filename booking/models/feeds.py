"""Calendar feeds: secret addresses at which an owner's meetings are read by other calendars."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from booking.enums import FeedDetail
from common.fields import UUIDModel


class CalendarFeed(UUIDModel):
    """One address at which the meetings of a client or user in a workspace are read, and no more.

    The token in the address is a hash at rest. An owner has one open feed; those that were closed
    stay, so that it can be said who opened and closed them. `edition` is the hash of what was
    last read, `changed_at` since when it says that, `read_at` roughly when somebody last read it.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    client = models.ForeignKey(
        "workspaces.Client", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    detail = models.CharField(max_length=8, choices=FeedDetail.choices, default=FeedDetail.DETAILS)
    opened_by_name = models.CharField(max_length=320)
    edition = models.CharField(max_length=64, blank=True, default="", editable=False)
    changed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=320, blank=True, default="")

    class Meta:
        db_table = "calendar_feeds"
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, user__isnull=True)
                | Q(client__isnull=True, user__isnull=False),
                name="calendar_feed_one_owner",
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(closed_at__isnull=True, client__isnull=False),
                name="calendar_feed_of_client",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(closed_at__isnull=True, user__isnull=False),
                name="calendar_feed_of_user",
            ),
        ]

    def __str__(self) -> str:
        return f"feed of {self.client_id or self.user_id}"
