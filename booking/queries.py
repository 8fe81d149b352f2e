"""Meetings read for pages, rules and other apps; both modes in every answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db.models import Count, Q

from booking.enums import TAKES_TIME, Party
from booking.models import BookingLink, BookingName
from booking.owners import meeting_tables, tables_of
from common.enums import OutboxState
from common.models import OutboxMessage
from common.statements import Select

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from booking.models import MeetingBase
    from booking.owners import BookingTables
    from common.spans import Span
    from workspaces.models import Workspace
    from workspaces.owners import Owner

# A limit by week counts the whole ISO week around each start.
_LIMIT_REACH = timedelta(days=8)


def links_of(owner: Owner) -> list[BookingLink]:
    """The owner's links in this workspace, by title."""
    return list(
        BookingLink.objects.filter(owner.filter_for(), workspace=owner.workspace).order_by("title")
    )


def listed_links(owner: Owner, today: date) -> list[BookingLink]:
    """Those of the owner's links that everybody may see on their page, by title.

    `today` is the owner's: links whose last day has passed are left out.
    """
    rows = BookingLink.objects.filter(
        owner.filter_for(),
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        workspace=owner.workspace,
        is_active=True,
        is_private=False,
        is_one_time=False,
    )
    return list(rows.order_by("title"))


def owner_slug(owner: Owner) -> str:
    """The address of the owner's page; blank where there is none."""
    rows = BookingName.objects.filter(
        owner.filter_for(), workspace=owner.workspace, is_current=True
    )
    return rows.values_list("slug", flat=True).first() or ""


def current_name(former: BookingName) -> str:
    """Today's address of the owner's page that once had this one; blank where there is none."""
    if former.link_id is not None:
        return ""
    rows = BookingName.objects.filter(
        workspace=former.workspace_id,
        client=former.client_id,
        user=former.user_id,
        link__isnull=True,
        is_current=True,
    )
    return rows.values_list("slug", flat=True).first() or ""


def meetings_between(
    workspace: Workspace, span: Span, *, states: Iterable[str] = TAKES_TIME
) -> list[MeetingBase]:
    """The workspace's meetings that touch the span, of both kinds, by start."""
    touches = Q(workspace=workspace, start_at__lt=span.end, end_at__gt=span.start)
    return _sorted(touches & Q(state__in=list(states)))


def meetings_for_owner(
    owner: Owner, *, since: datetime, states: Iterable[str] = TAKES_TIME
) -> list[MeetingBase]:
    """The owner's meetings in this workspace that end after `since`, by start."""
    tables = tables_of(owner.kind)
    rows = tables.meetings().filter(
        owner.filter_for(), workspace=owner.workspace, end_at__gt=since, state__in=list(states)
    )
    return list(rows.order_by("start_at"))


def own_event_ids(owner: Owner, span: Span) -> frozenset[UUID]:
    """Our ids of the events that are the owner's own meetings around the span, in any workspace.

    They never count as busy: a meeting's hold speaks for it, and where none is left the time is
    free although its event may not be deleted yet. One that its owner deleted, which cancelled the
    meeting, is the owner's own if they bring it back.
    """
    rows = _OWN_EVENTS[owner.kind].rows(owner_id=owner.id, since=span.start, until=span.end)
    return frozenset(event_id for (event_id,) in rows if event_id is not None)


def _own_events(tables: BookingTables) -> Select[tuple[UUID | None]]:
    return Select(
        lambda owner_id, since, until: tables.meeting._default_manager.filter(
            # Of those on their way to another time the events stand where nobody looks for them.
            Q(start_at__lt=until, end_at__gt=since) | Q(event_is_due=True),
            ~Q(cancelled_by=Party.PROVIDER),
            **{tables.owner_column: owner_id},
            calendar_event_id__isnull=False,
        ).values_list("calendar_event_id"),
        owner_id=UUID,
        since=datetime,
        until=datetime,
    )


_OWN_EVENTS = {tables.kind: _own_events(tables) for tables in meeting_tables()}


def booked_starts(link: BookingLink, span: Span) -> list[datetime]:
    """The starts that count against the link's limits on the days and weeks of the span.

    A slot that is shared by several meetings counts once.
    """
    if link.max_per_day is None and link.max_per_week is None:
        return []
    rows = tables_of(link.owner_kind).meeting._default_manager.filter(
        link=link,
        state__in=TAKES_TIME,
        start_at__gte=span.start - _LIMIT_REACH,
        start_at__lt=span.end + _LIMIT_REACH,
    )
    starts = [
        (group_id or pk, start)
        for pk, group_id, start in rows.values_list("pk", "group_id", "start_at")
    ]
    return list(dict(starts).values())


def shared_starts(link: BookingLink, duration: timedelta, span: Span) -> dict[datetime, int]:
    """The link's slots of that length which a group shares and another booker may join: how many
    seats are left by start, for starts inside the span. Full ones are left out.
    """
    if not link.is_group:
        return {}
    rows = (
        tables_of(link.owner_kind)
        .meeting._default_manager.filter(
            link=link,
            state__in=TAKES_TIME,
            group_id__isnull=False,
            start_at__gte=span.start,
            start_at__lt=span.end,
        )
        .order_by()
        .values_list("start_at", "end_at", "group_id")
        .annotate(taken=Count("id"))
    )
    return {
        start: link.seats - taken
        for start, end, _, taken in rows
        if taken < link.seats and end - start == duration
    }


def is_spent(link: BookingLink) -> bool:
    """Whether the one booking of a one-time link is made; cancelled or declined, it is not."""
    if not link.is_one_time:
        return False
    rows = tables_of(link.owner_kind).meeting._default_manager
    return rows.filter(link=link, state__in=TAKES_TIME).exists()


def undelivered(workspace: Workspace, meetings: Iterable[MeetingBase]) -> dict[UUID, str]:
    """What could not be sent for these meetings, in words by meeting id: one query for all."""
    failed = OutboxMessage.objects.filter(
        workspace_id=workspace.id,
        state=OutboxState.FAILED,
        kind__startswith="booking.",
        about_id__in=[meeting.pk for meeting in meetings],
    ).order_by("created_at")
    return {
        cast("UUID", meeting_id): words
        for meeting_id, words in failed.values_list("about_id", "last_error")
    }


def _sorted(rule: Q) -> list[MeetingBase]:
    found: list[Any] = []
    for tables in meeting_tables():
        found.extend(tables.meetings().filter(rule))
    return sorted(found, key=attrgetter("start_at"))
