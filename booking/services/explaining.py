"""Why a time of a link is offered or not: every reason against it, for staff, with its way out.

What is decided is decided where visitors' pages are painted; here it is only put into words. Of
events and meetings that somebody may not see they learn the time and the calendar, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from booking.errors import BusyUnknown, LinkClosed
from booking.queries import is_spent, own_event_ids
from booking.services.availability import nearest_starts, open_slots_for, terms_of
from booking.services.obstacles import Obstacle, events_between, meetings_between
from booking.slots import Rule, why_not
from booking.wording import DASH, clock, clock_range, long_day, place, zone_words
from calendars.services.busy import counting_calendars
from common.errors import UpstreamError
from common.spans import Span
from common.wallclock import ends_at, starts_at, wall_clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from audit.actors import Actor
    from booking.models import BookingLink
    from booking.services.availability import Terms
    from workspaces.models import Membership

_NOTHING = timedelta(0)
_ONE_DAY = timedelta(days=1)
_EVER = timedelta(days=40_000)
_EARLY = timedelta(seconds=1)


class Way(StrEnum):
    """Where a reason can be changed."""

    NONE = ""
    LINK = "link"
    HOURS = "hours"
    SPECIAL_DAYS = "special_days"
    MEETING = "meeting"
    EVENT = "event"
    ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class Against:
    """One reason why a time is not offered; `row_id` names the meeting or event."""

    words: str
    way: Way = Way.NONE
    row_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said of one time. `start` and `end` are None for a time that does not exist."""

    start: datetime | None
    end: datetime | None
    is_offered: bool
    needs_approval: bool = False
    against: tuple[Against, ...] = ()
    note: str = ""
    nearest: tuple[datetime, ...] = ()


def explain(
    *,
    link: BookingLink,
    membership: Membership,
    wall: datetime,
    duration: timedelta,
    now: datetime,
    actor: Actor,
) -> Explanation:
    """What the link says of the naive `wall`, by the owner's clock, to a member of its workspace.

    Of an hour that comes twice the first is meant, and the note says so. Asks the calendars as
    the public page does. Raises LinkClosed when the owner left, InvalidInput("duration").
    """
    terms = terms_of(link, duration)
    zone = terms.rules.zone
    start = starts_at(wall, zone)
    if wall_clock(start, zone) != wall:
        return Explanation(None, None, is_offered=False, against=(_gap(wall, terms),))
    asked = _Asked(link, terms, membership, start, now)
    said = Explanation(start, start + duration, is_offered=False, note=_twice(wall, start, terms))
    try:
        offer = open_slots_for(
            link=link,
            duration=duration,
            first_day=wall.date(),
            last_day=wall.date(),
            zone=zone,
            now=now,
            actor=actor,
        )
    except LinkClosed:
        return replace(said, against=tuple(asked.reasons()))
    except BusyUnknown as unknown:
        trouble = getattr(unknown.__cause__, "message", unknown.message)
        return replace(said, against=tuple(asked.reasons(trouble)))
    if start in {slot.start for slot in offer.slots}:
        return replace(said, is_offered=True, needs_approval=offer.needs_approval)
    nearest = nearest_starts(terms=terms, start=start, now=now, actor=actor)
    return replace(said, against=tuple(asked.reasons()), nearest=nearest)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One time of one link, asked by one member."""

    link: BookingLink
    terms: Terms
    membership: Membership
    start: datetime
    now: datetime

    @property
    def span(self) -> Span:
        return Span(self.start, self.start + self.terms.rules.duration)

    @property
    def day(self) -> date:
        return self.start.astimezone(self.terms.rules.zone).date()

    def reasons(self, trouble: str = "") -> list[Against]:
        """Everything against the time, the link itself first."""
        if self.start <= self.now:
            return [*self._link(), Against("This time has passed.")]
        found = [*self._link(), *self._reach(), *self._hours(), *self._taken(), *self._limits()]
        if trouble:
            words = f"A calendar cannot be read, so no time can be promised: {trouble}"
            found.append(Against(words, Way.ACCOUNTS))
        if not found:
            # A live answer of the calendar is ahead of the copy that names events.
            words = "A calendar says that this time is taken; its copy here does not show by what."
            found.append(Against(words, Way.ACCOUNTS))
        return found

    def _link(self) -> list[Against]:
        if not self.link.is_active:
            return [Against("The link is switched off.", Way.LINK)]
        if is_spent(self.link):
            return [Against("This one-time link has been used.", Way.LINK)]
        return []

    def _reach(self) -> list[Against]:
        rules, zone = self.terms.rules, self.terms.rules.zone
        earliest, ahead = self.now + rules.minimum_notice, self.now + rules.horizon
        if self.start < earliest:
            words = f"The link asks for {_length(rules.minimum_notice)} of notice: bookings start "
            at = f"{long_day(earliest.astimezone(zone).date())}, {clock(earliest, zone)}"
            return [Against(f"{words}{at}.", Way.LINK)]
        if self.link.ends_on is not None and self.day > self.link.ends_on:
            last = long_day(self.link.ends_on, year=True)
            return [Against(f"The link\u2019s last day is {last}.", Way.LINK)]
        if self.start > ahead:
            last = long_day(ahead.astimezone(zone).date(), year=True)
            return [Against(f"The link is open until {last}, no further ahead.", Way.LINK)]
        return []

    def _hours(self) -> list[Against]:
        """Whether the hours and the grid allow the start, whatever else holds."""
        rules = replace(
            self.terms.rules,
            minimum_notice=_NOTHING,
            horizon=_EVER,
            max_per_day=None,
            max_per_week=None,
            until=None,
        )
        refusal = why_not(rules, self.terms.availability, (), self.start - _EARLY, self.start)
        if refusal is None:
            return []
        if refusal.rule is Rule.GRID:
            minutes = int(rules.step / timedelta(minutes=1))
            words = f"The link starts a meeting every {minutes} minutes from the start of the hours"
            return [Against(f"{words}; {clock(self.start, rules.zone)} is not one.", Way.LINK)]
        return [self._outside()]

    def _outside(self) -> Against:
        rules, hours = self.terms.rules, self.terms.availability
        of_link = self.link.availability_settings is not None
        intervals = hours.intervals_on(self.day)
        said = " and ".join(
            f"{opens:%H:%M} {DASH} {closes:%H:%M}" if closes else f"from {opens:%H:%M}"
            for opens, closes in intervals
        ).replace(f"{DASH} 00:00", f"{DASH} 24:00")
        if self.day in hours.overrides:
            on, name = long_day(self.day), hours.names.get(self.day, "")
            on = f"{on} ({name})" if name else on
            words = f"{on} is a special day with the hours {said}." if said else f"{on} is closed."
            return Against(words, Way.LINK if of_link else Way.SPECIAL_DAYS)
        weekday = long_day(self.day).split()[0]
        whose = "the link\u2019s own hours" if of_link else "the hours"
        words = f"On {weekday}s {whose} are {said}." if said else f"{weekday}s are off."
        end = self.start + rules.duration
        if self._begins_inside():
            words = f"The meeting would last until {clock(end, rules.zone)}. {words}"
        return Against(words, Way.LINK if of_link else Way.HOURS)

    def _begins_inside(self) -> bool:
        zone = self.terms.rules.zone
        working = self.terms.availability.working_spans(zone, self.day - _ONE_DAY, self.day)
        return any(span.start <= self.start < span.end for span in working)

    def _taken(self) -> list[Against]:
        """The meetings and events that lie in the way, in the order of their starts."""
        owner, held = self.terms.owner, self.terms.held(self.span)
        found = meetings_between(owner, held, self.membership)
        try:
            calendars = counting_calendars(owner)
        except UpstreamError:
            calendars = []
        ignoring = own_event_ids(owner, held)
        found += events_between(calendars, held, self.membership, ignoring=ignoring)
        found.sort(key=lambda one: one.span.start)
        return [self._in_the_way(one) for one in found]

    def _in_the_way(self, one: Obstacle) -> Against:
        zone = self.terms.rules.zone
        times = clock_range(one.span.start, one.span.end, zone)
        if one.span.start.astimezone(zone).date() != self.day:
            times = f"{long_day(one.span.start.astimezone(zone).date())}, {times}"
        words = f"{one.name}, {times}"
        words += f", in {one.where}." if one.where else "."
        if not one.span.overlaps(self.span):
            words += " It lies within the time that the link keeps free around a meeting."
        return Against(words, Way(one.way), one.row_id)

    def _limits(self) -> list[Against]:
        rules = self.terms.rules
        refusal = why_not(
            replace(rules, minimum_notice=_NOTHING, horizon=_EVER, until=None),
            self.terms.availability,
            (),
            self.start - _EARLY,
            self.start,
            booked_starts=self.terms.limits(self.span),
        )
        if refusal is None or refusal.rule not in {Rule.DAY_LIMIT, Rule.WEEK_LIMIT}:
            return []
        if refusal.rule is Rule.DAY_LIMIT:
            words = f"The link takes {rules.max_per_day} a day at most, and {long_day(self.day)}"
            return [Against(f"{words} has them.", Way.LINK)]
        words = f"The link takes {rules.max_per_week} a week at most, and this week has them."
        return [Against(words, Way.LINK)]


def _gap(wall: datetime, terms: Terms) -> Against:
    zone = terms.rules.zone
    opens = starts_at(wall, zone)
    words = f"{wall:%H:%M} does not exist on {long_day(wall.date())} in {place(zone)}: the clocks "
    return Against(f"{words}go forward, and {clock(opens, zone)} comes next.")


def _twice(wall: datetime, start: datetime, terms: Terms) -> str:
    zone = terms.rules.zone
    if ends_at(wall, zone) <= start:
        return ""
    words = f"{wall:%H:%M} comes twice on this day, because the clocks go back."
    return f"{words} This is about the first, {zone_words(zone, start)}."


def _length(length: timedelta) -> str:
    minutes = int(length / timedelta(minutes=1))
    if minutes >= 2 * 1440 and minutes % 1440 == 0:
        return f"{minutes // 1440} days"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
