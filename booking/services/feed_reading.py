"""What a calendar feed tells to whoever has its address: as many queries however many meetings."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, Sum

from booking.addresses import staff_url
from booking.enums import IS_OFF, TAKES_TIME, ChangeKind, FeedDetail, MeetingState
from booking.feed_file import FeedEntry, build_feed
from booking.models import CalendarFeed, MeetingChange
from booking.owners import owner_of_feed, public_name, tables_of
from booking.services.seats import COUNTED
from calendars.prose import is_web_address
from common import limits
from common.errors import NotFound
from common.secrets import hash_token
from conferencing.enums import LinkKind
from conferencing.telehealth.links import join_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from booking.ics import Status
    from booking.models import MeetingBase
    from booking.owners import BookingTables
    from workspaces.owners import Owner

PAST: Final = timedelta(days=90)
CALLED_OFF: Final = timedelta(days=30)
_CALLS_OFF: Final = (ChangeKind.CANCELLED, ChangeKind.DECLINED)
_NOTED_EVERY: Final = timedelta(minutes=10)
_MOST: Final = 5_000
_NAMESPACE: Final = UUID("5f6c1b0e-5a5e-4c0b-9b1b-2d7a0f5c9a41")
_WORDS: Final = "This calendar was read too often. Read it again later."
READS_PER_FEED = limits.Limit("feed-reads", 240, timedelta(minutes=10), words=_WORDS)
MISSES_PER_ADDRESS = limits.Limit("feed-misses-address", 60, timedelta(minutes=10), words=_WORDS)


@dataclass(frozen=True, slots=True)
class FeedEdition:
    """A feed as it is now: its bytes, their hash, and since when it says that."""

    content: bytes
    edition: str
    changed_at: datetime


def read_feed(*, token: str, address: str, now: datetime) -> FeedEdition:
    """The feed at that address.

    Raises NotFound for one that is closed or unknown, or whose owner is in the workspace no more;
    RateLimited when it was read too often, or too many addresses were tried from `address`.
    """
    try:
        feed, owner = _feed_at(token)
    except NotFound:
        limits.use(MISSES_PER_ADDRESS, address, now)
        raise
    limits.use(READS_PER_FEED, str(feed.pk), now)
    content = build_feed(
        name=f"{public_name(owner)}: {'busy' if feed.detail == FeedDetail.TIMES else 'meetings'}",
        zone=owner.zone.key,
        entries=_entries(feed, owner, now),
    )
    edition = hashlib.sha256(content).hexdigest()
    return FeedEdition(content, edition, _note(feed, edition, now))


def _feed_at(token: str) -> tuple[CalendarFeed, Owner]:
    """By the hash, so that how long it takes says nothing of the token."""
    rows = CalendarFeed.objects.select_related("workspace").filter(
        Q(user__isnull=True) | Q(user__is_active=True),
        token_hash=hash_token(token),
        closed_at__isnull=True,
    )
    feed = rows.first()
    if feed is None:
        raise NotFound
    return feed, owner_of_feed(feed)


def _note(feed: CalendarFeed, edition: str, now: datetime) -> datetime:
    """Keep that it was read, and since when it says what it says; at most one statement."""
    is_new, changed_at = feed.edition != edition or feed.changed_at is None, feed.changed_at
    if changed_at is None:
        changed_at = now.replace(microsecond=0)
    elif is_new:
        # Headers name whole seconds: two editions of one second must not look the same.
        changed_at = max(now.replace(microsecond=0), changed_at + timedelta(seconds=1))
    if is_new or feed.read_at is None or feed.read_at < now - _NOTED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(
            read_at=now, edition=edition, changed_at=changed_at, updated_at=F("updated_at")
        )
    return changed_at


def _entries(feed: CalendarFeed, owner: Owner, now: datetime) -> list[FeedEntry]:
    """The meetings that count, those of a group as one; by start."""
    tables = tables_of(owner.kind)
    called_off = MeetingChange.objects.filter(
        meeting_id=OuterRef("pk"), kind__in=_CALLS_OFF, at__gt=now - CALLED_OFF
    )
    rows = tables.meeting._default_manager.annotate(is_news=Exists(called_off)).filter(
        Q(state__in=TAKES_TIME) | Q(state__in=IS_OFF, is_news=True),
        owner.filter_for(),
        workspace=owner.workspace,
        end_at__gt=now - PAST,
    )
    by_slot: dict[UUID, list[MeetingBase]] = defaultdict(list)
    # Of too many those that are over are left out.
    latest = rows.order_by("-start_at", "-created_at", "-pk")[:_MOST]
    for meeting in reversed(latest):
        by_slot[meeting.group_id or meeting.pk].append(meeting)
    versions = _versions(tables, by_slot.values())
    return [_entry(feed, slot, by_slot[slot], versions[slot]) for slot in by_slot]


def _versions(
    tables: BookingTables, slots: Collection[list[MeetingBase]]
) -> dict[UUID, tuple[int, datetime]]:
    """SEQUENCE and last change of each slot, which never fall: each meeting of a group counts its
    own and one for having joined, who was called off goes on to count, however long ago, and so
    does who went elsewhere, by what they left behind.
    """
    found = {one.pk: (one.sequence, one.updated_at) for (one, *_others) in slots}
    groups = [one.group_id for (one, *_others) in slots if one.group_id is not None]
    rows = tables.meetings().filter(group_id__in=groups).values_list("group_id")
    for group_id, sequence, changed_at in rows.annotate(
        counted=Sum(COUNTED), changed_at=Max("updated_at")
    ):
        found[group_id] = sequence - 1, changed_at
    return found


def _entry(
    feed: CalendarFeed, slot: UUID, meetings: list[MeetingBase], version: tuple[int, datetime]
) -> FeedEntry:
    present = [one for one in meetings if one.state in TAKES_TIME]
    # The last one there may have moved with the slot, away from those who were called off.
    one = present[0] if present else max(meetings, key=lambda one: one.updated_at)
    tells = feed.detail != FeedDetail.TIMES
    link = _link(one) if feed.detail == FeedDetail.LINKS and present else ""
    sequence, changed_at = version
    return FeedEntry(
        # Not the meeting's own: whoever knows that can answer for an invited person.
        uid=f"{uuid5(_NAMESPACE, f'{feed.pk} {slot}')}@{settings.ICS_DOMAIN}",
        sequence=sequence,
        changed_at=changed_at,
        start=one.start_at,
        end=one.end_at,
        status=_status(present),
        summary=_title(one, len(present)) if tells else "Busy",
        description="Waits for an answer." if tells and _is_asked(present) else "",
        location=(link or one.location) if tells else "",
        url=staff_url(one) if tells else "",
        conference_url=link,
    )


def _status(present: list[MeetingBase]) -> Status:
    if not present:
        return "CANCELLED"
    return "TENTATIVE" if _is_asked(present) else "CONFIRMED"


def _is_asked(present: Iterable[MeetingBase]) -> bool:
    """Whether none of them is promised yet."""
    states = {meeting.state for meeting in present}
    return states == {MeetingState.REQUESTED}


def _title(meeting: MeetingBase, count: int) -> str:
    """As the owner's own calendar has it."""
    if meeting.group_id is None:
        return f"{meeting.title}: {meeting.booker_name}"
    return f"{meeting.title}: {count} {'guest' if count == 1 else 'guests'}"


def _link(meeting: MeetingBase) -> str:
    """How a guest joins. An owner's link makes a host of whoever holds it, and is never told."""
    if meeting.room_id is not None:
        return join_url(meeting.room_id, LinkKind.GUEST)
    return meeting.conference_url if is_web_address(meeting.conference_url) else ""
