"""Open times of a link or an owner, painted for people and programs; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from booking.enums import DegradedMode
from booking.errors import BusyUnknown, LinkClosed
from booking.owners import owner_of_link
from booking.queries import booked_starts, is_spent, own_event_ids, shared_starts
from booking.services.seats import is_alone, own_hold
from booking.slots import Slot, SlotRules, latest_start, open_slots
from calendars.services.busy import busy_painted
from calendars.services.holds import holds_of
from common.errors import InvalidInput, UpstreamError
from common.spans import Span
from common.wallclock import day_begins
from conferencing.enums import Conference
from workspaces.availability import Availability, parse_availability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from audit.actors import Actor
    from booking.models import BookingLink, MeetingBase
    from calendars.services.busy import BusyAnswer
    from workspaces.owners import Owner

MAX_DAYS = 62
_ONE_DAY = timedelta(days=1)
# How much of the horizon one look ahead reads: providers refuse busy reads of two months and more.
_LOOK = timedelta(days=56)
_AROUND_BEFORE = timedelta(days=3)
_AROUND_AFTER = timedelta(days=10)
# Rivals come in crowds and a calendar serves few at once: who lost a time is answered soon.
_NEAREST_LIMIT = timedelta(seconds=1)
_OWNER_STEP = timedelta(minutes=15)
_OWNER_HORIZON = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that decides which times are open, but for the time that is taken.

    A meeting that is `moving` stands in its own way with neither its hold nor its place among the
    link's limits; others of its group do.
    """

    owner: Owner
    rules: SlotRules
    availability: Availability
    degraded_mode: DegradedMode
    needs_approval: bool = False
    link: BookingLink | None = None
    moving: MeetingBase | None = None

    def needed(self, span: Span) -> Span:
        """The span in which something taken can matter to a start inside `span`."""
        rules = self.rules
        return span.widen(rules.buffer_before, rules.duration + rules.buffer_after)

    def held(self, meeting: Span) -> Span:
        """The meeting with its buffers: what it promises of the owner's time."""
        return meeting.widen(self.rules.buffer_before, self.rules.buffer_after)

    def limits(self, span: Span) -> list[datetime]:
        """The starts that count against the link's limits."""
        starts = [] if self.link is None else booked_starts(self.link, span)
        if self.moving is not None and self.moving.start_at in starts and is_alone(self.moving):
            starts.remove(self.moving.start_at)
        return starts

    def own_holds(self) -> tuple[UUID, ...]:
        """The hold of the meeting that is moving; one that others of its group keep stays."""
        return own_hold(self.moving)

    def shared(self, span: Span) -> Mapping[datetime, int]:
        """The starts inside the span of slots that a group shares and another may join, with how
        many seats each has left.
        """
        if self.link is None:
            return {}
        return shared_starts(self.link, self.rules.duration, span)


@dataclass(frozen=True, slots=True)
class SlotOffer:
    """Slots (UTC) in order. With `needs_approval` a booking becomes a request.

    `as_of` is the age of the oldest calendar consulted, None when none is connected or none could
    be read. `next_open` is told only when there is no slot. `seats` is how many a slot of the link
    has, None where visitors are not to know, and `seats_left` how many are left by start of those
    that somebody has a seat in.
    """

    slots: tuple[Slot, ...]
    needs_approval: bool
    as_of: datetime | None
    next_open: Slot | None
    seats: int | None = None
    seats_left: Mapping[datetime, int] = field(default_factory=dict)

    def left_in(self, slot: Slot) -> int | None:
        """The seats that are left in the slot; None where visitors are not to know."""
        return None if self.seats is None else self.seats_left.get(slot.start, self.seats)


def terms_of(link: BookingLink, duration: timedelta, *, owner: Owner | None = None) -> Terms:
    """The link's terms for one of its durations. Raises LinkClosed, InvalidInput("duration")."""
    if duration not in durations_of(link):
        raise InvalidInput("duration", _("Choose one of the lengths this link offers."))
    owner = owner or owner_of_link(link)
    rules = SlotRules(
        duration=duration,
        step=timedelta(minutes=link.step_minutes),
        buffer_before=timedelta(minutes=link.buffer_before_minutes),
        buffer_after=timedelta(minutes=link.buffer_after_minutes),
        minimum_notice=timedelta(minutes=link.notice_minutes),
        horizon=timedelta(days=link.horizon_days),
        max_per_day=link.max_per_day,
        max_per_week=link.max_per_week,
        zone=owner.zone,
        until=_end_of(link, owner.zone),
    )
    own_hours = link.availability_settings
    return Terms(
        owner=owner,
        rules=rules,
        availability=owner.availability if own_hours is None else parse_availability(own_hours),
        degraded_mode=DegradedMode(link.degraded_mode),
        needs_approval=link.requires_approval,
        link=link,
    )


def terms_of_owner(owner: Owner, duration: timedelta) -> Terms:
    """An owner's own hours without any link's rules. Raises InvalidInput("duration")."""
    if not timedelta(minutes=5) <= duration <= _ONE_DAY:
        raise InvalidInput("duration", "Give a length from 5 to 1440 minutes.")
    nothing = timedelta(0)
    rules = SlotRules(
        duration=duration,
        step=_OWNER_STEP,
        buffer_before=nothing,
        buffer_after=nothing,
        minimum_notice=nothing,
        horizon=_OWNER_HORIZON,
        max_per_day=None,
        max_per_week=None,
        zone=owner.zone,
    )
    return Terms(owner, rules, owner.availability, DegradedMode.REFUSE)


def refuse_closed(link: BookingLink, owner: Owner, now: datetime) -> None:
    """Raise LinkClosed for a link that takes no bookings now: paused, ended, or used up.

    A one-time link is used up while a meeting booked through it stands.
    """
    end = _end_of(link, owner.zone)
    if not link.is_active or (end is not None and end <= now) or is_spent(link):
        raise LinkClosed


def _end_of(link: BookingLink, zone: ZoneInfo) -> datetime | None:
    """The midnight that closes the link's last day."""
    return None if link.ends_on is None else day_begins(link.ends_on + _ONE_DAY, zone)


def durations_of(link: BookingLink) -> list[timedelta]:
    """The lengths the link offers, the default one first."""
    return [timedelta(minutes=minutes) for minutes in link.durations]


def expects_conference(link: BookingLink) -> bool:
    """Whether meetings of this link are to have a join link."""
    return bool(link.conference != Conference.NONE)


def open_slots_for(
    *,
    link: BookingLink,
    duration: timedelta,
    first_day: date,
    last_day: date,
    zone: ZoneInfo,
    now: datetime,
    actor: Actor,
) -> SlotOffer:
    """The link's slots that start on those days, both included, by the clock of `zone`.

    Raises InvalidInput, LinkClosed, and BusyUnknown when a calendar that counts cannot be read
    and the link refuses bookings meanwhile.
    """
    terms = terms_of(link, duration)
    refuse_closed(link, terms.owner, now)
    return offer(
        terms=terms, first_day=first_day, last_day=last_day, zone=zone, now=now, actor=actor
    )


def offer(
    *, terms: Terms, first_day: date, last_day: date, zone: ZoneInfo, now: datetime, actor: Actor
) -> SlotOffer:
    """The slots under these terms; see `open_slots_for`."""
    span = days_span(first_day, last_day, zone)
    reach = _reach(terms.rules, now)
    within = None if reach is None else span.intersect(reach)
    painted = _Painter(terms, now, actor)
    slots = painted.slots(within)
    next_open = None if slots else painted.next_after(span.end)
    link = terms.link if terms.link is not None and terms.link.tells_seats_left else None
    return SlotOffer(
        slots=tuple(slots),
        needs_approval=painted.needs_approval,
        as_of=painted.as_of,
        next_open=next_open,
        seats=None if link is None else link.seats,
        seats_left={} if link is None else painted.seats_left,
    )


def nearest_starts(
    *, terms: Terms, start: datetime, now: datetime, actor: Actor, most: int = 4
) -> tuple[datetime, ...]:
    """The open starts closest to one that is taken, in order; none when not known at once."""
    reach = _reach(terms.rules, now)
    around = Span(start - _AROUND_BEFORE, start + _AROUND_AFTER)
    within = None if reach is None else around.intersect(reach)
    try:
        slots = _Painter(terms, now, actor, time_limit=_NEAREST_LIMIT).slots(within)
    except BusyUnknown:
        return ()
    closest = sorted((slot.start for slot in slots), key=lambda other: abs(other - start))
    return tuple(sorted(closest[:most]))


def days_span(first_day: date, last_day: date, zone: ZoneInfo) -> Span:
    """Whole days by the clock of the zone. Raises InvalidInput naming `from` or `to`."""
    if not date(2000, 1, 1) <= first_day <= date(2200, 1, 1):
        raise InvalidInput("from", "Give a date such as 2026-11-26.")
    if last_day < first_day:
        raise InvalidInput("to", "The last day has to be on or after the first.")
    if last_day - first_day >= timedelta(days=MAX_DAYS):
        raise InvalidInput("to", f"Ask for at most {MAX_DAYS} days.")
    return Span(day_begins(first_day, zone), day_begins(last_day + _ONE_DAY, zone))


def _reach(rules: SlotRules, now: datetime) -> Span | None:
    """From the first start the rules allow to the last."""
    opens, closes = now + rules.minimum_notice, latest_start(rules, now)
    return Span(opens, closes + timedelta(microseconds=1)) if opens <= closes else None


class _Painter:
    """Reads what is taken piece by piece, and remembers how sure it is of it."""

    def __init__(
        self, terms: Terms, now: datetime, actor: Actor, *, time_limit: timedelta | None = None
    ) -> None:
        self.terms = terms
        self.time_limit = time_limit
        self.now = now.astimezone(UTC)
        self.actor = actor
        self.needs_approval = terms.needs_approval
        self.as_of: datetime | None = None
        self.seats_left: dict[datetime, int] = {}

    def slots(self, span: Span | None) -> list[Slot]:
        """Slots that start inside the span. Raises BusyUnknown."""
        if span is None:
            return []
        terms = self.terms
        needed = terms.needed(span)
        shared = terms.shared(span)
        self.seats_left |= shared
        return open_slots(
            terms.rules,
            terms.availability,
            self._busy(needed),
            self.now,
            span,
            holds=holds_of(terms.owner, needed, ignoring=terms.own_holds()),
            booked_starts=terms.limits(span),
            shared=shared,
        )

    def next_after(self, moment: datetime) -> Slot | None:
        """The first slot from that moment on; None also when it cannot be known."""
        reach = _reach(self.terms.rules, self.now)
        start = moment if reach is None else max(moment, reach.start)
        while reach is not None and start < reach.end:
            end = min(start + _LOOK, reach.end)
            try:
                found = self.slots(Span(start, end))
            except BusyUnknown:
                return None
            if found:
                return found[0]
            start = end
        return None

    def _busy(self, span: Span) -> tuple[Span, ...]:
        terms = self.terms
        try:
            answer: BusyAnswer = busy_painted(
                owner=terms.owner,
                span=span,
                actor=self.actor,
                now=self.now,
                ignoring=own_event_ids(terms.owner, span),
                time_limit=self.time_limit,
            )
        except UpstreamError as error:
            if terms.degraded_mode is DegradedMode.REFUSE:
                raise BusyUnknown from error
            self.needs_approval = True
            return ()
        ages = [source.as_of for source in answer.sources]
        self.as_of = min([age for age in (self.as_of, *ages) if age is not None], default=None)
        return answer.spans
