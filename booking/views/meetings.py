"""Everything booked through a link, one's clients' and one's own: filtered, shown and exported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking import inbound
from booking.enums import MeetingState
from booking.mail_queries import count_to_answer, mails_to_review
from booking.meeting_actions import Action
from booking.meeting_filter import OVER, MeetingFilter, Period, read_filter
from booking.models import BookingLink
from booking.sheet import COLUMNS, sheet_row, zone_columns
from booking.staff_queries import (
    all_meetings,
    count_meetings,
    deliveries_of,
    meetings_page,
    week_figures,
)
from booking.unsent import unsent_messages
from booking.views.meeting_words import DayRows, day_title, row_of
from booking.wording import long_day, zone_words_over
from common.spreadsheets import BYTE_ORDER_MARK, csv_answer, csv_lines
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from workspaces.guards import StaffRequest
    from workspaces.models import Client, Membership

_TABS = (
    (Period.UPCOMING, "Upcoming"),
    (Period.NEEDS_YOU, "Needs you"),
    (Period.PAST, "Past"),
    (Period.CANCELLED, "Cancelled"),
    (Period.ALL, "All"),
)
_ENDS = {Action.CANCEL, Action.DECLINE}
# What a meeting can be on each tab; the others have no choice to offer.
_STATES: dict[Period, tuple[MeetingState, ...]] = {
    Period.UPCOMING: (MeetingState.CONFIRMED, MeetingState.REQUESTED),
    Period.PAST: (MeetingState.CONFIRMED, MeetingState.REQUESTED, MeetingState.NO_SHOW),
    Period.CANCELLED: OVER,
    Period.ALL: tuple(MeetingState),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab with its address, which keeps the other filters."""

    label: str
    url: str
    is_current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Lift:
    """One filter that narrows the list, and where it is lifted; with how many then, if counted."""

    label: str
    words: str
    url: str
    count: int | None = None


@require_safe
@member_required(roles=MAY_WORK)
def meetings(request: StaffRequest) -> HttpResponse:
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    wanted, problems = _wanted(request)
    page = _page_number(request)
    found = meetings_page(membership, wanted, now=now, zone=zone, page=page)
    deliveries = deliveries_of(membership, found.meetings)
    local = now.astimezone(zone)
    booked, cancelled = week_figures(membership, _monday(local))
    clients, links = list(clients_of(membership.workspace)), list(visible_links(membership))
    needing = count_meetings(membership, MeetingFilter(Period.NEEDS_YOU), now=now, zone=zone)
    query = wanted.query()
    days = [
        DayRows(
            day_title(day, local.date()),
            [row_of(meeting, deliveries[meeting.pk], zone, now) for meeting in group],
        )
        for day, group in groupby(
            found.meetings, key=lambda one: one.start_at.astimezone(zone).date()
        )
    ]
    context = {
        "days": days,
        "can_choose": any(_ENDS & row.actions for day in days for row in day.rows),
        "wanted": wanted,
        "problems": problems,
        "tabs": _tabs(wanted, needing),
        "needing": needing,
        "unsent": unsent_messages(membership).count(),
        "takes_mail": inbound.is_on(),
        "to_answer": count_to_answer(membership, now) if inbound.is_on() else 0,
        "to_review": mails_to_review(membership).count() if inbound.is_on() else 0,
        "states": _STATES.get(wanted.period, ()),
        "lifts": _lifts(request, wanted, clients, links, None if found.meetings else (now, zone)),
        "booked": booked,
        "cancelled": cancelled,
        "clients": clients,
        "links": links,
        "zone_words": zone_words_over(zone, [one.start_at for one in found.meetings] or [now]),
        "earlier": page - 1,
        "later": page + 1 if found.has_more else 0,
        "query": query,
    }
    status = 422 if problems else 200
    return render(request, "booking/staff/meetings.html", context, status=status)


@require_safe
@member_required(roles=MAY_WORK)
def meetings_export(request: StaffRequest) -> HttpResponseBase:
    """What the filter shows as CSV, in the order of the page, sent while it is read."""
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    wanted, problems = _wanted(request)
    if problems:
        return meetings(request)
    rows = all_meetings(membership, wanted, now=now, zone=zone)
    columns = [*COLUMNS, *zone_columns(zone)]
    lines = csv_lines(columns, (sheet_row(meeting, zone) for meeting in rows))
    name = f"{membership.workspace.slug}-meetings-{now.astimezone(UTC):%Y-%m-%d}.csv"
    return csv_answer(name, _marked(lines))


def visible_links(membership: Membership) -> QuerySet[BookingLink]:
    """The links whose meetings the member sees: clients' and their own, by title."""
    colleagues = membership.workspace.memberships.exclude(user=membership.user_id)
    return (
        BookingLink.objects.filter(workspace=membership.workspace_id)
        .exclude(user__isnull=False, user__in=colleagues.values("user_id"))
        .order_by("title")
    )


def _marked(lines: Iterable[str]) -> Iterable[str]:
    yield BYTE_ORDER_MARK
    yield from lines


def _wanted(request: StaffRequest) -> tuple[MeetingFilter, list[str]]:
    try:
        wanted, problems = read_filter(request.GET)
    except ValueError:
        raise Http404 from None
    fields = {"from": "From", "to": "Until"}
    return wanted, [f"{fields[one.field]}: {one.message}" for one in problems]


def _page_number(request: StaffRequest) -> int:
    said = request.GET.get("page", "1")
    if not (said.isascii() and said.isdigit() and 0 < len(said) < 5 and int(said) > 0):
        raise Http404
    return int(said)


def _monday(local: datetime) -> datetime:
    """The begin of the local week."""
    monday = local - timedelta(days=local.weekday())
    return monday.replace(hour=0, minute=0, second=0, microsecond=0)


def _tabs(wanted: MeetingFilter, needing: int) -> list[Tab]:
    """A state that cannot be on another tab is not taken along."""
    tabs = []
    for period, label in _TABS:
        states = _STATES.get(period, ())
        there = wanted if wanted.state in states else wanted.without("state")
        url = _page(replace(there, period=period))
        count = needing if period is Period.NEEDS_YOU else 0
        tabs.append(Tab(label, url, period is wanted.period, count))
    return tabs


def _page(wanted: MeetingFilter) -> str:
    query = wanted.query()
    return reverse("booking:meetings") + (f"?{query}" if query else "")


def _lifts(
    request: StaffRequest,
    wanted: MeetingFilter,
    clients: list[Client],
    links: list[BookingLink],
    count_at: tuple[datetime, ZoneInfo] | None,
) -> list[Lift]:
    """The filters one by one; where nothing fits, with what would be seen without each."""
    names: dict[UUID | None, str] = {request.user.pk: "You"}
    names.update((one.pk, one.name) for one in clients)
    names.update((one.pk, one.title) for one in links)
    state = MeetingState(wanted.state).label if wanted.state else ""
    labels = {
        "text": ("", f"\N{LEFT DOUBLE QUOTATION MARK}{wanted.text}\N{RIGHT DOUBLE QUOTATION MARK}"),
        "first_day": ("the first day, ", _day_words("from", wanted.first_day)),
        "last_day": ("the last day, ", _day_words("until", wanted.last_day)),
        "state": ("the state ", state),
        "link_id": ("the link ", names.get(wanted.link_id, "of somebody else")),
        "owner_id": ("the owner ", names.get(wanted.owner_id, "of something else")),
    }
    lifts = []
    for name in wanted.narrowing():
        wider, count = wanted.without(name), None
        if count_at is not None:
            now, zone = count_at
            count = count_meetings(request.membership, wider, now=now, zone=zone)
        kind, label = labels[name]
        lifts.append(Lift(label, f"{kind}{label}", _page(wider), count))
    return lifts


def _day_words(which: str, day: date | None) -> str:
    return f"{which} {long_day(day, year=True)}" if day else ""
