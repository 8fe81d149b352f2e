"""The headquarters' week as one value: every branch in its own hue, to be read and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from calendars.addresses import local_day
from calendars.enums import Hue
from calendars.phrases import abbreviation, as_of, city_of
from calendars.presenters import event_block
from calendars.week import lay_out_week
from calendars.wording import clock, full_day
from common.errors import InvalidInput, NotFound
from common.spans import Span
from common.wallclock import day_begins, starts_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from calendars.blocks import EventBlock, WeekLayout
    from calendars.queries import SeenEvent, VisibleCalendar
    from workspaces.models import Workspace

_A_WEEK = timedelta(days=7)
_HUES = tuple(Hue.values)


@dataclass(frozen=True, slots=True)
class AskedWeek:
    """A week from its Monday on, and the branches whose calendars are wanted in it."""

    monday: date
    branches: tuple[Workspace, ...]

    def span(self, zone: ZoneInfo) -> Span:
        """The instants from the first midnight to the one after the last day."""
        return Span(day_begins(self.monday, zone), day_begins(self.monday + _A_WEEK, zone))


@dataclass(frozen=True, slots=True)
class Hour:
    """One line of the gutter."""

    label: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class BranchLine:
    """One branch in the filter; `note` tells its calendars and the age of their copies."""

    id: UUID
    name: str
    hue: str
    is_chosen: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HqPage:
    """Everything the page prints. The grid's template is the staff calendar's own, hence its names:
    what begins with `can_`, `changes_` or `poll_` is off here."""

    title: str
    week_number: int
    region_label: str
    grid: WeekLayout
    hours: Sequence[Hour]
    branches: Sequence[BranchLine]
    is_partial: bool
    zone_city: str
    zone_short: str
    now_wall: str
    monday: date
    here_url: str
    previous_url: str
    next_url: str
    today_url: str
    day_link: str
    view: str = "week"
    second_zone: None = None
    is_empty: bool = False
    can_write: bool = False
    changes_url: str = ""
    poll_seconds: int = 0


def read_hq_address(
    query: Mapping[str, str], wanted: Sequence[str], branches: Sequence[Workspace], today: date
) -> AskedWeek:
    """What `?date=&branch=&branch=` asks for: this week and all branches without.

    Raises InvalidInput for a date that is none, NotFound for what is no branch.
    """
    on = local_day(query.get("date") or today.isoformat())
    if on is None:
        raise InvalidInput("date", "Write the date like 2026-11-19.")
    known = {str(branch.pk): branch for branch in branches}
    if any(key not in known for key in wanted):
        raise NotFound
    chosen = [branch for key, branch in known.items() if not wanted or key in wanted]
    return AskedWeek(on - timedelta(days=on.weekday()), tuple(chosen))


def hq_page(
    *,
    asked: AskedWeek,
    branches: Sequence[Workspace],
    calendars: Sequence[VisibleCalendar],
    events: Sequence[SeenEvent],
    zone: ZoneInfo,
    now: datetime,
) -> HqPage:
    """The page. `calendars` are those of all branches, `events` those of the branches asked for."""
    hues = {branch.pk: _HUES[place % len(_HUES)] for place, branch in enumerate(branches)}
    names = {branch.pk: branch.name for branch in branches}
    sources = {one.calendar.pk: one for one in calendars}
    blocks = [_block(event, sources[event.calendar_id], hues, names) for event in events]
    grid = lay_out_week(blocks, asked.monday, zone, now)
    midday = starts_at(datetime.combine(asked.monday, time(12)), zone)
    here = _url(asked, branches, asked.monday)
    place = f"{city_of(zone.key)} time"
    chosen = {branch.pk for branch in asked.branches}
    span = asked.span(zone)
    return HqPage(
        title=grid.title,
        week_number=asked.monday.isocalendar().week,
        region_label=f"Week of {full_day(asked.monday)} {asked.monday.year}, {place}",
        grid=grid,
        hours=[Hour(clock(datetime.combine(asked.monday, time(hour)))) for hour in range(24)],
        branches=[
            BranchLine(
                id=branch.pk,
                name=branch.name,
                hue=hues[branch.pk],
                is_chosen=branch.pk in chosen,
                note=_note([one for one in calendars if _is_of(one, branch)], zone, now),
            )
            for branch in branches
        ],
        is_partial=any(
            not _holds(one, span) for one in calendars if one.calendar.workspace_id in chosen
        ),
        zone_city=city_of(zone.key),
        zone_short=abbreviation(zone, midday),
        now_wall=f"{now.astimezone(zone):%Y-%m-%dT%H:%M}" if grid.now else "",
        monday=asked.monday,
        here_url=here,
        previous_url=_url(asked, branches, asked.monday - _A_WEEK),
        next_url=_url(asked, branches, asked.monday + _A_WEEK),
        today_url=_url(asked, branches, None),
        day_link=f"{_url(asked, branches, None, keep_open=True)}date=",
    )


def _block(
    event: SeenEvent,
    source: VisibleCalendar,
    hues: Mapping[UUID, str],
    names: Mapping[UUID, str],
) -> EventBlock:
    """An event in its branch's hue, which leads nowhere; of a busy time it says whose it is."""
    branch_id = source.calendar.workspace_id
    block = event_block(event, source)
    if event.is_masked:
        block = block._replace(place=source.owner_name, place_icon="user")
    return block._replace(
        href="",
        hue=hues[branch_id],
        calendar=f"{source.owner_name}, {names[branch_id]}",
    )


def _is_of(one: VisibleCalendar, branch: Workspace) -> bool:
    return one.calendar.workspace_id == branch.pk


def _holds(one: VisibleCalendar, span: Span) -> bool:
    """Whether the copy is of a window that the span lies in."""
    begins, ends = one.calendar.window_from, one.calendar.window_until
    if begins is None or ends is None:
        return False
    return begins <= span.start and span.end <= ends


def _note(calendars: Sequence[VisibleCalendar], zone: ZoneInfo, now: datetime) -> str:
    if not calendars:
        return "no calendars"
    count = "1 calendar" if len(calendars) == 1 else f"{len(calendars)} calendars"
    synced = [one.calendar.synced_at for one in calendars]
    known = [moment for moment in synced if moment is not None]
    if len(known) < len(synced):
        return f"{count}, not all read yet"
    return f"{count} as of {as_of(min(known), zone, now)}"


def _url(
    asked: AskedWeek, branches: Sequence[Workspace], on: date | None, *, keep_open: bool = False
) -> str:
    """The page at another week with the same filter; `keep_open` ends so that more can follow."""
    filtered = len(asked.branches) < len(branches)
    query = [("branch", str(branch.pk)) for branch in asked.branches] if filtered else []
    if on is not None:
        query.append(("date", on.isoformat()))
    address, words = reverse("calendars:hq"), urlencode(query)
    if keep_open:
        return f"{address}?{words}&" if words else f"{address}?"
    return f"{address}?{words}" if words else address
