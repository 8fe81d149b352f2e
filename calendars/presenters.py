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
from calendars.elsewhere import elsewhere, ends_elsewhere, journey
from calendars.enums import ConferenceState, EventKind, EventStatus, Hue, Response, Visibility
from calendars.joining import JoinLink, join_link, link_name
from calendars.phrases import (
    abbreviation,
    all_day_in_words,
    distance_in_words,
    span_in_words,
)
from calendars.prose import as_safe_html, is_web_address
from calendars.providers.joining import without_zoom_line
from calendars.recurrence import parse_rule, sentence
from calendars.sidebar import provider_label
from calendars.wording import clock, full_day
from common.wallclock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.safestring import SafeString

    from calendars.blocks import PlaceIcon
    from calendars.models import Event
    from calendars.queries import SeenEvent, VisibleCalendar

NO_TITLE = "(no title)"
_ONE_DAY = timedelta(days=1)
_ANSWERS = {
    Response.NEEDS_ACTION: ("No reply yet", "", ""),
    Response.ACCEPTED: ("Coming", "ok", "check"),
    Response.TENTATIVE: ("Maybe", "", "help"),
    Response.DECLINED: ("Not coming", "", "x"),
}
_KIND_ICONS: dict[str, PlaceIcon] = {
    EventKind.OUT_OF_OFFICE: "away",
    EventKind.FOCUS_TIME: "focus",
    EventKind.WORKING_LOCATION: "desk",
    EventKind.BIRTHDAY: "cake",
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
    own_hue: str
    colour: str
    kind: str
    kind_icon: str
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
    # Hashing a UUID is Python code, hashing its number is not.
    known = {calendar_id.int: source for calendar_id, source in sources.items()}
    return [
        event_block(
            event,
            known[event.calendar_id.int],
            [(copy, sources[copy.calendar_id]) for copy in copies] if copies else (),
        )
        for event, copies in told_once(events, sources)
    ]


def event_block(
    event: SeenEvent,
    source: VisibleCalendar,
    others: Sequence[tuple[SeenEvent, VisibleCalendar]] = (),
) -> EventBlock:
    """An event as the member may see it; one whose time only is told opens nothing.

    `others` are its copies, each with the calendar that holds it.
    """
    icon, place = _place(event)
    if event.room_id is not None and (not event.location or is_web_address(event.location)):
        icon, place = "video", "Telehealth"
    event_id = str(event.id)
    calendar = source.calendar
    is_masked, is_stale = event.is_masked, source.is_stale
    is_all_day = event.is_all_day
    # By place: names would cost a third more, a thousand times.
    return EventBlock(
        f"ev-{event_id}",
        event.title or NO_TITLE,
        "" if is_masked else f"{_events_url()}{event_id}",
        source.owner_name if is_masked else calendar.name,
        event.hue or calendar.hue,
        None if is_all_day else event.start_at,
        None if is_all_day else event.end_at,
        is_all_day,
        all_day_from(event) if is_all_day else None,
        all_day_until(event) if is_all_day else None,
        place,
        icon,
        _flags(
            event.conference_state,
            event.response,
            event.visibility,
            bool(event.series_remote_id),
            event.kind,
        ),
        _states(event.response, event.status, event.is_busy, is_stale),
        calendar.synced_at if is_stale else None,
        _hues([(event, source), *others]) if others else (),
        tuple([one.calendar.name for _, one in others]) if others else (),
        source.may_write and not is_masked,
    )


def _hues(copies: Iterable[tuple[SeenEvent, VisibleCalendar]]) -> tuple[str, ...]:
    """The colour of each copy: its own, else its calendar's."""
    return tuple(event.hue or source.calendar.hue for event, source in copies)


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


def _place(event: SeenEvent) -> tuple[PlaceIcon, str]:
    if not (event.location or event.conference_state or event.conference_url):
        icon, kind = _kind(event)
        return (icon, kind) if kind and kind != event.title else ("pin", "")
    if event.conference_state == ConferenceState.PENDING:
        return "dashed", f"{link_name(event.conference)} link on its way"
    if event.conference_state == ConferenceState.FAILED:
        return "alert", f"No {link_name(event.conference)} link"
    if event.location and not is_web_address(event.location):
        return "pin", event.location.splitlines()[0][:120]
    if event.conference_url:
        return "video", link_name(event.conference)
    return "pin", ""


def _kind(event: SeenEvent) -> tuple[PlaceIcon, str]:
    """The sign and the words of what is not a plain event."""
    if event.kind == EventKind.NORMAL:
        return "pin", ""
    return _KIND_ICONS[event.kind], EventKind(event.kind).label


@cache
def _flags(
    conference_state: str,
    response: str,
    visibility: str,
    repeats: bool,  # noqa: FBT001 -- part of a key
    kind: str,
) -> frozenset[Flag]:
    """The signs of an event; kept, because the events of a week have few combinations."""
    signs = {
        Flag.LINK_FAILED: conference_state == ConferenceState.FAILED,
        Flag.LINK_PENDING: conference_state == ConferenceState.PENDING,
        Flag.REPLY_NEEDED: response == Response.NEEDS_ACTION,
        Flag.PRIVATE: visibility == Visibility.PRIVATE,
        Flag.REPEATS: repeats,
    }
    found = {flag for flag, applies in signs.items() if applies}
    return frozenset(found if kind == EventKind.NORMAL else {*found, Flag(_KIND_ICONS[kind])})


@cache
def _states(
    response: str,
    status: str,
    is_busy: bool,  # noqa: FBT001 -- part of a key
    is_stale: bool,  # noqa: FBT001 -- part of a key
) -> frozenset[State]:
    """How an event looks; kept for the same reason."""
    stale = frozenset({State.STALE} if is_stale else ())
    if response == Response.DECLINED:
        return stale | {State.DECLINED}
    if response == Response.NEEDS_ACTION:
        return stale | {State.ASKED}
    if response == Response.TENTATIVE or status == EventStatus.TENTATIVE:
        return stale | {State.MAYBE}
    return stale if is_busy else stale | {State.FREE}


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
    location, description = event.location, event.description
    join = join_link(event, zone, now)
    if join and join.url:
        # The button says it: not the place and the text once more.
        location = "" if location == join.url else location
        description = without_zoom_line(description, join.url)
    return EventSheet(
        id=event.id,
        title=event.title or NO_TITLE,
        when=_when(event, zone),
        zone=""
        if event.is_all_day or ends_elsewhere(event)
        else abbreviation(zone, event.start_at),
        distance=distance_in_words(event.start_at, event.end_at, now),
        elsewhere=elsewhere(event, zone),
        repeats=bool(event.series_remote_id),
        repetition=repetition(series) if series else "",
        exception=_exception(event, zone),
        is_private=event.visibility == Visibility.PRIVATE,
        join=join,
        calendar=source.calendar.name,
        account=f"{connection.connected_email}, {provider_label(connection)}",
        hue=source.calendar.hue,
        own_hue=event.hue,
        colour=Hue(event.hue).label if event.hue else "",
        kind=_kind(event)[1],
        kind_icon=_kind(event)[0],
        owner="" if is_own else source.owner_name,
        guests=tuple(
            _guest(one, connection.connected_email if is_own else "") for one in event.attendees
        ),
        location=location,
        location_url=location if is_web_address(location) else "",
        description=as_safe_html(description),
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
    if ends_elsewhere(event):
        return journey(event)
    return span_in_words(event.start_at, event.end_at, zone)


def _guest(attendee: Mapping[str, object], account: str) -> Guest:
    """`account` is the address that is the viewer's own, empty on a colleague's calendar."""
    email, name = str(attendee.get("email", "")), str(attendee.get("name") or "")
    # Outlook marks nobody as the account's own. To a colleague who looks on, it is not "you".
    is_self = bool(account) and (
        bool(attendee.get("is_self")) or email.casefold() == account.casefold()
    )
    is_organizer = bool(attendee.get("is_organizer"))
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
    return calendar_url() + (f"?{query}" if query else "")


@cache
def calendar_url() -> str:
    """Where the calendar is; its page names it a dozen times."""
    return reverse("calendars:calendar")
