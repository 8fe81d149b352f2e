"""Everything booked through a link, one's clients' and one's own; and what was sent of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actors import user_actor
from booking.enums import MeetingState, MessageKind, Party
from booking.models import BookingLink
from booking.owners import tables_for
from booking.services.delivery import retry_link
from booking.services.mail import conference_label
from booking.staff_queries import (
    Delivery,
    MeetingFilter,
    Period,
    count_needing,
    deliveries_of,
    meetings_page,
    visible_meeting,
    week_figures,
)
from booking.wording import clock, clock_range, long_day, short_day, zone_words
from calendars.enums import ConferenceState
from calendars.prose import is_web_address
from common import outbox
from common.enums import OutboxState
from common.errors import DomainError, NotFound
from common.htmx import dialog_done, refused
from conferencing import failures
from conferencing.enums import Conference, EntrantKind
from conferencing.telehealth.rooms import room_of
from conferencing.views.join import enter_as_staff, join_page
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest

EVENT = "meetings:changed"
_ONE_DAY = timedelta(days=1)
_TABS = ((Period.UPCOMING, "Upcoming"), (Period.PAST, "Past"), (Period.NEEDS_YOU, "Needs you"))


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words; tone and icon are those of the stylesheet."""

    words: str
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A meeting as the list shows it."""

    meeting: MeetingBase
    when: str
    owner: str
    place: Said
    state: Said
    mail: Said
    event: Said
    can_send: bool
    can_retry_link: bool


@dataclass(frozen=True, slots=True)
class DayRows:
    """The meetings of one day by the viewer's clock."""

    title: str
    rows: list[Row]


@require_safe
@member_required(roles=MAY_WORK)
def meetings(request: StaffRequest) -> HttpResponse:
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    wanted, page = _wanted(request), _page_number(request)
    found = meetings_page(membership, wanted, now=now, page=page)
    deliveries = deliveries_of(membership, found.meetings)
    local = now.astimezone(zone)
    monday = (local - timedelta(days=local.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    booked, cancelled = week_figures(membership, monday)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "days": [
            DayRows(
                _day_title(day, local.date()),
                [_row(meeting, deliveries[meeting.pk], zone, now) for meeting in group],
            )
            for day, group in groupby(
                found.meetings, key=lambda one: one.start_at.astimezone(zone).date()
            )
        ],
        "wanted": wanted,
        "tabs": [(period.value, label, period is wanted.period) for period, label in _TABS],
        "needing": count_needing(membership, now),
        "booked": booked,
        "cancelled": cancelled,
        "clients": clients_of(membership.workspace),
        "links": BookingLink.objects.filter(workspace=membership.workspace_id)
        .exclude(user__isnull=False, user__in=_colleagues(request))
        .order_by("title"),
        "zone_words": zone_words(zone, now),
        "earlier": page - 1,
        "later": page + 1 if found.has_more else 0,
        "query": query.urlencode(),
    }
    return render(request, "booking/staff/meetings.html", context)


@require_safe
@member_required(roles=MAY_WORK)
def meeting_detail(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    meeting, now = _meeting(request, meeting_id), timezone.now()
    zone = owner_of_member(request.membership).zone
    delivery = deliveries_of(request.membership, [meeting])[meeting.pk]
    start = meeting.start_at.astimezone(zone)
    guest_zone = ZoneInfo(meeting.booker_timezone)
    context = {
        "meeting": meeting,
        "row": _row(meeting, delivery, zone, now),
        "day": f"{long_day(start.date())} {start.year}",
        "zone_words": zone_words(zone, meeting.start_at),
        "guest_when": (
            ""
            if start.utcoffset() == meeting.start_at.astimezone(guest_zone).utcoffset()
            else f"{clock_range(meeting.start_at, meeting.end_at, guest_zone)} in "
            f"{zone_words(guest_zone, meeting.start_at)}"
        ),
        "receipt": _receipt(meeting, zone),
        "failures": delivery.failed(),
        "join_url": meeting.conference_url if is_web_address(meeting.conference_url) else "",
        "conference_name": conference_label(meeting.conference),
        "has_room": meeting.room_id is not None and meeting.state == MeetingState.CONFIRMED,
        "page_url": reverse("booking:meetings"),
        "beside": True,
    }
    return render(request, "booking/staff/meeting_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
def meeting_join(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """How the door of the meeting's telehealth room stands; POST enters as its host."""
    meeting = _meeting(request, meeting_id)
    room = room_of(meeting.workspace_id, meeting.room_id)
    if room is None:
        raise Http404
    if request.method != "POST":
        return join_page(request, room, EntrantKind.STAFF)
    return enter_as_staff(request, room, is_host=True)


@require_POST
@member_required(roles=MAY_WORK)
def meeting_send(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Give what failed for this meeting a new start."""
    meeting = _meeting(request, meeting_id)
    for message in deliveries_of(request.membership, [meeting])[meeting.pk].failed():
        outbox.send_again(message)
    return dialog_done(request, EVENT, to="booking:meetings", message="It is being tried again.")


@require_POST
@member_required(roles=MAY_WORK)
def meeting_link(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Ask again for a join link that could not be made."""
    meeting = _meeting(request, meeting_id)
    try:
        state = retry_link(meeting=meeting, actor=user_actor(request), now=timezone.now())
    except DomainError as refusal:
        return refused(request, to=reverse("booking:meetings"), message=refusal.message)
    message = f"The join link is there. {meeting.booker_name} gets it by mail."
    if state == ConferenceState.PENDING:
        message = f"The join link is being made. {meeting.booker_name} gets it by mail."
    elif state == ConferenceState.FAILED:
        message = "The join link could not be made this time either."
    return dialog_done(request, EVENT, to="booking:meetings", message=message)


def _meeting(request: StaffRequest, meeting_id: UUID) -> MeetingBase:
    try:
        return visible_meeting(request.membership, meeting_id)
    except NotFound:
        raise Http404 from None


def _wanted(request: StaffRequest) -> MeetingFilter:
    """The filter in the address; what it cannot mean narrows nothing."""
    said = request.GET
    period = said.get("period", "")
    return MeetingFilter(
        period=Period(period) if period in set(Period) else Period.UPCOMING,
        text=said.get("q", "").strip()[:120],
        owner_id=_uuid(said.get("owner", "")),
        link_id=_uuid(said.get("link", "")),
    )


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said) if said else None
    except ValueError:
        raise Http404 from None


def _page_number(request: StaffRequest) -> int:
    said = request.GET.get("page", "1")
    if not (said.isascii() and said.isdigit() and 0 < len(said) < 5 and int(said) > 0):
        raise Http404
    return int(said)


def _colleagues(request: StaffRequest) -> list[UUID]:
    members = request.membership.workspace.memberships.exclude(user=request.user)
    return list(members.values_list("user_id", flat=True))


def _day_title(day: date, today: date) -> str:
    title = long_day(day, year=day.year != today.year)
    names = {today: "Today, ", today + _ONE_DAY: "Tomorrow, "}
    return names.get(day, "") + title


def _row(meeting: MeetingBase, delivery: Delivery, zone: ZoneInfo, now: datetime) -> Row:
    owner = getattr(meeting, tables_for(meeting).owner_column.removesuffix("_id"))
    return Row(
        meeting=meeting,
        when=clock_range(meeting.start_at, meeting.end_at, zone),
        owner=str(owner),
        place=_place(meeting),
        state=_state(meeting, str(owner)),
        mail=_mail(meeting, delivery, zone, now),
        event=_event(meeting, delivery),
        can_send=bool(delivery.failed()),
        can_retry_link=_can_retry_link(meeting, now),
    )


def _can_retry_link(meeting: MeetingBase, now: datetime) -> bool:
    return (
        meeting.state == MeetingState.CONFIRMED
        and meeting.conference_state == ConferenceState.FAILED
        and meeting.calendar_event_id is not None
        and meeting.end_at > now
        and failures.can_retry(meeting.conference_failure)
    )


def _place(meeting: MeetingBase) -> Said:
    if meeting.room_id is not None:
        return Said("Telehealth room", icon="video")
    if meeting.conference_state == ConferenceState.FAILED and not meeting.conference:
        return Said("No join link", "danger-ink", "alert")
    if meeting.conference and meeting.conference != Conference.NONE:
        name = Conference(meeting.conference).label
        if meeting.conference_state == ConferenceState.READY:
            return Said(name, icon="video")
        if meeting.conference_state == ConferenceState.FAILED:
            return Said(f"No {name} link", "danger-ink", "alert")
        return Said(f"{name}, on its way", icon="dashed")
    return Said(meeting.location, icon="pin") if meeting.location else Said("No place given")


def _state(meeting: MeetingBase, owner: str) -> Said:
    match meeting.state:
        case MeetingState.CONFIRMED:
            return Said("Confirmed")
        case MeetingState.REQUESTED:
            return Said(f"Awaits {owner}", "warn")
        case MeetingState.CANCELLED:
            by = {Party.BOOKER.value: " by guest", Party.OWNER.value: " by you"}
            return Said(f"Cancelled{by.get(meeting.cancelled_by, '')}", "plain")
    return Said(MeetingState(meeting.state).label, "plain")


def _mail(meeting: MeetingBase, delivery: Delivery, zone: ZoneInfo, now: datetime) -> Said:
    """Whether the guest has the confirmation."""
    rows = delivery.of_kind(MessageKind.NOTIFICATION)
    if any(row.state == OutboxState.FAILED for row in rows):
        return Said("Not sent", "danger-ink", "alert")
    if meeting.confirmation_sent_at:
        sent = meeting.confirmation_sent_at.astimezone(zone)
        today = now.astimezone(zone).date()
        day = "" if sent.date() == today else f"{short_day(sent.date())}, "
        return Said(f"{day}{clock(sent, zone)}")
    return Said("Waiting", icon="clock") if rows else Said("None to send")


def _event(meeting: MeetingBase, delivery: Delivery) -> Said:
    """Whether the meeting stands in the owner's calendar."""
    rows = delivery.of_kind(MessageKind.CALENDAR_EVENT)
    if meeting.calendar_event_id:
        return Said("In the calendar")
    if any(row.state == OutboxState.FAILED for row in rows):
        return Said("Not in the calendar", "danger-ink", "alert")
    if any(row.state == OutboxState.PENDING for row in rows):
        return Said("On its way to the calendar", icon="clock")
    return Said("No calendar to write to")


def _receipt(meeting: MeetingBase, zone: ZoneInfo) -> list[str]:
    """What was consulted when the booking was decided, in words."""
    said = meeting.receipt or {}
    lines = []
    for source in said.get("calendars", []):
        at = datetime.fromisoformat(source["as_of"])
        how = "read live" if source.get("live") else "copy"
        lines.append(f"{source['name']}, {how} at {at.astimezone(zone):%H:%M:%S}")
    if said and not lines:
        lines.append(
            "No calendar was connected"
            if said.get("calendars_readable", True)
            else "No calendar could be read"
        )
    return lines
