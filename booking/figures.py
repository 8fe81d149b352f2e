"""How many meetings were booked, cancelled and missed, by link and ISO week."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, DateField, Q
from django.db.models.functions import TruncWeek

from booking.enums import MeetingState
from booking.staff_queries import visible_meetings
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from workspaces.models import Membership

WEEK = timedelta(days=7)
MAX_WEEKS = 105
NO_LINK = "Without a link"


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some meetings. Declined requests are none; `booked` holds all others."""

    booked: int = 0
    cancelled: int = 0
    no_show: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.booked + other.booked,
            self.cancelled + other.cancelled,
            self.no_show + other.no_show,
        )

    @property
    def cancelled_share(self) -> int | None:
        """Of a hundred booked ones how many were cancelled; None where none was booked."""
        return _of_hundred(self.cancelled, self.booked)

    @property
    def no_show_share(self) -> int | None:
        """Of a hundred that were not cancelled how many nobody came to; None where all were."""
        return _of_hundred(self.no_show, self.booked - self.cancelled)


@dataclass(frozen=True, slots=True)
class LinkTally:
    """A link's figures; links that share a title stay apart."""

    link_id: UUID | None
    title: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class WeekTally:
    """One ISO week: its Monday, its figures, and those of each link in it."""

    monday: date
    tally: Tally
    links: list[LinkTally]

    @property
    def name(self) -> str:
        """2026-W53: the ISO year, which is not always the Monday's."""
        year, week, _day = self.monday.isocalendar()
        return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a span of whole weeks, the latest first."""

    weeks: list[WeekTally]
    links: list[LinkTally]
    tally: Tally = field(default=Tally())


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def figures_of(
    membership: Membership,
    *,
    first: date,
    last: date,
    zone: ZoneInfo,
    owner_id: UUID | None = None,
    link_id: UUID | None = None,
) -> Figures:
    """What the member may see, by the week in which a meeting begins on the zone's clock.

    `first` and `last` are the Mondays of the first and last week. One query for each table.
    """
    cells: dict[date, dict[UUID | None, Tally]] = {}
    titles: dict[UUID | None, str] = {None: NO_LINK}
    span = Q(start_at__gte=day_begins(first, zone), start_at__lt=day_begins(last + WEEK, zone))
    for rows in visible_meetings(membership, owner_id=owner_id):
        wanted = rows.filter(span).exclude(state=MeetingState.DECLINED).order_by()
        if link_id is not None:
            wanted = wanted.filter(link_id=link_id)
        week = TruncWeek("start_at", tzinfo=zone, output_field=DateField())
        counts = wanted.values("link_id", "link__title", week=week).annotate(
            booked=Count("id"),
            cancelled=Count("id", filter=Q(state=MeetingState.CANCELLED)),
            no_show=Count("id", filter=Q(state=MeetingState.NO_SHOW)),
        )
        for one in counts:
            tally = Tally(one["booked"], one["cancelled"], one["no_show"])
            by_link = cells.setdefault(one["week"], {})
            by_link[one["link_id"]] = by_link.get(one["link_id"], Tally()) + tally
            titles.setdefault(one["link_id"], one["link__title"])
    weeks = [
        _week(first + number * WEEK, cells, titles)
        for number in reversed(range((last - first) // WEEK + 1))
    ]
    totals: dict[UUID | None, Tally] = {}
    for by_link in cells.values():
        for link, tally in by_link.items():
            totals[link] = totals.get(link, Tally()) + tally
    return Figures(weeks, _links(totals, titles), _sum(totals.values()))


def _week(
    monday: date, cells: dict[date, dict[UUID | None, Tally]], titles: dict[UUID | None, str]
) -> WeekTally:
    by_link = cells.get(monday, {})
    return WeekTally(monday, _sum(by_link.values()), _links(by_link, titles))


def _links(tallies: dict[UUID | None, Tally], titles: dict[UUID | None, str]) -> list[LinkTally]:
    found = [LinkTally(link, titles[link], tally) for link, tally in tallies.items()]
    return sorted(found, key=lambda one: (one.link_id is None, one.title.casefold()))


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def _of_hundred(part: int, whole: int) -> int | None:
    return None if whole <= 0 else round(100 * part / whole)
