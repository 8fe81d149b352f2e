"""Writing what a provider told into our copy, and only where it differs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from calendars import following
from calendars.enums import ConferenceState, EventStatus
from calendars.models import Calendar, Event, event_id_for
from calendars.providers.base import RemoteCalendar
from calendars.providers.errors import CalendarGone, EventGone
from calendars.providers.joining import own_lines, without_own_line, without_own_place
from conferencing import services as conferencing
from conferencing.enums import Conference, LinkFailure
from conferencing.failures import is_ours_alone
from conferencing.telehealth import rooms
from conferencing.telehealth.links import room_in
from conferencing.zoom import is_zoom_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from calendars.providers.base import Attendee, RemoteConference, RemoteEvent
    from common.spans import Span

BATCH = 500
LONGEST_URL = 2000

# What a provider tells of an event; a difference in any of these is a change.
TOLD = (
    "remote_id", "series_remote_id", "original_start_at", "ical_uid", "title", "description",
    "location", "room_id", "start_at", "end_at", "start_wall", "end_wall", "timezone",
    "end_timezone", "is_all_day", "status", "is_busy", "hue", "kind", "visibility", "response",
    "is_organizer", "organizer_email", "attendees", "recurrence", "is_exception", "reminders",
    "conference", "conference_state", "conference_url", "conference_note", "conference_failure",
    "conference_since_at", "conference_tries", "etag", "remote_updated_at", "deleted_at",
)  # fmt: skip
LINK = (
    "conference", "conference_state", "conference_note", "conference_failure",
    "conference_since_at", "conference_tries",
)  # fmt: skip
_LINK_AT = tuple(TOLD.index(name) for name in LINK)
# A difference in any of these matters to whoever follows an event's time.
_TIME_AT = tuple(
    TOLD.index(name)
    for name in ("start_at", "end_at", "is_all_day", "status", "is_busy", "response", "deleted_at")
)
_ROOM = TOLD.index("room_id")
_EXCEPTION, _UPDATED = TOLD.index("is_exception"), TOLD.index("remote_updated_at")
Known = dict["UUID", tuple["datetime", tuple[Any, ...]]]


def as_remote(calendar: Calendar) -> RemoteCalendar:
    """The calendar as adapters know it."""
    return RemoteCalendar(
        remote_id=calendar.remote_id,
        name=calendar.name,
        timezone=calendar.timezone,
        is_primary=calendar.is_primary,
        is_writable=calendar.is_writable,
        allowed_conferences=frozenset(Conference(name) for name in calendar.allowed_conferences),
    )


def row_of(calendar: Calendar, remote: RemoteEvent, now: datetime) -> Event | None:
    """The row that stands for the event; None for one that is cancelled or has no time."""
    if remote.status == EventStatus.CANCELLED or remote.start is None or remote.end is None:
        return None
    conference = _conference(calendar, remote)
    # A guest's own words may hold the link of another room.
    room_id = room_in(*own_lines(remote.description), remote.location, remote.description)
    return Event(
        id=_id_of(calendar, remote),
        workspace_id=calendar.workspace_id,
        calendar_id=calendar.pk,
        remote_id=remote.remote_id,
        series_remote_id=remote.series_remote_id,
        original_start_at=remote.original_start_at,
        ical_uid=remote.ical_uid[:1024],
        title=remote.title,
        # Pages and the API tell of our own link beside the text that people wrote.
        description=without_own_line(remote.description) if room_id else remote.description,
        location=without_own_place(remote.location) if room_id else remote.location,
        room_id=room_id,
        start_at=remote.start.at,
        end_at=remote.end.at,
        start_wall=remote.start.wall[:32],
        end_wall=remote.end.wall[:32],
        timezone=remote.start.timezone[:64],
        end_timezone=remote.end_timezone[:64],
        is_all_day=remote.is_all_day,
        status=str(remote.status),
        is_busy=remote.is_busy,
        hue=str(remote.colour.hue) if remote.colour else "",
        kind=str(remote.kind),
        visibility=str(remote.visibility),
        response=str(remote.response),
        is_organizer=remote.is_organizer,
        organizer_email=remote.organizer_email[:320],
        attendees=[_attendee(one) for one in remote.attendees],
        recurrence=list(remote.recurrence),
        is_exception=remote.is_exception,
        reminders=None if remote.reminders is None else list(remote.reminders),
        conference=conference.kind.value if conference else "",
        conference_state=str(conference.state) if conference else ConferenceState.NONE.value,
        conference_url=_address(conference.url) if conference else "",
        conference_note=conference.note[:300] if conference else "",
        conference_failure=str(conference.failure) if conference else LinkFailure.NONE.value,
        conference_since_at=now if conference else None,
        conference_tries=1 if conference else 0,
        etag=remote.etag[:255],
        remote_updated_at=remote.updated_at,
        deleted_at=None,
        seen_at=now,
    )


def _conference(calendar: Calendar, remote: RemoteEvent) -> RemoteConference | None:
    """The event's meeting link. An invitation's text may call any address a Zoom meeting, and
    "Join Zoom" would lead there: it has to be at Zoom, or one that Zoom gave to us.
    """
    found = remote.conference
    if found is None or found.kind is not Conference.ZOOM or not found.url:
        return found
    if is_zoom_address(found.url, settings.ZOOM_API_URL):
        return found
    ours = conferencing.zoom_meeting_at(calendar.workspace_id, found.url)
    return found if ours is not None else None


def known_rows(calendar: Calendar, span: Span | None = None) -> Known:
    """When each row was last seen and what it says; with a span, of rows that touch it."""
    rows = Event.objects.filter(calendar=calendar)
    if span is not None:
        rows = rows.filter(start_at__lt=span.end, end_at__gt=span.start)
    return {row[0]: (row[1], row[2:]) for row in rows.values_list("id", "seen_at", *TOLD)}


def known_by_id(ids: Sequence[UUID]) -> Known:
    """The same of these rows."""
    known: Known = {}
    for batch in batches(ids):
        rows = Event.objects.filter(pk__in=batch).values_list("id", "seen_at", *TOLD)
        known |= {row[0]: (row[1], row[2:]) for row in rows}
    return known


def batches(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Pieces that one statement may name."""
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def write_rows(
    rows: Iterable[Event], known: Known, *, listed_at: datetime, tells_exceptions: bool = False
) -> list[UUID]:
    """Write the rows that differ from what is known; the ids of those.

    A row that was seen after `listed_at`, when the provider was asked, is newer than its answer
    and stays, unless the provider changed it later still. Most listings do not tell which
    occurrences are exceptions: what is known of that stays too, unless this one
    `tells_exceptions`.
    """
    changed = [
        row for row in rows if _differs(row, known, listed_at, tells_exceptions=tells_exceptions)
    ]
    if changed:
        with transaction.atomic():
            Event.objects.bulk_create(
                changed,
                batch_size=BATCH,
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=[*TOLD, "seen_at"],
            )
            before = (known[row.pk][1][_ROOM] for row in changed if row.pk in known)
            rooms.follow(changed[0].workspace_id, {*(row.room_id for row in changed), *before})
            elsewhen = [row.pk for row in changed if _is_elsewhen(row, known.get(row.pk))]
            following.tell(changed[0].workspace_id, elsewhen)
    return [row.pk for row in changed]


def store_event(
    calendar: Calendar, remote: RemoteEvent, now: datetime, *, keep_notes: bool = True
) -> Event:
    """Write one event that the provider just answered with, and note the change.

    `keep_notes` leaves what we know of its link; not after the link was chosen anew. Raises
    EventGone for a cancelled one, which becomes a tombstone, and CalendarGone when the account
    was disconnected meanwhile.
    """
    row = row_of(calendar, remote, now)
    if row is None:
        for event in Event.objects.filter(pk=_id_of(calendar, remote)):
            bury(event, now)
        raise EventGone
    before = Event.objects.filter(pk=row.pk).values_list(*TOLD).first()
    if before is not None and keep_notes:
        _keep_notes(row, before)
    if before is not None:
        row.is_exception = row.is_exception or before[_EXCEPTION]
    try:
        with transaction.atomic():
            write_rows([row], {}, listed_at=now)
            if before is not None and before[_ROOM] != row.room_id:
                rooms.follow(calendar.workspace_id, {before[_ROOM]})
            touch(calendar, now)
    except IntegrityError:
        if Calendar.objects.filter(pk=calendar.pk).exists():
            raise
        raise CalendarGone(calendar_remote_id=calendar.remote_id) from None
    row.calendar = calendar
    return row


def bury(event: Event, now: datetime) -> None:
    """Leave a tombstone: the event is gone at its provider."""
    with transaction.atomic():
        Event.objects.filter(pk=event.pk).update(
            deleted_at=now, seen_at=now, status=EventStatus.CANCELLED
        )
        Calendar.objects.filter(pk=event.calendar_id).update(changed_at=now, updated_at=now)
        rooms.follow(event.workspace_id, {event.room_id})
        following.tell(event.workspace_id, [event.pk])
    event.deleted_at, event.status = now, EventStatus.CANCELLED


def meet(ids: Iterable[UUID], now: datetime) -> None:
    """Note that these rows are at their provider as we have them."""
    for batch in batches(list(ids)):
        Event.objects.filter(pk__in=batch, seen_at__lt=now).update(seen_at=now)


def bury_rows(rows: QuerySet[Event], now: datetime) -> int:
    """Leave tombstones of those rows that are alive; how many there were."""
    alive = rows.filter(deleted_at__isnull=True)
    with transaction.atomic(), followed(alive):
        gone = dict(alive.values_list("pk", "workspace_id"))
        buried = alive.update(deleted_at=now, seen_at=now, status=EventStatus.CANCELLED)
        for workspace_id in set(gone.values()):
            following.tell(workspace_id, [pk for pk, one in gone.items() if one == workspace_id])
        return buried


@contextmanager
def followed(alive: QuerySet[Event]) -> Iterator[None]:
    """Let the telehealth rooms of these rows follow what is done to them within a transaction."""
    named = alive.filter(room_id__isnull=False).values_list("workspace_id", "room_id")
    found = set(named.distinct())
    yield
    for workspace_id in {one for one, _ in found}:
        rooms.follow(workspace_id, {room for one, room in found if one == workspace_id})


def bury_series(calendar: Calendar, series_remote_id: str, now: datetime) -> None:
    """Leave tombstones of a series: its rule and every occurrence."""
    of_it = Q(series_remote_id=series_remote_id) | Q(remote_id=series_remote_id)
    bury_rows(Event.objects.filter(of_it, calendar=calendar), now)
    touch(calendar, now)


def touch(calendar: Calendar, now: datetime) -> None:
    """Note that the copy of this calendar changed."""
    Calendar.objects.filter(pk=calendar.pk).update(changed_at=now, updated_at=now)


def _differs(row: Event, known: Known, listed_at: datetime, *, tells_exceptions: bool) -> bool:
    before = known.get(row.pk)
    if before is None:
        return True
    seen_at, said = before
    if seen_at > listed_at and not _is_later(row.remote_updated_at, said[_UPDATED]):
        return False
    _keep_notes(row, said)
    if not tells_exceptions:
        row.is_exception = row.is_exception or said[_EXCEPTION]
    return tuple(getattr(row, name) for name in TOLD) != said


def _is_elsewhen(row: Event, before: tuple[datetime, tuple[Any, ...]] | None) -> bool:
    """Whether the row takes other time than what was known of it."""
    if before is None:
        return True
    return any(getattr(row, TOLD[at]) != before[1][at] for at in _TIME_AT)


def _is_later(changed_at: datetime | None, before: datetime | None) -> bool:
    return changed_at is not None and before is not None and changed_at > before


def _keep_notes(row: Event, said: tuple[Any, ...]) -> None:
    """Keep what only we know of a link: that we gave up waiting, why it is not another kind, that
    it could not be made; and since when it is as it is.
    """
    known = dict(zip(LINK, (said[at] for at in _LINK_AT), strict=True))
    kind, state = known["conference"], known["conference_state"]
    failed = state == ConferenceState.FAILED
    if failed and not row.conference and is_ours_alone(kind, known["conference_failure"]):
        for name, value in known.items():
            setattr(row, name, value)
        return
    if kind != row.conference:
        return
    row.conference_tries = known["conference_tries"]
    if failed and row.conference_state == ConferenceState.PENDING:
        row.conference_state = ConferenceState.FAILED
        row.conference_failure = known["conference_failure"]
    if row.conference_state == state:
        row.conference_since_at = known["conference_since_at"]
    if not row.conference_note and (not failed or row.conference_state == state):
        row.conference_note = known["conference_note"]


def forget_failed_links(calendar: Calendar, series_remote_id: str) -> None:
    """The link of this series was chosen anew: its events are as their provider tells now."""
    Event.objects.filter(
        calendar=calendar,
        series_remote_id=series_remote_id,
        conference_state=ConferenceState.FAILED,
    ).update(
        conference="",
        conference_state=ConferenceState.NONE,
        conference_note="",
        conference_failure=LinkFailure.NONE,
        conference_since_at=None,
        conference_tries=0,
    )


def _id_of(calendar: Calendar, remote: RemoteEvent) -> UUID:
    return event_id_for(
        calendar.pk, remote.remote_id, remote.series_remote_id, remote.original_start_at
    )


def _address(url: str) -> str:
    """A join link as far as it is one that may be put behind a button."""
    is_web = url.startswith(("https://", "http://"))
    return url if is_web and len(url) <= LONGEST_URL else ""


def _attendee(one: Attendee) -> dict[str, Any]:
    return {
        "email": one.email,
        "name": one.name,
        "response": str(one.response),
        "is_optional": one.is_optional,
        "is_organizer": one.is_organizer,
        "is_self": one.is_self,
    }
