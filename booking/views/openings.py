"""Whether guests can book an owner now, and through which link when next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from booking.errors import BusyUnknown, LinkClosed
from booking.queries import links_of
from booking.services.availability import durations_of, open_slots_for
from booking.views.desk import subject_of
from booking.wording import clock, long_day, short_day

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from booking.models import BookingLink
    from booking.services.availability import SlotOffer
    from workspaces.owners import Owner

LOOK_AHEAD = timedelta(days=27)
MAX_LINKS_ASKED = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether guests can book now, in a sentence, and the next open time of each link in few
    words; links that are closed or were not asked have none.
    """

    is_open: bool
    words: str
    next_open: dict[UUID, str] = field(default_factory=dict)


def standing_of(owner: Owner, *, now: datetime, actor: Actor, whom: str = "") -> Standing:
    """Whether guests can book the owner, and when next; asks the calendars, for seconds at most.

    `whom` are the words for the owner, where the page does not say `subject_of`.
    Never raises for a calendar that cannot be read: that is the answer then.
    """
    whom = whom or subject_of(owner)
    links = [link for link in links_of(owner) if link.is_active][:MAX_LINKS_ASKED]
    if not links:
        words = _("Guests cannot book %(whom)s: no link is switched on.") % {"whom": whom}
        return Standing(is_open=False, words=words)
    found: dict[UUID, str] = {}
    starts, needs_approval, is_any_open = [], False, False
    for link in links:
        try:
            offer = _offer(link, owner, now, actor)
        except LinkClosed:
            continue
        except BusyUnknown as unknown:
            why = getattr(unknown.__cause__, "message", unknown.message)
            words = _("Guests see no times of %(whom)s now. %(why)s") % {"whom": whom, "why": why}
            return Standing(is_open=False, words=words)
        is_any_open = True
        first = offer.slots[0] if offer.slots else offer.next_open
        if first is None:
            found[link.pk] = "no open time"
            continue
        day = short_day(first.start.astimezone(owner.zone).date())
        found[link.pk] = f"next open: {day}, {clock(first.start, owner.zone)}"
        starts.append(first.start)
        needs_approval = needs_approval or offer.needs_approval
    if not is_any_open:
        words = _("Guests cannot book %(whom)s: every link is used up or has ended.") % {
            "whom": whom
        }
        return Standing(is_open=False, words=words)
    if not starts:
        words = _("Guests find no open time of %(whom)s.") % {"whom": whom}
        return Standing(is_open=False, words=words, next_open=found)
    start = min(starts)
    day = long_day(start.astimezone(owner.zone).date())
    can = (
        _("Guests can ask for times of %(whom)s now. Next open: %(when)s.")
        if needs_approval
        else _("Guests can book %(whom)s now. Next open: %(when)s.")
    )
    words = can % {"whom": whom, "when": f"{day}, {clock(start, owner.zone)}"}
    return Standing(is_open=not needs_approval, words=words, next_open=found)


def _offer(link: BookingLink, owner: Owner, now: datetime, actor: Actor) -> SlotOffer:
    today = now.astimezone(owner.zone).date()
    return open_slots_for(
        link=link,
        duration=durations_of(link)[0],
        first_day=today,
        last_day=today + LOOK_AHEAD,
        zone=owner.zone,
        now=now,
        actor=actor,
    )
