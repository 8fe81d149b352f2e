"""Zoom accounts and the meetings made in them; telehealth rooms and who entered them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit.enums import Provider
from audit.models import ConnectionBase
from common.fields import LeasedModel, UUIDModel
from conferencing.enums import EntrantKind, ZoomAccess
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID


def new_room_name() -> str:
    """A name that cannot be guessed."""
    return f"th-{secrets.token_urlsafe(24)}"


class ZoomConnection(ConnectionBase, LeasedModel):
    """A consented Zoom account of exactly one client or user.

    Its lease is held by the one sweep that may look after its meetings.
    """

    access = models.CharField(max_length=8, choices=ZoomAccess.choices, default=ZoomAccess.CONSENT)
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
    def credential_kind(self) -> str:
        return Provider.ZOOM if self.access == ZoomAccess.SERVER else ""

    @property
    def zoom_user(self) -> str:
        """Whose meetings its token makes: a person's own token knows itself as `me` only."""
        return self.account_remote_id if self.access == ZoomAccess.SERVER else "me"

    @property
    def owner_kind(self) -> str:
        return OwnerKind.CLIENT if self.client_id else OwnerKind.USER

    @property
    def owner_id(self) -> UUID:
        owner_id = self.client_id or self.user_id
        assert owner_id is not None  # the CHECK promises it
        return owner_id


# The first words of the agenda of every meeting of ours. Zoom's list shows 250 characters of it.
MARK: Final = "Ref: "


class ZoomMeeting(UUIDModel, LeasedModel):
    """A meeting wanted at Zoom: written before the call, because Zoom has no idempotency key.

    Its lease is held by the one who makes or deletes it there. Its id stands in the meeting's
    agenda, so that a meeting whose answer was lost is found again: `attempted_at` is set from
    before the call until it is known how many meetings bear that mark.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    connection = models.ForeignKey(
        ZoomConnection, on_delete=models.CASCADE, related_name="zoom_meetings"
    )
    intent_key = models.CharField(max_length=200)
    event_id = models.UUIDField(
        null=True, blank=True, help_text="The event it was last known to belong to."
    )
    remote_id = models.CharField(max_length=32, blank=True, default="")
    join_url = models.URLField(max_length=1000, blank=True, default="")
    told = models.CharField(
        max_length=64, blank=True, default="", help_text="A hash of what Zoom was last told of it."
    )
    attempted_at = models.DateTimeField(
        null=True, blank=True, help_text="Zoom was asked to make it, and may have made another."
    )
    deletion_wanted_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        default=timezone.now, help_text="When the sweep looks at it next."
    )
    failures = models.PositiveIntegerField(
        default=0, help_text="How often in a row Zoom refused what is still to be done."
    )

    class Meta:
        db_table = "zoom_meetings"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "intent_key"], name="zoom_meeting_intent_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(deleted_at__isnull=True) | Q(attempted_at__isnull=False),
                name="zoom_meeting_due",
            ),
            models.Index(fields=["workspace", "event_id"], name="zoom_meeting_event"),
        ]

    def __str__(self) -> str:
        return f"Zoom meeting {self.remote_id or 'wanted'}"

    @property
    def mark(self) -> str:
        """What its agenda says at Zoom; opaque, and no secret."""
        return f"{MARK}{self.id.hex}"

    @property
    def is_there(self) -> bool:
        """Whether it can be met in, as far as we know."""
        return bool(self.remote_id) and self.deleted_at is None


class TelehealthRoom(UUIDModel):
    """A room of ours: one join link, for one event, series or meeting.

    `key` says what it was opened for, so that a repeat finds it; `account` is the calendar account
    whose events speak for its times, blank until one holds the link. `start_at` and `end_at` are
    the time that is on or next. `name` is its name at LiveKit, which nobody can guess.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=200)
    account = models.CharField(max_length=300, blank=True, default="")
    name = models.CharField(max_length=64, unique=True, default=new_room_name, editable=False)
    start_at = models.DateTimeField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True)
    moved_from_at = models.DateTimeField(
        null=True, blank=True, help_text="When it would have started before it was last moved."
    )
    turns = models.PositiveIntegerField(
        default=0, help_text="How often its time changed or was called off."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    warmed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    look_at = models.DateTimeField(
        null=True, blank=True, help_text="When its times have to be asked for again."
    )

    class Meta:
        db_table = "telehealth_rooms"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="telehealth_room_key")
        ]
        indexes = [models.Index(fields=["look_at"], name="telehealth_room_look")]

    def __str__(self) -> str:
        return f"Telehealth room {self.pk}"


class TelehealthJoin(UUIDModel):
    """Somebody was let into a room, at `created_at`. Never changed, and holds no token."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    room = models.ForeignKey(TelehealthRoom, on_delete=models.CASCADE, related_name="joins")
    kind = models.CharField(max_length=8, choices=EntrantKind.choices)
    user_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "telehealth_joins"
        indexes = [models.Index(fields=["room", "created_at"], name="telehealth_join_room")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.created_at:%Y-%m-%d %H:%M}"
