"""What a drag means: times of the page's zone, on both sides of a clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.models import Event
from calendars.moves import read_move, way_back
from calendars.providers.base import UNSET
from common.errors import Conflict, InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")


def timed(start, *, hours=1.0, timezone="Europe/Berlin"):
    return Event(
        title="Review", start_at=start, end_at=start + timedelta(hours=hours), timezone=timezone
    )


def whole(first, days=1):
    after = first + timedelta(days=days)
    return Event(
        title="Fair", is_all_day=True, start_wall=first.isoformat(), end_wall=after.isoformat(),
        start_at=datetime.combine(first, datetime.min.time(), UTC), end_at=datetime.combine(
            after, datetime.min.time(), UTC),
    )  # fmt: skip


NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)


def test_start_alone_keeps_the_length():
    draft = read_move({"start": "2026-11-19T10:30"}, timed(NINE, hours=1.5), BERLIN)
    assert draft.start == datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
    assert draft.end == datetime(2026, 11, 19, 11, 0, tzinfo=UTC)


def test_end_alone_keeps_the_start():
    draft = read_move({"end": "2026-11-18T11:15"}, timed(NINE), BERLIN)
    assert (draft.start, draft.end) == (NINE, datetime(2026, 11, 18, 10, 15, tzinfo=UTC))


def test_event_stays_in_the_zone_it_was_made_in():
    event = timed(NINE, timezone="America/New_York")
    assert read_move({"start": "2026-11-19T10:30"}, event, BERLIN).timezone == "America/New_York"
    odd = timed(NINE, timezone="Customized Time Zone")
    assert read_move({"start": "2026-11-19T10:30"}, odd, BERLIN).timezone is UNSET


@pytest.mark.parametrize(
    ("start", "begins"),
    [
        # 02:30 is skipped on 29 March: the end of the gap, 03:00, which is 01:00 UTC
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # 02:30 comes twice on 25 October: the first
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_length_is_real_time_over_a_clock_change(start, begins):
    draft = read_move({"start": start}, timed(NINE, hours=2), BERLIN)
    assert (draft.start, draft.end) == (begins, begins + timedelta(hours=2))


def test_instants_are_taken_as_they_are():
    event = timed(NINE)
    draft = read_move(way_back(event), timed(NINE + timedelta(days=3)), BERLIN)
    assert (draft.start, draft.end) == (NINE, NINE + timedelta(hours=1))


@pytest.mark.parametrize("was", ["2026-11-18T09:00", "2026-11-18T08:00:00+00:00", ""])
def test_page_that_showed_the_truth_may_move(was):
    assert read_move({"start": "2026-11-19T09:00", "was": was}, timed(NINE), BERLIN)


@pytest.mark.parametrize("was", ["2026-11-18T09:15", "2026-11-18T09:00:00+00:00"])
def test_event_that_was_moved_meanwhile_stays_there(was):
    with pytest.raises(Conflict, match="was moved meanwhile, to Wednesday 18 November 2026, 09:00"):
        read_move({"start": "2026-11-19T09:00", "was": was}, timed(NINE), BERLIN)


def test_second_of_two_equal_hours_is_no_conflict():
    second = timed(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert read_move({"start": "2026-10-26T09:00", "was": "2026-10-25T02:30"}, second, BERLIN)


def test_whole_days_move_by_dates():
    fair = whole(date(2026, 11, 18), 3)
    draft = read_move({"start": "2026-12-30", "was": "2026-11-18"}, fair, BERLIN)
    assert (draft.start, draft.end, draft.all_day) == (
        date(2026, 12, 30), date(2027, 1, 2), True,
    )  # fmt: skip
    longer = read_move({"end": "2026-11-23"}, fair, BERLIN)
    assert (longer.start, longer.end) == (date(2026, 11, 18), date(2026, 11, 23))
    with pytest.raises(Conflict):
        read_move({"start": "2026-12-30", "was": "2026-11-17"}, fair, BERLIN)


@pytest.mark.parametrize(
    "typed",
    [{}, {"start": "soon"}, {"end": "2026-11-18"}, {"start": "0001-01-01T09:00:00+00:00"},
     {"start": "2026-11-18T09:00:00"}, {"was": "x", "start": "2026-11-18T09:00"}],
)  # fmt: skip
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(InvalidInput):
        read_move(typed, timed(NINE), BERLIN)


@pytest.mark.parametrize("typed", [{}, {"start": "soon"}, {"end": "2026-11-18T09:00"}])
def test_what_is_no_date_is_refused(typed):
    with pytest.raises(InvalidInput):
        read_move(typed, whole(date(2026, 11, 18)), BERLIN)
