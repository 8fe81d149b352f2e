"""The small month beside the week."""

from __future__ import annotations

from datetime import date

import pytest

from calendars.sidebar import mini_month

WEDNESDAY, MONDAY = date(2026, 11, 18), date(2026, 11, 16)


def test_month_has_six_weeks_and_marks_the_one_shown():
    month = mini_month(WEDNESDAY, MONDAY, today=date(2026, 11, 20))
    assert month.title == "November 2026"
    assert [week.number for week in month.weeks] == [44, 45, 46, 47, 48, 49]
    assert [week.is_here for week in month.weeks].index(True) == 3
    first = month.weeks[0].days
    assert (first[0].on, first[0].is_out, first[6].on, first[6].is_out) == (
        date(2026, 10, 26),
        True,
        date(2026, 11, 1),
        False,
    )
    assert [day.on for week in month.weeks for day in week.days if day.is_today] == [
        date(2026, 11, 20)
    ]


@pytest.mark.parametrize(
    ("shown", "previous", "following"),
    [
        (date(2026, 11, 18), date(2026, 10, 18), date(2026, 12, 18)),
        (date(2026, 1, 31), date(2025, 12, 31), date(2026, 2, 28)),
        (date(2026, 12, 1), date(2026, 11, 1), date(2027, 1, 1)),
        (date(2028, 3, 31), date(2028, 2, 29), date(2028, 4, 30)),
    ],
)
def test_neighbours_keep_the_day_where_they_have_it(shown, previous, following):
    month = mini_month(shown, shown, shown)
    assert (month.previous_on, month.next_on) == (previous, following)
