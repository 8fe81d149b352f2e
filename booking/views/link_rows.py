"""The card of booking links: each with its address, its state, and what a guest meets there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from booking.beyond import refused_by_plan
from booking.enums import TAKES_TIME, DegradedMode
from booking.owners import tables_of
from booking.queries import links_of, owner_slug
from booking.views.desk import address_of
from booking.wording import day_and_month
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from booking.models import BookingLink
    from workspaces.owners import Owner

_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A booking link: its public address, its badges, and what a guest meets there in few words.

    `is_open` says that its page can be seen; `has_own_hours` that they are not the owner's.
    """

    link: BookingLink
    url: str
    facts: list[str]
    badges: list[str]
    is_open: bool
    has_own_hours: bool


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """The page that lists the links; without an address there is none."""

    slug: str
    url: str


@dataclass(frozen=True, slots=True)
class _Count:
    """The meetings of one link: those booked this week, and those that stand."""

    booked: int = 0
    standing: int = 0


def owner_page(owner: Owner) -> OwnerPage:
    """Where the owner's links are listed for everybody."""
    slug = owner_slug(owner)
    return OwnerPage(slug, f"{settings.PUBLIC_URL}/book/{slug}" if slug else "")


def link_rows(owner: Owner, now: datetime, *, tells_plan: bool = True) -> list[LinkRow]:
    """The owner's links, those that are open first.

    `tells_plan` says why a plan holds no meeting link: to staff, whose matter it is.
    """
    links = links_of(owner)
    counts = _counts(owner, links, now)
    today = now.astimezone(owner.zone).date()
    rows = []
    for link in links:
        count = counts.get(link.pk, _Count())
        closed = _closed_words(
            link, count, is_over=link.ends_on is not None and link.ends_on < today
        )
        rows.append(
            LinkRow(
                link,
                address_of(link),
                _facts(link, count.booked, owner.workspace.tier, tells_plan=tells_plan),
                [*closed, *_kinds(link)],
                is_open=not closed,
                has_own_hours=link.availability_settings is not None,
            )
        )
    return sorted(rows, key=lambda row: not row.is_open)


def length(minutes: int) -> str:
    """90 min, 4 h, 2 days: the largest unit that needs no rest."""
    if minutes >= 2 * _MINUTES_A_DAY and minutes % _MINUTES_A_DAY == 0:
        return _("%(number)s days") % {"number": minutes // _MINUTES_A_DAY}
    return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"


def _counts(owner: Owner, links: list[BookingLink], now: datetime) -> dict[UUID | None, _Count]:
    local = now.astimezone(owner.zone)
    monday = (local - timedelta(days=local.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    rows = tables_of(owner.kind).meeting._default_manager.filter(
        link__in=links, state__in=TAKES_TIME
    )
    counted = (
        rows.order_by()
        .values("link_id")
        .annotate(booked=Count("id", filter=Q(created_at__gte=monday)), standing=Count("id"))
        .values_list("link_id", "booked", "standing")
    )
    return {link_id: _Count(booked, standing) for link_id, booked, standing in counted}


def _closed_words(link: BookingLink, count: _Count, *, is_over: bool) -> list[str]:
    """Why its page is closed, in a word; none when it is open."""
    if not link.is_active:
        return ["Off"]
    if is_over:
        return ["Ended"]
    return ["Used"] if link.is_one_time and count.standing else []


def _kinds(link: BookingLink) -> list[str]:
    kinds = [(link.is_private, "Unlisted"), (link.is_one_time, "One-time")]
    return [word for holds, word in kinds if holds]


def _facts(link: BookingLink, booked: int, tier: str, *, tells_plan: bool) -> list[str]:
    around = max(link.buffer_before_minutes, link.buffer_after_minutes)
    wants_link = link.conference != Conference.NONE
    lengths = [str(minutes) for minutes in link.durations]
    said: list[tuple[object, Callable[[], str]]] = [
        (True, lambda: _("%(lengths)s min") % {"lengths": _listed(lengths)}),
        (link.is_group, lambda: _("%(number)s seats") % {"number": link.seats}),
        (wants_link, lambda: _meets_by(link, tier, tells_plan=tells_plan)),
        (link.location, lambda: link.location),
        (
            link.notice_minutes,
            lambda: _("%(length)s notice") % {"length": length(link.notice_minutes)},
        ),
        (around, lambda: _("%(length)s around") % {"length": length(around)}),
        (link.max_per_day, lambda: _("%(number)s a day at most") % {"number": link.max_per_day}),
        (link.max_per_week, lambda: _("%(number)s a week at most") % {"number": link.max_per_week}),
        (link.ends_on, lambda: _("until %(day)s") % {"day": _day(link.ends_on)}),
        (link.requires_approval, lambda: _("waits for your yes")),
        (link.verifies_email, lambda: _("proves addresses")),
        (
            link.degraded_mode == DegradedMode.REQUEST,
            lambda: _("asks you if a calendar cannot be read"),
        ),
        (booked, lambda: _("%(number)s booked this week") % {"number": booked}),
    ]
    return [words() for holds, words in said if holds]


def _day(day: date | None) -> str:
    return f"{day_and_month(day)} {day.year}" if day else ""


def _meets_by(link: BookingLink, tier: str, *, tells_plan: bool) -> str:
    refusal = refused_by_plan(link, tier)
    if refusal is not None:
        words = _("no meeting link")
        return f"{words}: {refusal.message}" if tells_plan else words
    is_auto = link.conference == Conference.AUTO
    return _("automatic link") if is_auto else link.get_conference_display()


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return _("%(some)s or %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}
