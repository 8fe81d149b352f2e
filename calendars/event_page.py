"""What the event dialog offers: calendars to write to, times to start from, links, overlaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.enums import ConnectionState
from calendars.abilities import kind_refusal, stay_refusal
from calendars.addresses import local_day, local_time
from calendars.enums import STATUS_KINDS, EventKind, Response, Scope, Sight
from calendars.forms import CALENDAR_COLOUR, CALENDAR_REMINDERS, guests_of
from calendars.hosts import can_move_from
from calendars.phrases import zone_in_words
from calendars.presenters import all_day_from, all_day_until
from calendars.prose import as_text
from calendars.providers.base import Attendee
from calendars.queries import events_between
from calendars.recurrence import Kept, parse_rule
from calendars.repeating import repeat_initial
from calendars.sidebar import is_booking_calendar, provider_label
from calendars.wording import clock
from common.spans import Span
from common.wallclock import starts_at, wall_clock
from conferencing.enums import Conference
from workspaces.enums import Tier
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calendars.models import Calendar, Event
    from calendars.queries import SeenEvent, VisibleCalendar
    from conferencing.routing import Choice
    from workspaces.models import Membership, UserProfile

ONE_HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
_KIND_SIGNS: Final = {
    EventKind.NORMAL: ("calendar", "Busy or free, as you say"),
    EventKind.OUT_OF_OFFICE: ("away", "Always busy"),
    EventKind.FOCUS_TIME: ("focus", "Always busy"),
    EventKind.WORKING_LOCATION: ("desk", "Always free"),
    EventKind.BIRTHDAY: ("cake", "Always free"),
}


@dataclass(frozen=True, slots=True)
class KindCell:
    """A kind of event to choose; `why_not` says why it cannot be."""

    value: str
    label: str
    icon: str
    hint: str
    why_not: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One meeting link to choose; `tier` is the plan's name where the plan forbids it."""

    conference: str
    label: str
    enabled: bool
    hint: str
    tier: str
    checked: bool


def writable(calendars: Iterable[VisibleCalendar]) -> list[VisibleCalendar]:
    """Those the member may write to and whose account answers."""
    return [
        one for one in calendars if one.may_write and one.connection.state == ConnectionState.ACTIVE
    ]


def by_account(calendars: Iterable[VisibleCalendar]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The choices of the calendar field, grouped by account."""
    groups: dict[UUID, tuple[str, list[tuple[str, str]]]] = {}
    for one in calendars:
        connection = one.connection
        label = f"{connection.connected_email}, {provider_label(connection)}"
        group = groups.setdefault(connection.pk, (label, []))
        group[1].append((str(one.calendar.pk), one.calendar.name))
    return list(groups.values())


def same_account(
    calendars: Iterable[VisibleCalendar], source: VisibleCalendar
) -> list[VisibleCalendar]:
    """The calendars that may be written to of the account that this one is of."""
    return [one for one in writable(calendars) if one.connection.pk == source.connection.pk]


def why_it_stays(event: Event, source: VisibleCalendar) -> str:
    """Why an event cannot go to another calendar of its account; blank when it can."""
    if not can_move_from(source.calendar):
        return f"{provider_label(source.connection)} cannot move an event to another calendar."
    if not event.is_organizer:
        return "Only the organiser can move it to another calendar."
    return stay_refusal(source.calendar, event.kind)


def places_to_go(
    event: Event, calendars: Iterable[VisibleCalendar], source: VisibleCalendar
) -> list[VisibleCalendar] | None:
    """The calendars that the event can be in, its own among them; None when it stays."""
    found = same_account(calendars, source)
    return found if len(found) > 1 and not why_it_stays(event, source) else None


def preselected(
    calendars: Sequence[VisibleCalendar], wanted: str, profile: UserProfile
) -> VisibleCalendar | None:
    """The one asked for, else the last used, else the member's booking calendar, else the first."""
    known = {str(one.calendar.pk): one for one in calendars}
    own_booking = (
        str(one.calendar.pk)
        for one in calendars
        if one.connection.owner_id == profile.user_id and is_booking_calendar(one.calendar)
    )
    order = [wanted, str(profile.last_calendar_id), *own_booking, *known]
    return next((known[key] for key in order if key in known), None)


def own_zones(profile: UserProfile, now: datetime) -> list[tuple[str, str]]:
    """The member's first and second zone, named as they are called now."""
    names = [name for name in (profile.timezone, profile.second_timezone) if is_zone(name)]
    return [(name, zone_in_words(ZoneInfo(name), now)) for name in dict.fromkeys(names)]


def initial_of_new(query: Mapping[str, str], zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """The start asked for (a wall time, or a date for all day), an hour long unless it says more.

    What cannot be read is left out: the next full hour stands there instead. An `end` that is a
    date is the one after the last.
    """
    raw = query.get("start", "")
    day = local_day(raw)
    base = {"zone": zone.key, "busy": True, "reminders": CALENDAR_REMINDERS}
    base |= {"hue": CALENDAR_COLOUR, "kind": EventKind.NORMAL.value}
    base |= repeat_initial(None, now.date(), zone)
    if day is not None:
        hours = clocks(datetime.combine(day, time(9)))
        after = local_day(query.get("end", ""))
        last = after - ONE_DAY if after and after > day else day
        return {**base, **hours, "day": day, "last_day": last, "all_day": True}
    start = local_time(raw) or wall_clock(now + ONE_HOUR, zone).replace(
        minute=0, second=0, microsecond=0
    )
    end = local_time(query.get("end", ""))
    return {**base, **clocks(start, end if end and end > start else None)}


def clocks(start: datetime, end: datetime | None = None) -> dict[str, Any]:
    """The form's values of a wall time and its end, an hour later without one."""
    end = end or start + ONE_HOUR
    days = {"day": start.date(), "last_day": end.date()}
    return {**days, "start": start.time(), "end": end.time()}


def initial_of(event: Event, zone: ZoneInfo, series: Event | None = None) -> dict[str, Any]:
    """The form's values of an event, its times as the member's clock reads them.

    `series` is the row of the rule that it is an event of.
    """
    return {
        **_when_of(event, zone),
        **_repeats_of(event, series),
        "title": event.title,
        "all_day": event.is_all_day,
        "conference": event.conference or Conference.NONE.value,
        "guests": guests_of(attendees_of(event)),
        "place": event.location,
        "notes": as_text(event.description),
        "reminders": _reminders(event.reminders),
        "visibility": event.visibility,
        "busy": event.is_busy,
        "hue": event.hue or CALENDAR_COLOUR,
        "kind": event.kind,
        "etag": event.etag,
    }


def _repeats_of(event: Event, series: Event | None) -> dict[str, Any]:
    """How it repeats, by the day that its series has it on."""
    rule = parse_rule(series.recurrence) if series is not None else None
    if series is None and event.series_remote_id:
        rule = Kept(())
    zone = ZoneInfo((series or event).timezone)
    day = wall_clock(event.original_start_at or event.start_at, zone).date()
    scope = {"scope": Scope.THIS.value, "series_zone": zone.key}
    return {**repeat_initial(rule, day, zone), **(scope if event.series_remote_id else {})}


def _when_of(event: Event, zone: ZoneInfo) -> dict[str, Any]:
    """Its times on the clock of `zone`; on its own two, where it ends in another zone."""
    if event.is_all_day:
        first, last = all_day_from(event), all_day_until(event) - ONE_DAY
        hours = clocks(datetime.combine(first, time(9)))
        return {**hours, "day": first, "last_day": last, "zone": zone.key}
    end_zone = zone
    if is_zone(event.timezone) and is_zone(event.end_timezone):
        zone, end_zone = ZoneInfo(event.timezone), ZoneInfo(event.end_timezone)
    start = wall_clock(event.start_at, zone).replace(second=0, microsecond=0)
    end = wall_clock(event.end_at, end_zone).replace(second=0, microsecond=0)
    named = {"zone": zone.key, "end_zone": "" if end_zone is zone else end_zone.key}
    return {**clocks(start, end), **named}


def _reminders(minutes: Sequence[int] | None) -> str:
    if minutes is None:
        return CALENDAR_REMINDERS
    return ",".join(str(minute) for minute in minutes)


def attendees_of(event: Event) -> list[Attendee]:
    """The stored guests as adapters know them, the account's own marked.

    Outlook marks nobody, and who is invited is no guest to invite or to take away.
    """
    account = event.calendar.connection.connected_email.casefold()
    guests = [Attendee(**stored) for stored in event.attendees]
    return [replace(one, is_self=one.is_self or one.email.casefold() == account) for one in guests]


def kind_cells(calendar: Calendar, chosen: str, was: str = "") -> list[KindCell]:
    """The kinds an event can have in this calendar. `was` is what the event is already."""
    former = EventKind(was) if was else None
    kinds = [EventKind.NORMAL, *STATUS_KINDS]
    kinds += [former] if former and former not in kinds else []
    cells = []
    for kind in kinds:
        why_not = kind_refusal(calendar, kind, former)
        icon, hint = _KIND_SIGNS[kind]
        checked = not why_not and kind == (chosen or EventKind.NORMAL)
        cells.append(KindCell(kind.value, kind.label, icon, hint, why_not, checked))
    return cells


def conference_cells(
    choices: Iterable[Choice], chosen: str, was: str = "", *, stays: bool = False
) -> list[Cell]:
    """The cells of the dialog. A chosen one that the calendar refuses is shown refused.

    `was` is the link that the event has already, which may stay whatever the plan is now; if it
    `stays` for good, no other can be chosen.
    """
    cells = []
    for choice in choices:
        is_its_own = bool(was) and choice.conference == was
        enabled, hint, tier = choice.enabled, choice.hint, choice.tier
        if is_its_own and not enabled:
            enabled, hint, tier = True, "As it is now", None
        elif stays and not is_its_own:
            enabled, hint, tier = False, "The link stays", None
        cells.append(
            Cell(
                conference=choice.conference.value,
                label=choice.label,
                enabled=enabled,
                hint=hint,
                tier=str(Tier(tier).label) if tier else "",
                checked=enabled and choice.conference.value == chosen,
            )
        )
    return cells


def overlap_note(
    membership: Membership,
    calendars: Sequence[VisibleCalendar],
    span: Span | None,
    zone: ZoneInfo,
    *,
    ignoring: UUID | None = None,
) -> str:
    """What else takes time then: `Overlaps Northgate board` with its start and end."""
    shown = [
        one
        for one in calendars
        # A colleague's time is the colleague's; "Find a time" speaks of it.
        if one.is_shown and one.calendar.counts_as_busy and one.sight == Sight.FULL
    ]
    if span is None or not shown:
        return ""
    rivals = [
        event
        for event in events_between(membership, span, calendars=shown)
        if _takes_time(event) and event.id != ignoring
    ]
    if not rivals:
        return ""
    first = rivals[0]
    start, end = first.start_at.astimezone(zone), first.end_at.astimezone(zone)
    more = f" and {len(rivals) - 1} more" if len(rivals) > 1 else ""
    return f"Overlaps {first.title or 'an event'}, {clock(start)}\u2013{clock(end)}{more}"


def _takes_time(event: SeenEvent) -> bool:
    return event.is_busy and not event.is_all_day and event.response != Response.DECLINED


def typed_span(typed: Mapping[str, Any]) -> Span | None:
    """The time in a form's values, typed or initial; None while it is none."""
    day, zone_name = _day(typed.get("day")), str(typed.get("zone", ""))
    first, last = _time(typed.get("start")), _time(typed.get("end"))
    if typed.get("all_day") or not is_zone(zone_name) or None in (day, first, last):
        return None
    assert day is not None and first is not None and last is not None  # noqa: PT018
    zone = ZoneInfo(zone_name)
    start = starts_at(datetime.combine(day, first), zone)
    there = str(typed.get("end_zone") or "")
    end_zone = ZoneInfo(there) if is_zone(there) else zone
    end = starts_at(datetime.combine(_day(typed.get("last_day")) or day, last), end_zone)
    return Span(start.astimezone(UTC), end.astimezone(UTC)) if start < end else None


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else local_day(str(value or ""))


def _time(value: object) -> time | None:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(str(value or ""))
    except ValueError:
        return None


def guests_note(source: VisibleCalendar, event: Event | None = None) -> str:
    """Who tells the guests, or whose event it is that one changes."""
    if event is not None and not event.is_organizer:
        whose = event.organizer_email or "Somebody else"
        return f"{whose} organises this. What is common to all only they can change."
    return f"Guests get one invitation, from {provider_label(source.connection)}."
