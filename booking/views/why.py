"""Why is this time not offered? A question about any time of a link, answered with every reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.actors import user_actor
from booking import access
from booking.owners import owner_of_link
from booking.services.availability import durations_of
from booking.services.explaining import Against, Explanation, Way, explain
from booking.views.desk import desk_of
from booking.wording import clock, clock_range, long_day, short_day, zone_words
from calendars.access import may_manage
from common.errors import InvalidInput, NotFound
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.models import BookingLink
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_LABELS = {
    Way.LINK: "Change the link",
    Way.HOURS: "Change the hours",
    Way.SPECIAL_DAYS: "Change the special days",
    Way.MEETING: "Open the meeting",
    Way.EVENT: "Open the event",
    Way.ACCOUNTS: "See the calendars",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, and where it can be changed by whoever may."""

    words: str
    url: str = ""
    label: str = ""
    is_dialog: bool = False


@require_safe
@member_required(roles=MAY_WORK)
def link_why(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """The question, and its answer once a time is named. GET reads only."""
    link, owner = _link(request, link_id)
    now = timezone.now()
    local = now.astimezone(owner.zone)
    lengths = [int(one / timedelta(minutes=1)) for one in durations_of(link)]
    said = request.GET
    context: dict[str, Any] = {
        "link": link,
        "owner": owner,
        "page_url": desk_of(owner).page if _manages(request, link) else "",
        "lengths": lengths,
        "day": said.get("date", "") or (local.date() + timedelta(days=1)).isoformat(),
        "at": said.get("time", "") or "10:00",
        "minutes": said.get("duration", "") or str(lengths[0]),
        "problems": {},
    }
    status = 200
    context["zone_words"] = zone_words(owner.zone, _asked_about(context, owner.zone, now))
    if "date" in said or "time" in said:
        try:
            context["answer"] = _answer(request, link, owner, said.dict(), now)
        except InvalidInput as error:
            context["problems"] = {error.field: error.message}
            status = 422
    return render(request, "booking/staff/link_why.html", context, status=status)


def _asked_about(context: dict[str, Any], zone: ZoneInfo, now: datetime) -> datetime:
    """The instant that the form names, by which the owner's clock is called; now if it is none."""
    try:
        wall = datetime.combine(_day(context["day"]), _clock(context["at"]), tzinfo=zone)
    except InvalidInput:
        return now
    return wall


def _link(request: StaffRequest, link_id: UUID) -> tuple[BookingLink, Owner]:
    """Any link of the workspace: its page is public, and what it hides stays hidden here too."""
    try:
        link = access.link_for(request.membership.workspace, link_id)
        return link, owner_of_link(link)
    except NotFound:
        raise Http404 from None


def _manages(request: StaffRequest, link: BookingLink) -> bool:
    return may_manage(request.membership, link.owner_kind, link.owner_id)


def _answer(
    request: StaffRequest, link: BookingLink, owner: Owner, said: dict[str, str], now: datetime
) -> dict[str, Any]:
    wall, duration = _read(said, link)
    found = explain(
        link=link,
        membership=request.membership,
        wall=wall,
        duration=duration,
        now=now,
        actor=user_actor(request),
    )
    zone = owner.zone
    when = f"{long_day(wall.date(), year=True)}, {wall:%H:%M}"
    if found.start is not None and found.end is not None:
        when = f"{long_day(wall.date(), year=True)}, {clock_range(found.start, found.end, zone)}"
    manages = _manages(request, link)
    return {
        "when": when,
        "found": found,
        "reasons": [_reason(one, link, owner, manages=manages) for one in found.against],
        "nearest": [
            (_near(start, wall, zone), _again(link, start, zone, said)) for start in found.nearest
        ],
        "public_url": _public_url(found, link, duration, zone),
    }


def _read(said: dict[str, str], link: BookingLink) -> tuple[datetime, timedelta]:
    day, at = _day(said.get("date", "")), _clock(said.get("time", ""))
    for duration in durations_of(link):
        if said.get("duration", "") in {"", str(int(duration / timedelta(minutes=1)))}:
            return datetime.combine(day, at), duration
    raise InvalidInput("duration", "Choose one of the lengths this link offers.")


def _day(said: str) -> date:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2200:
        raise InvalidInput("date", "Give a date such as 2026-11-26.")
    return day


def _clock(said: str) -> time:
    if not _CLOCK.fullmatch(said):
        raise InvalidInput("time", "Give a time such as 14:30.")
    return time.fromisoformat(said)


def _reason(one: Against, link: BookingLink, owner: Owner, *, manages: bool) -> Reason:
    if one.way is Way.MEETING and one.row_id:
        url = reverse("booking:meeting_detail", args=[one.row_id])
    elif one.way is Way.EVENT and one.row_id:
        url = reverse("calendars:event_detail", args=[one.row_id])
    elif not manages or one.way is Way.NONE:
        return Reason(one.words)
    elif one.way is Way.LINK:
        url = reverse("booking:link_edit", args=[link.pk])
    else:
        anchors = {
            Way.HOURS: "#availability",
            Way.SPECIAL_DAYS: "#special-days",
            Way.ACCOUNTS: "#calendars",
        }
        return Reason(one.words, f"{desk_of(owner).page}{anchors[one.way]}", _LABELS[one.way])
    return Reason(one.words, url, _LABELS[one.way], is_dialog=True)


def _near(start: datetime, wall: datetime, zone: ZoneInfo) -> str:
    day = start.astimezone(zone).date()
    return clock(start, zone) if day == wall.date() else f"{short_day(day)}, {clock(start, zone)}"


def _again(link: BookingLink, start: datetime, zone: ZoneInfo, said: dict[str, str]) -> str:
    local = start.astimezone(zone)
    query = f"date={local:%Y-%m-%d}&time={local:%H:%M}&duration={said.get('duration', '')}"
    return f"{reverse('booking:link_why', args=[link.pk])}?{query}"


def _public_url(found: Explanation, link: BookingLink, duration: timedelta, zone: ZoneInfo) -> str:
    """The form that a visitor fills in for the time."""
    if not found.is_offered or found.start is None:
        return ""
    query = {
        "start": f"{found.start:%Y-%m-%dT%H:%M:%SZ}",
        "duration": str(int(duration / timedelta(minutes=1))),
        "tz": zone.key,
    }
    return f"{reverse('booking:book_details', args=[link.slug])}?{urlencode(query, safe='/:')}"
