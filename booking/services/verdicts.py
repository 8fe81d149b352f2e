"""What the rules, our own promises and the calendars say of one time: asked by every service that
promises an owner's time, so that all of them mean the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audit.enums import AccessReason
from booking.errors import SlotTaken
from booking.queries import own_event_ids
from booking.services.seats import is_alone, own_hold
from booking.slots import Refusal, Rule, why_not
from calendars.services.busy import BusyAnswer, busy_live
from calendars.services.holds import holds_of
from common.errors import InvalidInput
from common.spans import Span, in_utc, overlaps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from booking.models import MeetingBase
    from booking.services.availability import Terms
    from calendars.models import Calendar
    from workspaces.owners import Owner

# Rules that a rival's booking or the passing of time can break; the others were never open.
_LOST_TO_OTHERS = frozenset({Rule.HELD, Rule.BUSY, Rule.DAY_LIMIT, Rule.WEEK_LIMIT, Rule.NOTICE})
_TAKEN_WORDS = {
    Rule.NOTICE: gettext_noop("This time is too close by now."),
    Rule.DAY_LIMIT: gettext_noop("This day is full by now."),
    Rule.WEEK_LIMIT: gettext_noop("This week is full by now."),
}
_BUFFER_WORDS = "Another meeting or event is so near that the time between them would be missing."
_HOW_TO_OVERRIDE = "Say why to book it all the same."
_OVERLAP_WORDS = "Something is in the calendar at this time. Nothing was changed."


def refusal_of(
    terms: Terms,
    span: Span,
    now: datetime,
    *,
    busy: Iterable[Span],
    moving: MeetingBase | None = None,
) -> Refusal | None:
    """What the rules, our own promises and the busy spans say against a meeting at `span`.

    A meeting that is `moving` there stands in its own way with neither its hold nor its place
    among the link's limits.
    """
    limits = terms.limits(span)
    if moving is not None and moving.start_at in limits and is_alone(moving):
        limits.remove(moving.start_at)
    return why_not(
        terms.rules,
        terms.availability,
        busy,
        now,
        span.start,
        holds=holds_of(terms.owner, terms.held(span), ignoring=own_hold(moving)),
        booked_starts=limits,
        shared=terms.shared(span),
    )


def raise_refusal(refusal: Refusal | None) -> None:
    """To a visitor: SlotTaken for what was open a moment ago, else InvalidInput("start")."""
    if refusal is None:
        return
    if refusal.rule in _LOST_TO_OTHERS:
        words = _TAKEN_WORDS.get(refusal.rule)
        raise SlotTaken(_(words) if words else "")
    raise InvalidInput("start", refusal.reason)


def live_busy(
    owner: Owner,
    span: Span,
    *,
    actor: Actor,
    calendars: Sequence[Calendar] | None = None,
    besides: Collection[UUID] = (),
) -> BusyAnswer:
    """What the owner's calendars say now, without the owner's own meetings and the events
    `besides`. Raises UpstreamError. Never call it within a transaction.
    """
    return busy_live(
        owner=owner,
        calendars=calendars,
        span=span,
        actor=actor,
        reason=AccessReason.BOOKING_CONFIRM,
        time_limit=settings.PROVIDER_CONFIRM_TIMEOUT,
        ignoring=own_event_ids(owner, span) | frozenset(besides),
    )


def span_to_hold(
    terms: Terms,
    span: Span,
    now: datetime,
    *,
    busy: Collection[Span],
    overriding: str,
    moving: MeetingBase | None = None,
) -> Span:
    """For staff: the time to hold for a meeting at `span`, buffers included where they fit.

    Raises InvalidInput("start") for a time that has passed, SlotTaken where it overlaps a promise
    or an event, which nothing overrides, and InvalidInput("overriding") for a broken rule that is
    set aside by giving a reason.
    """
    if span.start <= now:
        raise InvalidInput("start", "Choose a time that has not passed.")
    held = terms.held(span)
    if span.start in terms.shared(span):  # a seat of a slot that is held already
        taken = list(busy)
    else:
        taken = [*busy, *holds_of(terms.owner, held, ignoring=own_hold(moving))]
    if overlaps(span, taken):
        raise SlotTaken(_OVERLAP_WORDS)
    refusal = refusal_of(terms, span, now, busy=busy, moving=moving)
    if refusal is not None and not overriding:
        is_buffer = refusal.rule in {Rule.HELD, Rule.BUSY}
        words = _BUFFER_WORDS if is_buffer else refusal.reason
        raise InvalidInput("overriding", f"{words} {_HOW_TO_OVERRIDE}")
    return span if overlaps(held, taken) else held


def with_length_of(terms: Terms, span: Span) -> Terms:
    """The same terms for a meeting of another length than the link offers."""
    return replace(terms, rules=replace(terms.rules, duration=span.duration))


def instant_of(start: datetime) -> datetime:
    """The instant in UTC. Raises InvalidInput("start") for a naive time."""
    try:
        return in_utc(start)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "start", _("Give a time with its offset, such as 2026-11-26T14:30:00Z.")
        ) from None
