"""Events as pages show them: rows of the mirror become blocks of the week and words of a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from calendars.blocks import EventBlock, Flag, State
from calendars.copies import told_once
from calendars.enums import ConferenceState, EventStatus, Response, Visibility
from calendars.phrases import (
    abbreviation,
    all_day_in_words,
    city_of,
    distance_in_words,
    span_in_words,
)
from calendars.prose import as_safe_html, is_web_address
from calendars.recurrence import parse_rule, sentence
from calendars.sidebar import provider_label
from calendars.wording import clock, full_day
from common.wallclock import wall_clock
from conferencing.enums import Conference
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.safestring import SafeString

    from calendars.blocks import PlaceIcon
    from calendars.models import Event
    from calendars.queries import SeenEvent, VisibleCalendar

NO_TITLE = "(no title)"
_ONE_DAY = timedelta(days=1)
_LINK_NAMES = {
    Conference.MEET.value: "Google Meet",
    Conference.TEAMS.value: "Teams",
    Conference.ZOOM.value: "Zoom",
}
_ANSWERS = {
    Response.NEEDS_ACTION: ("No reply yet", "", ""),
    Response.ACCEPTED: ("Coming", "ok", "check"),
    Response.TENTATIVE: ("Maybe", "", "help"),
    Response.DECLINED: ("Not coming", "", "x"),
}
_HUES = ("tide", "moss", "plum", "clay", "iris", "ochre", "lagoon", "slate")


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invited, with the answer as a badge (words, tone, icon)."""

    name: str
    email: str
    initials: str
    hue: str
    note: str
    answer: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class JoinLink:
    """The meeting link and its state. `url` is blank unless it is ready and a web address."""

    name: str
    state: ConferenceState
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class EventSheet:
    """One event in words, for its details beside the week."""

    id: UUID
    title: str
    when: str
    zone: str
    distance: str
    elsewhere: str
    repeats: bool
    repetition: str
    exception: str
    is_private: bool
    join: JoinLink | None
    calendar: str
    account: str
    hue: str
    owner: str
    guests: tuple[Guest, ...]
    location: str
    location_url: str
    description: SafeString
    shows_as: str
    answer: str


def event_blocks(
    events: Iterable[SeenEvent], sources: Mapping[UUID, VisibleCalendar]
) -> list[EventBlock]:
    """What is drawn of these events: one block for all copies of an event."""
    return [
        event_block(
            told.event,
            sources[told.event.calendar_id],
            [sources[copy.calendar_id] for copy in told.copies],
        )
        for told in told_once(events, sources)
    ]


def event_block(
    event: SeenEvent, source: VisibleCalendar, others: Sequence[VisibleCalendar] = ()
) -> EventBlock:
    """An event as the member may see it; one whose time only is told opens nothing.

    `others` are the calendars that hold a copy of it.
    """
    icon, place = _place(event)
    return EventBlock(
        id=f"ev-{event.id}",
        title=event.title or NO_TITLE,
        href="" if event.is_masked else event_url(event.id),
        calendar=source.owner_name if event.is_masked else source.calendar.name,
        hue=source.calendar.hue,
        start=None if event.is_all_day else event.start_at,
        end=None if event.is_all_day else event.end_at,
        all_day=event.is_all_day,
        start_on=all_day_from(event) if event.is_all_day else None,
        end_on=all_day_until(event) if event.is_all_day else None,
        place=place,
        place_icon=icon,
        flags=_flags(event),
        states=_states(event) | {State.STALE} if source.is_stale else _states(event),
        as_of=source.calendar.synced_at if source.is_stale else None,
        hues=tuple(one.calendar.hue for one in (source, *others)) if others else (),
        also=tuple(one.calendar.name for one in others),
        may_move=source.may_write and not event.is_masked,
    )


def event_url(event_id: UUID) -> str:
    """Where an event's details are."""
    return f"{_events_url()}{event_id}"


@cache
def _events_url() -> str:
    """What an event's address begins with; resolving a name for each of hundreds would be slow."""
    nobody = UUID(int=0)
    return reverse("calendars:event_detail", args=[nobody]).removesuffix(str(nobody))


def all_day_from(event: Event | SeenEvent) -> date:
    """The first date of an all-day event."""
    return date.fromisoformat(event.start_wall[:10])


def all_day_until(event: Event | SeenEvent) -> date:
    """The date after the last one; providers may send an empty event, which still has a day."""
    return max(date.fromisoformat(event.end_wall[:10]), all_day_from(event) + _ONE_DAY)


def link_name(conference: str) -> str:
    """`Google Meet`, for the conference of an event."""
    return _LINK_NAMES.get(conference, "Video call")


def _place(event: SeenEvent) -> tuple[PlaceIcon, str]:
    if event.conference_state == ConferenceState.PENDING:
        return "dashed", f"{link_name(event.conference)} link on its way"
    if event.conference_state == ConferenceState.FAILED:
        return "alert", "No meeting link"
    if event.location and not is_web_address(event.location):
        return "pin", event.location.splitlines()[0][:120]
    if event.conference_url:
        return "video", link_name(event.conference)
    return "pin", ""


def _flags(event: SeenEvent) -> frozenset[Flag]:
    found = set()
    if event.conference_state == ConferenceState.PENDING:
        found.add(Flag.LINK_PENDING)
    if event.response == Response.NEEDS_ACTION:
        found.add(Flag.REPLY_NEEDED)
    if event.visibility == Visibility.PRIVATE:
        found.add(Flag.PRIVATE)
    if event.series_remote_id:
        found.add(Flag.REPEATS)
    return frozenset(found)


def _states(event: SeenEvent) -> frozenset[State]:
    if event.response == Response.DECLINED:
        return frozenset({State.DECLINED})
    if event.response == Response.NEEDS_ACTION:
        return frozenset({State.ASKED})
    if event.response == Response.TENTATIVE or event.status == EventStatus.TENTATIVE:
        return frozenset({State.MAYBE})
    return frozenset() if event.is_busy else frozenset({State.FREE})


def event_sheet(
    event: SeenEvent,
    source: VisibleCalendar,
    zone: ZoneInfo,
    now: datetime,
    *,
    is_own: bool,
    series: Event | None = None,
) -> EventSheet:
    """What the details say of an event that the viewer may see; `series` is the row of its rule."""
    connection = source.connection
    return EventSheet(
        id=event.id,
        title=event.title or NO_TITLE,
        when=_when(event, zone),
        zone="" if event.is_all_day else abbreviation(zone, event.start_at),
        distance=distance_in_words(event.start_at, event.end_at, now),
        elsewhere=_elsewhere(event, zone),
        repeats=bool(event.series_remote_id),
        repetition=repetition(series) if series else "",
        exception=_exception(event, zone),
        is_private=event.visibility == Visibility.PRIVATE,
        join=_join(event),
        calendar=source.calendar.name,
        account=f"{connection.connected_email}, {provider_label(connection)}",
        hue=source.calendar.hue,
        owner="" if is_own else source.owner_name,
        guests=tuple(_guest(attendee) for attendee in event.attendees),
        location=event.location,
        location_url=event.location if is_web_address(event.location) else "",
        description=as_safe_html(event.description),
        shows_as="busy" if event.is_busy else "free",
        answer=Response(event.response).label if event.response else "",
    )


def repetition(series: Event) -> str:
    """How a series repeats, as a sentence."""
    start = series.start_wall
    first = date.fromisoformat(start) if series.is_all_day else datetime.fromisoformat(start)
    return sentence(parse_rule(series.recurrence), first, ZoneInfo(series.timezone))


def _exception(event: SeenEvent, zone: ZoneInfo) -> str:
    """That an event is not as its series has it."""
    at = event.original_start_at
    if not event.series_remote_id or at is None:
        return ""
    if event.is_all_day:
        day = wall_clock(at, ZoneInfo(event.timezone)).date()
        if day != all_day_from(event):
            return f"Moved here from {full_day(day)}"
    elif at != event.start_at:
        local = at.astimezone(zone)
        return f"Moved here from {full_day(local.date())}, {clock(local)}"
    return "Changed on its own" if event.is_exception else ""


def _when(event: SeenEvent, zone: ZoneInfo) -> str:
    if event.is_all_day:
        return all_day_in_words(all_day_from(event), all_day_until(event) - _ONE_DAY)
    return span_in_words(event.start_at, event.end_at, zone)


def _elsewhere(event: SeenEvent, zone: ZoneInfo) -> str:
    """The start in the event's own zone, where that is another hour."""
    if event.is_all_day or not is_zone(event.timezone) or event.timezone == "UTC":
        return ""
    theirs = ZoneInfo(event.timezone)
    local = event.start_at.astimezone(theirs)
    if local.utcoffset() == event.start_at.astimezone(zone).utcoffset():
        return ""
    return f"{local:%H:%M} in {city_of(event.timezone)}"


def _join(event: SeenEvent) -> JoinLink | None:
    if not event.conference_state and not event.conference_url:
        return None
    state = ConferenceState(event.conference_state or ConferenceState.READY)
    url = event.conference_url if is_web_address(event.conference_url) else ""
    return JoinLink(
        name=link_name(event.conference),
        state=state,
        url=url if state == ConferenceState.READY else "",
        note=event.conference_note,
    )


def _guest(attendee: Mapping[str, object]) -> Guest:
    email, name = str(attendee.get("email", "")), str(attendee.get("name") or "")
    is_self, is_organizer = bool(attendee.get("is_self")), bool(attendee.get("is_organizer"))
    notes = [
        word
        for word, applies in (
            ("organiser", is_organizer),
            ("optional", bool(attendee.get("is_optional"))),
        )
        if applies
    ]
    given = str(attendee.get("response") or "")
    answer, tone, icon = ("", "", "")
    if not is_organizer:
        answer, tone, icon = _ANSWERS.get(given, _ANSWERS[Response.NEEDS_ACTION])  # type: ignore[call-overload]
    shown = "You" if is_self else name or email
    return Guest(
        name=shown,
        email="" if shown == email else email,
        initials=_initials(name or email),
        hue=_HUES[sum(email.encode()) % len(_HUES)],
        note=", ".join(notes),
        answer=answer,
        tone=tone,
        icon=icon,
    )


def _initials(name: str) -> str:
    words = name.replace("@", " ").replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper()


def week_url(day: date | None = None, view: str = "") -> str:
    """The calendar's address at a date."""
    asked = {"view": view, "date": day.isoformat() if day else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return reverse("calendars:calendar") + (f"?{query}" if query else "")
