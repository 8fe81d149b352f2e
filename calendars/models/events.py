"""Calendars, our copy of their events, who may see them, and what hangs on an event."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from calendars.enums import (
    ConferenceState,
    EventKind,
    EventStatus,
    Hue,
    Response,
    ShareLevel,
    Visibility,
)
from calendars.models.connections import CalendarConnection, UserCalendarConnection
from common.fields import LeasedModel, UUIDModel
from conferencing.enums import LinkFailure

if TYPE_CHECKING:
    from datetime import datetime

    from calendars.models.connections import CalendarConnectionBase


# How late the reading that is due beside push may be.
PUSH_GRACE: Final = timedelta(minutes=10)
# How long a page asks more often for what the workers were asked to read.
AWAITED_FOR: Final = timedelta(seconds=10)


class Calendar(UUIDModel, LeasedModel):
    """One calendar inside a connection. Its lease is held by the one sync that may run."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="calendars"
    )
    client_connection = models.ForeignKey(
        CalendarConnection,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calendars",
    )
    user_connection = models.ForeignKey(
        UserCalendarConnection,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calendars",
    )
    remote_id = models.CharField(max_length=1024)
    name = models.CharField(max_length=255)
    hue = models.CharField(max_length=8, choices=Hue.choices, default=Hue.TIDE)
    timezone = models.CharField(max_length=64, default="UTC")
    is_primary = models.BooleanField(default=False)
    is_shown = models.BooleanField(default=True)
    counts_as_busy = models.BooleanField(default=True)
    is_writable = models.BooleanField(default=True)
    allowed_conferences = models.JSONField(default=list)
    gone_at = models.DateTimeField(null=True, blank=True)
    sync_cursor = models.TextField(
        blank=True, default="", help_text="The provider's word for how far our copy goes."
    )
    baseline_cursor = models.TextField(
        blank=True, default="", help_text="Where a first reading goes on; blank when none is."
    )
    baseline_at = models.DateTimeField(
        null=True, blank=True, help_text="When that reading began: what it has not met is older."
    )
    window_from = models.DateTimeField(null=True, blank=True)
    window_until = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(
        null=True, blank=True, help_text="When the copy was last known to be whole."
    )
    sync_tried_at = models.DateTimeField(null=True, blank=True)
    sync_error = models.CharField(max_length=300, blank=True, default="")
    sync_after = models.DateTimeField(
        null=True, blank=True, help_text="The provider asked not to be asked before."
    )
    noticed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider last told of a change."
    )
    push_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when the provider tells of changes by itself."
    )
    push_tried_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last asked to."
    )
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a sync or a write last changed the copy."
    )

    class Meta:
        db_table = "calendars"
        ordering = ["-is_primary", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(client_connection__isnull=False, user_connection__isnull=True)
                | Q(client_connection__isnull=True, user_connection__isnull=False),
                name="calendar_one_connection",
            ),
            models.UniqueConstraint(
                fields=["client_connection", "remote_id"],
                condition=Q(client_connection__isnull=False),
                name="calendar_client_remote",
            ),
            models.UniqueConstraint(
                fields=["user_connection", "remote_id"],
                condition=Q(user_connection__isnull=False),
                name="calendar_user_remote",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connection(self) -> CalendarConnectionBase:
        """The one connection it belongs to."""
        connection = self.client_connection or self.user_connection
        assert connection is not None  # the CHECK promises it
        return connection

    @property
    def has_notice(self) -> bool:
        """Whether there was a change that our copy does not hold yet."""
        noticed, synced = self.noticed_at, self.synced_at
        return noticed is not None and (synced is None or noticed > synced)

    def is_awaited(self, now: datetime) -> bool:
        """Whether it was asked for a moment ago, and neither copy nor error came since."""
        tried, synced = self.sync_tried_at, self.synced_at
        if tried is None or self.sync_error or tried < now - AWAITED_FOR:
            return False
        return synced is None or tried > synced

    def is_pushed(self, now: datetime) -> bool:
        """Whether the provider tells of changes by itself, so that nobody has to ask."""
        until = self.push_until if settings.PUSH_ENABLED else None
        return until is not None and until > now and not self.sync_error

    def is_fresh(self, now: datetime, within: timedelta) -> bool:
        """Whether the copy is no older than that, or push has told of nothing since.

        Never while it is known to miss something. A channel that fell silent is caught by the
        reading that is due while there is push.
        """
        if self.synced_at is None or self.has_notice:
            return False
        if self.synced_at >= now - within:
            return True
        covered = self.synced_at >= now - settings.PUSHED_SYNC_EVERY - PUSH_GRACE
        return covered and self.is_pushed(now)


def event_id_for(
    calendar_id: uuid.UUID,
    remote_id: str,
    series_remote_id: str = "",
    original_start_at: datetime | None = None,
) -> uuid.UUID:
    """Our id of an event: the same after every re-sync and window change.

    An occurrence is named by its series and original start, because providers change its id.
    """
    if series_remote_id and original_start_at is not None:
        return uuid.uuid5(calendar_id, f"{series_remote_id}\n{original_start_at.isoformat()}")
    return uuid.uuid5(calendar_id, remote_id)


class Event(models.Model):
    """Our copy of what the provider holds (the mirror).

    `start_at` and `end_at` are the instants; `start_wall` and `end_wall` with `timezone` are the
    wall times that recurrence and all-day events go by (`2026-03-02T09:00:00` or `2026-03-02`;
    an all-day end is exclusive). `end_timezone` is blank unless the end is in a zone of its own,
    as of a flight; `hue` is blank unless the event has a colour of its own.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="events")
    remote_id = models.CharField(max_length=1024)
    series_remote_id = models.CharField(max_length=1024, blank=True, default="")
    original_start_at = models.DateTimeField(null=True, blank=True)
    ical_uid = models.CharField(max_length=1024, blank=True, default="")
    title = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    location = models.TextField(blank=True, default="")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    start_wall = models.CharField(max_length=32)
    end_wall = models.CharField(max_length=32)
    timezone = models.CharField(max_length=64, default="UTC")
    end_timezone = models.CharField(max_length=64, blank=True, default="")
    is_all_day = models.BooleanField(default=False)
    status = models.CharField(
        max_length=16, choices=EventStatus.choices, default=EventStatus.CONFIRMED
    )
    is_busy = models.BooleanField(default=True)
    hue = models.CharField(max_length=8, choices=Hue.choices, blank=True, default="")
    kind = models.CharField(max_length=16, choices=EventKind.choices, default=EventKind.NORMAL)
    visibility = models.CharField(
        max_length=16, choices=Visibility.choices, default=Visibility.DEFAULT
    )
    response = models.CharField(
        max_length=16, choices=Response.choices, blank=True, default=Response.NONE
    )
    is_organizer = models.BooleanField(default=True)
    organizer_email = models.CharField(max_length=320, blank=True, default="")
    attendees = models.JSONField(default=list)
    recurrence = models.JSONField(default=list)
    is_exception = models.BooleanField(
        default=False, help_text="An occurrence that is not as its series has it, or was deleted."
    )
    reminders = models.JSONField(null=True, blank=True)
    room_id = models.UUIDField(
        null=True, blank=True, help_text="The telehealth room whose link stands in its text."
    )
    conference = models.CharField(max_length=8, blank=True, default="")
    conference_state = models.CharField(
        max_length=8, choices=ConferenceState.choices, blank=True, default=ConferenceState.NONE
    )
    conference_url = models.CharField(max_length=2000, blank=True, default="")
    conference_note = models.CharField(max_length=300, blank=True, default="")
    conference_failure = models.CharField(
        max_length=12, choices=LinkFailure.choices, blank=True, default=LinkFailure.NONE
    )
    conference_since_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when its link is in this state."
    )
    conference_tries = models.PositiveSmallIntegerField(
        default=0, help_text="How often the link was asked for."
    )
    etag = models.CharField(max_length=255, blank=True, default="")
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(help_text="When a sync or a write last saw it.")

    class Meta:
        db_table = "events"
        indexes = [
            models.Index(fields=["calendar", "start_at", "end_at"], name="event_calendar_span"),
            models.Index(fields=["calendar", "series_remote_id"], name="event_series"),
            models.Index(fields=["calendar", "remote_id"], name="event_remote"),
            models.Index(fields=["workspace", "ical_uid"], name="event_ical_uid"),
            models.Index(fields=["room_id"], condition=Q(room_id__isnull=False), name="event_room"),
            models.Index(fields=["workspace"], condition=Q(conference="zoom"), name="event_zoom"),
            models.Index(
                fields=["conference_since_at"],
                condition=Q(conference_state="pending"),
                name="event_link_pending",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "(no title)"


class CalendarShare(UUIDModel):
    """What a calendar's owner shows to a colleague, or to everyone (no member named)."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="shares")
    member = models.ForeignKey(
        "workspaces.Membership", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    level = models.CharField(max_length=8, choices=ShareLevel.choices, default=ShareLevel.BUSY)

    class Meta:
        db_table = "calendar_shares"
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "member"],
                condition=Q(member__isnull=False),
                name="calendar_share_member",
            ),
            models.UniqueConstraint(
                fields=["calendar"],
                condition=Q(member__isnull=True),
                name="calendar_share_everyone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar}: {self.level}"


class PushChannel(UUIDModel):
    """A provider's promise to tell us of changes, until it expires."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="channels")
    remote_id = models.CharField(max_length=255)
    resource_remote_id = models.CharField(max_length=255, blank=True, default="")
    secret_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    last_notice_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "push_channels"
        indexes = [models.Index(fields=["remote_id"], name="push_channel_remote")]

    def __str__(self) -> str:
        return f"channel of {self.calendar_id}"


class EventTask(UUIDModel):
    """Something to do that belongs to an event; keyed by ids that survive a re-sync."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="event_tasks")
    event_id = models.UUIDField()
    title = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        "workspaces.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "event_tasks"
        ordering = ["position", "created_at"]
        indexes = [models.Index(fields=["event_id"], name="event_task_event")]

    def __str__(self) -> str:
        return self.title
