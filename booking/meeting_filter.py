"""What narrows the staff's list of meetings: read from an address, written back, and applied."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from booking.enums import TAKES_TIME, Answer, Clash, MeetingState
from booking.mail_troubles import standing_troubles
from booking.models import MeetingAnswer
from booking.owners import meeting_tables
from calendars.enums import ConferenceState
from common.enums import OutboxState
from common.errors import InvalidInput
from common.models import OutboxMessage
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

    from workspaces.models import Membership

OVER = (MeetingState.CANCELLED, MeetingState.DECLINED)
_ONE_DAY = timedelta(days=1)
_MAX_TEXT = 120


class Period(StrEnum):
    """The tabs of the page. `PAST` and `CANCELLED` show the latest first."""

    UPCOMING = "upcoming"
    NEEDS_YOU = "needs"
    PAST = "past"
    CANCELLED = "cancelled"
    ALL = "all"


LATEST_FIRST = frozenset({Period.PAST, Period.CANCELLED})


@dataclass(frozen=True, slots=True)
class MeetingFilter:
    """What narrows the list; blank parts narrow nothing. Days are the reader's, both included."""

    period: Period = Period.UPCOMING
    text: str = ""
    first_day: date | None = None
    last_day: date | None = None
    state: str = ""
    link_id: UUID | None = None
    owner_id: UUID | None = None

    @property
    def is_latest_first(self) -> bool:
        return self.period in LATEST_FIRST

    def narrowing(self) -> list[str]:
        """The names of the parts that narrow beyond the tab, the one to lift first in front."""
        return [one.name for one in fields(self)[1:] if getattr(self, one.name)]

    def without(self, name: str) -> MeetingFilter:
        """The same filter with one part lifted."""
        blank: dict[str, Any] = {name: "" if isinstance(getattr(self, name), str) else None}
        return replace(self, **blank)

    def query(self) -> str:
        """The filter as the query of an address; what is usual is left out."""
        said = {_NAMES[one.name]: getattr(self, one.name) for one in fields(self)}
        if self.period is Period.UPCOMING:
            del said["period"]
        return urlencode({name: str(value) for name, value in said.items() if value})


_NAMES = {
    "period": "period",
    "text": "q",
    "first_day": "from",
    "last_day": "to",
    "state": "state",
    "link_id": "link",
    "owner_id": "owner",
}


def read_filter(said: Mapping[str, str]) -> tuple[MeetingFilter, list[InvalidInput]]:
    """The filter in an address, and what of it could not be read; that part narrows nothing.

    Raises ValueError for ids that are none.
    """
    period, state = said.get("period", ""), said.get("state", "")
    problems: list[InvalidInput] = []
    wanted = MeetingFilter(
        period=Period(period) if period in set(Period) else Period.UPCOMING,
        text=said.get("q", "").strip()[:_MAX_TEXT],
        first_day=read_day(said, "from", problems),
        last_day=read_day(said, "to", problems),
        state=state if state in MeetingState.values else "",
        link_id=_uuid(said.get("link", "")),
        owner_id=_uuid(said.get("owner", "")),
    )
    if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
        problems.append(InvalidInput("to", "The last day is before the first."))
        wanted = wanted.without("last_day")
    return wanted, problems


def read_day(said: Mapping[str, str], name: str, problems: list[InvalidInput]) -> date | None:
    """The date under that name; None when there is none or, told in `problems`, it is unusable."""
    raw = said.get(name, "").strip()
    if not raw:
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2200 or day.isoformat() != raw:
        problems.append(InvalidInput(name, "Give a date such as 2026-11-26."))
        return None
    return day


def _uuid(said: str) -> UUID | None:
    return UUID(said) if said else None


def narrow(
    rows: QuerySet[Any],
    membership: Membership,
    wanted: MeetingFilter,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> QuerySet[Any]:
    """The meetings of one table that the filter shows, in the order of the list."""
    rows = rows.filter(_in_period(membership, wanted.period, now))
    if wanted.text:
        rows = rows.filter(
            Q(booker_name__icontains=wanted.text) | Q(booker_email__icontains=wanted.text)
        )
    if wanted.first_day:
        rows = rows.filter(start_at__gte=day_begins(wanted.first_day, zone))
    if wanted.last_day:
        rows = rows.filter(start_at__lt=day_begins(wanted.last_day + _ONE_DAY, zone))
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.link_id is not None:
        rows = rows.filter(link_id=wanted.link_id)
    if wanted.owner_id is not None:
        column = next(one.owner_column for one in meeting_tables() if one.meeting is rows.model)
        rows = rows.filter(**{column: wanted.owner_id})
    return rows.order_by("-start_at" if wanted.is_latest_first else "start_at", "pk")


def _in_period(membership: Membership, period: Period, now: datetime) -> Q:
    match period:
        case Period.UPCOMING:
            return Q(end_at__gt=now) & ~Q(state__in=OVER)
        case Period.PAST:
            return Q(end_at__lte=now) & ~Q(state__in=OVER)
        case Period.CANCELLED:
            return Q(state__in=OVER)
        case Period.NEEDS_YOU:
            return Q(end_at__gt=now) & _needs_a_hand(membership)
        case Period.ALL:
            return Q()


def _needs_a_hand(membership: Membership) -> Q:
    failed = OutboxMessage.objects.filter(
        workspace_id=membership.workspace_id,
        kind__startswith="booking.",
        state=OutboxState.FAILED,
    ).exclude(about_id=None)
    stuck = list(failed.values_list("about_id", flat=True))
    no_link = Q(state=MeetingState.CONFIRMED, conference_state=ConferenceState.FAILED)
    clashes = ~Q(clash=Clash.NONE) & Q(state__in=TAKES_TIME)
    unreached = list(standing_troubles(membership.workspace_id).values_list("about_id", flat=True))
    is_stuck = Q(pk__in=[*stuck, *unreached])
    answers = MeetingAnswer.objects.filter(
        meeting_id=OuterRef("pk"),
        start_at=OuterRef("start_at"),
        is_booker=True,
        answer=Answer.DECLINED,
        kept_at=None,
    )
    declined = Q(Exists(answers), state__in=TAKES_TIME)
    is_asked = Q(state=MeetingState.REQUESTED)
    return is_asked | is_stuck | no_link | clashes | declined
