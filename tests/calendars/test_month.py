"""The month's layout: weeks, lines, bars, and dates on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.asked import MONTH, Asked
from calendars.blocks import EventBlock, State
from calendars.dates import Present
from calendars.month import LINES, lay_out_month

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)


def timed(title, day, hour=9, *, hours=1.0, zone=BERLIN, **more):
    start = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
    more = {"href": f"/{title}", "calendar": "Studio", "hue": "moss", **more}
    return EventBlock(
        id=title, title=title, start=start, end=start + timedelta(hours=hours), **more
    )


def whole(title, first, days=1, **more):
    more = {"href": f"/{title}", "calendar": "Studio", "hue": "plum", **more}
    return EventBlock(
        id=title, title=title, all_day=True, start_on=first, end_on=first + timedelta(days=days),
        **more,
    )  # fmt: skip


def month(*events, on=date(2026, 11, 18), zone=BERLIN, now=NOW):
    return lay_out_month(events, on, Asked(MONTH, on).mondays, Present(zone, now))


def day(layout, on):
    return next(one for week in layout.weeks for one in week.days if one.on == on)


def shown(layout, on):
    return [(line.kind, line.title) for line in day(layout, on).lines]


@pytest.mark.parametrize(
    ("on", "first", "weeks"),
    [
        (date(2026, 11, 18), date(2026, 10, 26), 6),  # begins on a Sunday
        (date(2027, 2, 10), date(2027, 2, 1), 4),  # 28 days from a Monday
        (date(2027, 5, 31), date(2027, 4, 26), 6),  # 31 days from a Saturday
        (date(2026, 12, 31), date(2026, 11, 30), 5),
        (date(2027, 1, 1), date(2026, 12, 28), 5),  # the year's first week is the old year's 53rd
    ],
)
def test_month_is_shown_in_whole_weeks(on, first, weeks):
    layout = month(on=on)
    dates = [one.on for week in layout.weeks for one in week.days]
    assert dates == [first + timedelta(days=number) for number in range(7 * weeks)]
    inside = [one.on for week in layout.weeks for one in week.days if "out" not in one.classes]
    assert (inside[0].day, inside[-1] + timedelta(days=1)) == (1, inside[-1].replace(day=1)
        + timedelta(days=len(inside)))  # fmt: skip


def test_weeks_carry_their_number_over_the_year():
    assert [week.number for week in month(on=date(2027, 1, 1)).weeks] == [53, 1, 2, 3, 4]


def test_title_names_the_month_of_the_date():
    assert month(on=date(2027, 5, 31)).title == "May 2027"


def test_fourth_event_and_those_after_it_are_counted():
    on = date(2026, 11, 19)
    layout = month(*(timed(f"E{hour}", on, hour) for hour in (12, 9, 11, 10, 13)))
    assert shown(layout, on) == [("timed", "E9"), ("timed", "E10"), ("timed", "E11")]
    assert day(layout, on).rest == "2 more"
    assert day(layout, on).label == "Thursday 19 November, 5 events"
    assert len(day(layout, on).dots) == 4


def test_three_events_leave_nothing_to_count():
    on = date(2026, 11, 19)
    assert day(month(*(timed(f"E{n}", on, n) for n in (9, 10, 11))), on).rest == ""


def test_bar_reaches_across_days_and_keeps_its_line():
    tuesday = date(2026, 11, 17)
    layout = month(whole("Leave", tuesday, 3), timed("Call", date(2026, 11, 18)))
    assert shown(layout, tuesday) == [("bar", "Leave")]
    assert "d3" in day(layout, tuesday).lines[0].classes.split()
    assert shown(layout, date(2026, 11, 18)) == [("under", "Leave"), ("timed", "Call")]
    assert shown(layout, date(2026, 11, 20)) == []


def test_second_bar_stays_on_its_line_where_the_first_has_ended():
    monday = date(2026, 11, 16)
    layout = month(whole("Long", monday, 2), whole("Longer", monday + timedelta(days=1), 3))
    assert shown(layout, monday + timedelta(days=2)) == [("gap", ""), ("under", "Longer")]


def test_timed_events_fill_the_line_above_a_bar():
    monday = date(2026, 11, 16)
    wednesday = monday + timedelta(days=2)
    layout = month(
        whole("Long", monday, 2),
        whole("Longer", monday + timedelta(days=1), 3),
        timed("Call", wednesday),
    )
    assert shown(layout, wednesday) == [("timed", "Call"), ("under", "Longer")]


def test_bar_over_a_weekend_is_drawn_once_in_each_week_and_named_once():
    layout = month(whole("Trade fair", date(2026, 11, 20), 5))
    friday, monday = day(layout, date(2026, 11, 20)).lines[0], day(layout, date(2026, 11, 23))
    assert (friday.kind, friday.id, "d3" in friday.classes) == ("bar", "Trade fair", True)
    (again,) = monday.lines
    assert (again.kind, again.id, again.classes.split()[2:4]) == (
        "bar", "", ["d2", "from-before"],
    )  # fmt: skip


def test_bars_beyond_the_lines_are_counted_on_each_of_their_days():
    monday = date(2026, 11, 16)
    layout = month(*(whole(f"B{number}", monday, 2) for number in range(LINES + 2)))
    for on in (monday, monday + timedelta(days=1)):
        assert len(day(layout, on).lines) == LINES
        assert day(layout, on).rest == "2 more"


def test_event_past_midnight_stands_on_the_evening_it_begins():
    layout = month(timed("Party", date(2026, 11, 20), 22, hours=5))
    assert shown(layout, date(2026, 11, 20)) == [("timed", "Party")]
    assert shown(layout, date(2026, 11, 21)) == []


def test_event_from_before_the_first_week_stands_on_its_first_day():
    layout = month(timed("Night", date(2026, 10, 25), 22, hours=5))
    assert shown(layout, date(2026, 10, 26)) == [("timed", "Night")]


def test_event_that_ended_at_the_first_midnight_is_left_out():
    layout = month(timed("Late", date(2026, 10, 25), 22, hours=2))
    assert shown(layout, date(2026, 10, 26)) == []


def test_event_elsewhere_is_left_out():
    layout = month(timed("May", date(2027, 5, 1)), whole("June", date(2027, 6, 1)))
    assert all(not one.lines for week in layout.weeks for one in week.days)


@pytest.mark.parametrize(
    ("on", "hour", "hours"),
    [(date(2026, 3, 29), 0, 22.5), (date(2026, 10, 25), 0, 24.5)],
    ids=["23 hours", "25 hours"],
)
def test_day_of_a_clock_change_holds_what_lies_on_it(on, hour, hours):
    layout = month(timed("Vigil", on, hour, hours=hours), on=on)
    kinds = [(kind, title) for kind, title in shown(layout, on) if title]
    assert kinds == [("timed" if hours < 24 else "bar", "Vigil")]
    assert shown(layout, on + timedelta(days=1)) == []


def test_skipped_date_holds_nothing():
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    start = datetime(2011, 12, 30, 9, 0, tzinfo=UTC)  # 23:00 on the 29th there
    event = EventBlock(
        id="e", title="Over", href="", calendar="c", hue="tide", start=start,
        end=start + timedelta(hours=3),
    )  # fmt: skip
    layout = month(event, on=date(2011, 12, 15), zone=apia, now=start)
    assert shown(layout, date(2011, 12, 29)) == [("timed", "Over")]
    assert shown(layout, date(2011, 12, 30)) == []


def test_today_past_and_states_are_classes():
    declined = timed("No", date(2026, 11, 20), states=frozenset({State.DECLINED}))
    layout = month(timed("Early", date(2026, 11, 18), 8), declined)
    assert day(layout, date(2026, 11, 18)).is_today
    assert "is-past" in day(layout, date(2026, 11, 18)).lines[0].classes
    assert "is-declined" in day(layout, date(2026, 11, 20)).lines[0].classes
    assert "is-weekend" in day(layout, date(2026, 11, 21)).classes
    assert layout.shows_today
