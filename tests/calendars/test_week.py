"""The week's geometry: the reference page block by block, then its rules one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.week import Flag, State
from tests.calendars.weeks import (
    MONDAY,
    NOW,
    blocks,
    classes,
    clock,
    event,
    november,
    timed,
    week,
    whole,
)

# The reference page: column, times, classes.
REFERENCE = """
0 09:00-09:30 ev hue-moss s36 n2 is-past
0 09:30-11:00 ev hue-plum s38 n6 l0 of2 over is-past
0 10:30-11:30 ev hue-tide s42 n4 l1 of2 is-past
0 12:00-12:45 ev hue-tide s48 n3 is-free is-past
0 13:30-15:00 ev hue-clay s54 n6 is-past
0 15:00-16:00 ev hue-iris s60 n4 is-stale is-past
0 16:30-17:00 ev hue-tide s66 n2 is-past
1 09:00-09:30 ev hue-moss s36 n2 is-past
1 10:00-11:30 ev hue-moss s40 n6 l0 of3 over is-past
1 10:30-12:00 ev hue-plum s42 n6 l1 of3 is-past
1 10:30-11:00 ev hue-tide s42 n2 l2 of3 is-past
1 13:00-14:00 ev hue-clay s52 n4 is-past
1 14:00-14:45 ev hue-tide s56 n3 is-past
1 15:00-15:30 ev hue-tide s60 n2 is-past
1 16:00-17:00 ev hue-moss s64 n4 is-past
2 08:00-08:45 ev hue-tide s32 n3 is-past
2 09:00-09:30 ev hue-moss s36 n2 is-past
2 10:00-11:00 ev hue-plum s40 n4 is-past
2 11:15-12:00 ev hue-tide s45 n3 is-past
2 12:30-13:15 ev hue-moss s50 n3 is-declined
2 13:30-14:30 ev hue-clay s54 n4 l0 of2 over
2 14:00-15:00 ev hue-iris s56 n4 l1 of2 is-stale
2 15:30-16:15 ev hue-tide s62 n3
2 17:00-18:00 ev hue-moss s68 n4 is-asked
3 09:00-09:30 ev hue-moss s36 n2
3 09:30-10:15 ev hue-tide s38 n3
3 11:00-12:30 ev hue-moss s44 n6 l0 of2
3 11:00-12:00 ev hue-clay s44 n4 l1 of2
3 13:00-13:45 ev hue-tide s52 n3 is-free
3 14:00-15:30 ev hue-iris s56 n6 is-stale
3 16:00-16:30 ev hue-tide s64 n2
3 16:30-17:30 ev hue-plum s66 n4 is-maybe
4 09:00-09:30 ev hue-moss s36 n2
4 10:00-12:00 ev hue-tide s40 n8
4 13:30-15:00 ev hue-clay s54 n6 l0 of2 over
4 14:30-15:15 ev hue-moss s58 n3 l1 of2 is-maybe
4 16:00-17:00 ev hue-plum s64 n4
5 10:00-13:00 ev hue-plum s40 n12
6 18:00-18:30 ev hue-tide s72 n2
"""


def test_the_reference_page_is_laid_out_class_by_class():
    expected, events = [], []
    for number, line in enumerate(REFERENCE.strip().splitlines()):
        column, times, wanted = line.split(" ", 2)
        day = MONDAY + timedelta(days=int(column))
        start, end = times.split("-")
        names = wanted.split()
        states = frozenset(state for state in State if state.value in names)
        events.append(timed(start, end, day=day, number=number, hue=names[1][4:], states=states))
        expected.append((int(column), f"e{number}", wanted))
    found = [(index, block.id, block.classes) for index, block in blocks(week(*reversed(events)))]
    assert found == expected


# --- columns --------------------------------------------------------------------------------


def test_columns_say_which_day_they_are():
    layout = week()
    assert [day.classes for day in layout.days] == [
        "day c0",
        "day c1",
        "day c2 is-today",
        "day c3",
        "day c4",
        "day c5 is-weekend",
        "day c6 is-weekend",
    ]
    assert [day.head_classes for day in layout.days] == [
        "wk-day is-past",
        "wk-day is-past",
        "wk-day is-today",
        "wk-day",
        "wk-day",
        "wk-day",
        "wk-day",
    ]
    wednesday = layout.days[2]
    assert (wednesday.on, wednesday.iso) == (november(18), "2026-11-18")
    assert wednesday.label == "Wednesday 18 November"
    assert (wednesday.weekday, wednesday.short, wednesday.number) == ("Wednesday", "Wed", "18")
    assert [day.is_past for day in layout.days] == [True, True, *[False] * 5]
    assert [day.is_today for day in layout.days].index(True) == 2
    assert [day.is_weekend for day in layout.days] == [*[False] * 5, True, True]


def test_today_on_a_weekend_is_marked_as_today():
    layout = week(now=NOW + timedelta(days=3))
    assert layout.days[5].classes == "day c5 is-today"


@pytest.mark.parametrize(
    ("monday", "title"),
    [
        (MONDAY, "16\u201322 November 2026"),
        (date(2026, 11, 30), "30 November \u2013 6 December 2026"),
        (date(2026, 12, 28), "28 December 2026 \u2013 3 January 2027"),
    ],
)
def test_the_title_names_month_and_year_as_often_as_they_differ(monday, title):
    assert week(monday=monday).title == title


def test_now_is_a_line_in_today_and_through_the_week():
    layout = week()
    assert layout.now == "now s57 m5"
    assert layout.now_label == "14:20"
    assert [day.now for day in layout.days] == ["", "", "now s57 m5", "", "", "", ""]


def test_now_on_the_quarter_has_no_minutes():
    assert week(now=clock("09:00", november(18))).now == "now s36"


def test_now_is_not_drawn_in_another_week():
    layout = week(monday=MONDAY + timedelta(days=7))
    assert layout.now == ""
    assert {day.now for day in layout.days} == {""}


def test_today_is_the_zones():
    kiritimati = week(zone=ZoneInfo("Pacific/Kiritimati"))
    assert [day.is_today for day in kiritimati.days].index(True) == 3
    assert kiritimati.now_label == "04:20"


# --- timed events ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("09:00", "09:30", "s36 n2"),
        ("00:00", "00:15", "s0 n1"),
        ("09:05", "09:50", "s36 n3 m5"),
        ("09:05", "09:51", "s36 n4 m5"),
        ("09:14", "09:15", "s36 n1 m14"),
        ("09:00", "09:00", "s36 n1"),
        ("23:30", "23:45", "s94 n1"),
        ("23:50", "23:55", "s94 n1"),
        ("23:20", "23:55", "s93 n3"),
        ("00:05", "23:59", "s0 n96"),
    ],
)
def test_odd_lengths_round_up_and_stay_inside_the_day(start, end, expected):
    assert classes(timed(start, end)) == [(0, expected)]


def test_the_label_stays_exact():
    ((_, block),) = blocks(week(timed("23:52", "23:57")))
    assert (block.starts, block.ends) == ("23:52", "\u201323:57")


def test_a_moment_has_no_end_to_name():
    ((_, block),) = blocks(week(timed("09:00", "09:00")))
    assert (block.starts, block.ends) == ("09:00", "")


def test_an_event_until_midnight_stays_in_its_day():
    found = week(timed("22:00", "00:00", until=november(17)))
    assert [(i, b.starts, b.ends) for i, b in blocks(found)] == [(0, "22:00", "\u201300:00")]
    assert "s88 n8" in blocks(found)[0][1].classes


def test_an_event_over_midnight_is_split():
    overnight = timed("22:00", "02:00", until=november(17))
    found = [(i, b.id, b.classes, b.starts, b.ends) for i, b in blocks(week(overnight))]
    assert found == [
        (0, "e0", "ev hue-moss s88 n8 is-past", "22:00", "\u201302:00"),
        (1, "", "ev hue-moss s0 n8 is-past", "until 02:00", ""),  # an id stands once
    ]


def test_the_part_of_a_split_event_outside_the_week_is_left_out():
    before = timed("22:00", "02:00", day=november(15), until=MONDAY, number=1)
    after = timed("22:00", "02:00", day=november(22), until=november(23), number=2)
    assert classes(before, after) == [(0, "s0 n8"), (6, "s88 n8")]


def test_events_of_other_weeks_are_left_out():
    layout = week(
        timed("09:00", "10:00", day=november(15)),
        timed("09:00", "10:00", day=november(23)),
        whole(november(9), november(16)),
        whole(november(23), november(24)),
    )
    assert blocks(layout) == []
    assert layout.all_day == ()


def test_an_event_ongoing_is_not_past_and_one_just_over_is():
    found = week(
        timed("13:20", "14:20", day=november(18), number=1),
        timed("13:21", "14:21", day=november(18), number=2),
    )
    assert [("is-past" in block.classes) for _, block in blocks(found)] == [True, False]


# --- clock changes --------------------------------------------------------------------------

NEW_YORK = ZoneInfo("America/New_York")
AUTUMN, SPRING = date(2026, 10, 26), date(2026, 3, 2)


def in_new_york(monday, start, end, number=0):
    return week(
        event(number, start=datetime.fromisoformat(start), end=datetime.fromisoformat(end)),
        monday=monday,
        zone=NEW_YORK,
    )


@pytest.mark.parametrize(
    ("monday", "start", "end", "expected", "label"),
    [
        # One real hour over the gap is two on the wall.
        (SPRING, "2026-03-08T06:30Z", "2026-03-08T07:30Z", "s6 n8", "01:30\u201303:30"),
        # Two real hours over the repeated hour are one on the wall.
        (AUTUMN, "2026-11-01T05:30Z", "2026-11-01T07:30Z", "s6 n4", "01:30\u201302:30"),
        # From 01:30 to the second 01:30: the length is real.
        (AUTUMN, "2026-11-01T05:30Z", "2026-11-01T06:30Z", "s6 n4", "01:30\u201301:30"),
        (AUTUMN, "2026-11-01T05:45Z", "2026-11-01T06:15Z", "s7 n2", "01:45\u201301:15"),
        # In the second 01:30 the clock reads the same as in the first.
        (AUTUMN, "2026-11-01T06:30Z", "2026-11-01T06:45Z", "s6 n1", "01:30\u201301:45"),
    ],
)
def test_days_with_a_clock_change_go_by_the_wall(monday, start, end, expected, label):
    ((index, block),) = blocks(in_new_york(monday, start, end))
    assert index == 6
    assert block.classes.startswith(f"ev hue-moss {expected}")
    assert block.starts + block.ends == label


def test_a_day_of_25_hours_is_no_all_day_event_until_24_have_passed():
    """Midnight to midnight is 25 hours there, so it belongs on top; 23 hours 59 do not."""
    layout = in_new_york(AUTUMN, "2026-11-01T04:00Z", "2026-11-02T05:00Z")
    assert [bar.classes for bar in layout.all_day] == ["ad hue-moss c6 d1 r1 is-past"]
    layout = in_new_york(AUTUMN, "2026-11-01T04:00Z", "2026-11-02T03:59Z")
    assert layout.all_day == ()
    assert len(blocks(layout)) == 1


def test_an_event_of_under_24_hours_can_touch_three_dates_in_spring():
    layout = in_new_york(SPRING, "2026-03-08T04:30Z", "2026-03-09T04:20Z")
    assert [(i, b.starts, b.ends) for i, b in blocks(layout)] == [
        (5, "23:30", "\u201300:20"),
        (6, "all day", ""),
    ]


def test_the_date_that_samoa_skipped_stays_empty():
    apia = ZoneInfo("Pacific/Apia")
    monday = date(2011, 12, 26)
    over = event(
        start=datetime(2011, 12, 30, 9, tzinfo=UTC), end=datetime(2011, 12, 30, 11, tzinfo=UTC)
    )
    layout = week(over, monday=monday, zone=apia)
    found = [
        (layout.days[i].on.day, b.starts, b.ends) for i, b in blocks(layout) if "n4" in b.classes
    ]
    assert found == [(29, "23:00", "\u201301:00"), (31, "until 01:00", "")]


# --- what a block says ----------------------------------------------------------------------


def only(**more):
    ((_, block),) = blocks(week(timed("09:00", "10:00", day=november(19), **more)))
    return block


def test_a_plain_block_names_its_calendar_to_readers():
    block = only(place="Room 4")
    assert (block.title, block.href) == ("Crit", "/e0")
    assert (block.place, block.place_icon, block.place_classes) == ("Room 4", "pin", "x")
    assert (block.icons, block.spoken) == ((), ", Studio")


def test_a_failed_link_is_warned_of():
    assert only(place="No link. Try again", place_icon="alert").place_classes == "x warned"


@pytest.mark.parametrize(
    ("flags", "icons", "spoken"),
    [
        ({Flag.REPEATS}, ("repeat",), ", Studio, repeats"),
        ({Flag.BOOKED}, ("link",), ", Studio, booked through a link"),
        ({Flag.REPEATS, Flag.PRIVATE}, ("lock", "repeat"), ", Studio, private, repeats"),
        (
            {Flag.BOOKED, Flag.LINK_PENDING},
            ("dashed", "link"),
            ", Studio, meeting link on its way, booked through a link",
        ),
        ({Flag.LINK_FAILED}, ("alert",), ", Studio, meeting link missing"),
        ({Flag.REPLY_NEEDED}, ("help",), ", Studio, reply needed"),
        (
            set(Flag),
            ("alert", "dashed"),
            ", Studio, meeting link missing, meeting link on its way, reply needed, out of office"
            ", focus time, working location, birthday, booked through a link, private, repeats",
        ),
    ],
)
def test_flags_are_icons_and_words(flags, icons, spoken):
    block = only(flags=frozenset(flags))
    assert (block.icons, block.spoken) == (icons, spoken)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.FREE, "free"),
        (State.MAYBE, "maybe"),
        (State.ASKED, "reply needed"),
        (State.DECLINED, "you declined"),
        (State.STALE, "shown from an older copy"),
        (State.SAVING, "saving"),
    ],
)
def test_states_are_classes_and_words(state, word):
    block = only(states=frozenset({state}))
    assert block.classes == f"ev hue-moss s36 n4 {state.value}"
    assert block.spoken == f", Studio, {word}"


def test_a_stale_block_says_from_when_it_is():
    stale = only(states=frozenset({State.STALE}), as_of=clock("14:05", november(18)))
    assert stale.spoken == ", Studio, shown as of 14:05"


def test_reply_needed_is_said_once():
    both = only(states=frozenset({State.ASKED}), flags=frozenset({Flag.REPLY_NEEDED}))
    assert both.spoken == ", Studio, reply needed"


def test_a_draft_has_no_hue():
    assert only(hue="", states=frozenset({State.DRAFT})).classes == "ev s36 n4 is-draft"
