"""The week's geometry: the reference page block by block, then its rules one by one."""

from __future__ import annotations

import re
import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.lanes import MAX_LANES, MAX_ROWS, Lane, lanes, rows
from calendars.week import EventBlock, Flag, State, lay_out_day, lay_out_week
from workspaces.availability import DEFAULT_AVAILABILITY

DUBLIN = ZoneInfo("Europe/Dublin")
MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)  # Wednesday; Dublin keeps UTC in November
STYLESHEET = Path(__file__).parents[2] / "static" / "css" / "app.css"

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


def clock(text, day=MONDAY):
    return datetime.combine(day, time.fromisoformat(text), tzinfo=UTC)


def timed(start, end, *, day=MONDAY, until=None, number=0, **more):
    return event(number, start=clock(start, day), end=clock(end, until or day), **more)


def whole(first, after, number=0, **more):
    return event(number, all_day=True, start_on=first, end_on=after, **more)


def event(number=0, **more):
    given = {
        "id": f"e{number}",
        "title": "Crit",
        "href": f"/e{number}",
        "calendar": "Studio",
        "hue": "moss",
    }
    return EventBlock(**{**given, **more})


def november(day):
    return date(2026, 11, day)


def week(*events, monday=MONDAY, zone=DUBLIN, now=NOW, **more):
    return lay_out_week(events, monday, zone, now, **more)


def blocks(layout):
    return [(index, block) for index, day in enumerate(layout.days) for block in day.blocks]


def classes(*events, **more):
    """Column and placing classes of every block, without hue and states."""
    return [
        (
            index,
            " ".join(c for c in block.classes.split() if re.fullmatch(r"([snmlw]|of)\d+|over", c)),
        )
        for index, block in blocks(week(*events, **more))
    ]


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


# --- the all-day row ------------------------------------------------------------------------


def test_the_reference_pages_all_day_row():
    layout = week(
        whole(november(16), november(19), 1, hue="plum", title="Ines on leave"),
        whole(november(19), november(21), 2, hue="moss"),
        whole(november(18), november(19), 3, hue="tide", flags=frozenset({Flag.REPEATS})),
        whole(november(20), november(21), 4, hue="clay"),
        whole(november(21), november(22), 5, hue="plum", states=frozenset({State.MAYBE})),
    )
    assert layout.all_day_classes == "wk-allday rows2"
    assert layout.rows == 2
    assert {(bar.id, bar.classes, bar.note, bar.icons) for bar in layout.all_day} == {
        ("e1", "ad hue-plum c0 d3 r1", "until Wednesday", ()),
        ("e2", "ad hue-moss c3 d2 r1", "", ()),
        ("e3", "ad hue-tide c2 d1 r2", "", ("repeat",)),
        ("e4", "ad hue-clay c4 d1 r2", "", ()),
        ("e5", "ad hue-plum c5 d1 r1 is-maybe", "", ()),
    }


@pytest.mark.parametrize(
    ("first", "after", "placed", "note"),
    [
        (november(14), november(18), "c0 d2 r1 from-before is-past", "since Saturday"),
        (november(2), november(30), "c0 d7 r1 from-before", "since 2 November"),
        (november(20), november(26), "c4 d3 r1", "until Wednesday"),
        (november(20), date(2026, 12, 10), "c4 d3 r1", "until 9 December"),
        (november(17), november(18), "c1 d1 r1 is-past", ""),
        (november(18), november(18), "c2 d1 r1", ""),
    ],
)
def test_bars_are_cut_at_the_week_and_say_so(first, after, placed, note):
    (bar,) = week(whole(first, after)).all_day
    assert (bar.classes, bar.note) == (f"ad hue-moss {placed}", note)
    assert (bar.title, bar.href, bar.spoken) == ("Crit", "/e0", ", Studio")


@pytest.mark.parametrize(
    ("day", "until", "placed", "note"),
    [
        (november(17), november(18), "c1 d2 r1", "from 15:00"),
        (november(20), november(27), "c4 d3 r1", "from 15:00"),
        (november(13), november(19), "c0 d4 r1 from-before", "until Thursday 15:00"),
        (november(13), november(17), "c0 d2 r1 from-before is-past", "until Tuesday 15:00"),
    ],
)
def test_timed_events_of_a_day_and_more_go_on_top(day, until, placed, note):
    layout = week(timed("15:00", "15:00", day=day, until=until))
    assert blocks(layout) == []
    assert [(bar.classes, bar.note) for bar in layout.all_day] == [(f"ad hue-moss {placed}", note)]


def test_a_timed_event_of_just_under_a_day_stays_below():
    layout = week(timed("15:00", "14:59", until=november(17)))
    assert layout.all_day == ()
    assert [index for index, _ in blocks(layout)] == [0, 1]


def test_an_empty_all_day_row_has_one_row_to_draw():
    layout = week()
    assert (layout.rows, layout.all_day_classes) == (0, "wk-allday rows1")


def test_what_finds_no_row_is_counted():
    many = [whole(november(18), november(20), number) for number in range(MAX_ROWS + 2)]
    layout = week(*many, whole(november(16), november(17), 99))
    assert layout.rows == MAX_ROWS
    assert len(layout.all_day) == MAX_ROWS - 1 + 1
    assert [(more.on, more.classes, more.label) for more in layout.more] == [
        (november(18), f"ad c2 d1 r{MAX_ROWS}", "3 more"),
        (november(19), f"ad c3 d1 r{MAX_ROWS}", "3 more"),
    ]


def test_as_many_as_there_are_rows_are_all_shown():
    layout = week(*[whole(november(18), november(19), number) for number in range(MAX_ROWS)])
    assert len(layout.all_day) == MAX_ROWS
    assert layout.more == ()


# --- one day --------------------------------------------------------------------------------


def test_a_day_is_a_week_of_one_column():
    layout = lay_out_day(
        [
            timed("09:00", "10:00", day=november(18), number=1),
            timed("09:00", "10:00", day=november(19), number=2),
            whole(november(16), november(19), 3),
        ],
        november(18),
        DUBLIN,
        NOW,
    )
    assert layout.title == "Wednesday 18 November 2026"
    assert layout.classes == "week one"
    assert [day.classes for day in layout.days] == ["day c0 is-today"]
    assert [block.id for block in layout.days[0].blocks] == ["e1"]
    assert [(bar.classes, bar.note) for bar in layout.all_day] == [
        ("ad hue-moss c0 d1 r1 from-before", "since Monday")
    ]
    assert layout.days[0].now == "now s57 m5"


# --- hours outside availability -------------------------------------------------------------


def off(*hours, day=MONDAY):
    layout = week(open_on=lambda on: hours if on == day else ())
    return layout.days[(day - MONDAY).days].off


def test_hours_outside_availability_are_shaded():
    assert off((time(9), time(17, 30))) == ("off s0 n36", "off s70 n26")
    assert off((time(9), time(12)), (time(13), time(17))) == (
        "off s0 n36",
        "off s48 n4",
        "off s68 n28",
    )


def test_a_quarter_partly_open_is_not_shaded():
    assert off((time(9, 10), time(17, 5))) == ("off s0 n36", "off s69 n27")


def test_open_until_midnight_shades_nothing_after():
    assert off((time(0), time(0))) == ()
    assert off((time(9), time(0))) == ("off s0 n36",)


def test_a_closed_workday_is_shaded_and_a_closed_weekend_is_not():
    assert off(day=november(17)) == ("off s0 n96",)
    assert off(day=november(21)) == ()


def test_shading_reads_an_availability():
    layout = week(open_on=DEFAULT_AVAILABILITY.intervals_on)
    assert [day.off for day in layout.days] == [*[("off s0 n36", "off s68 n28")] * 5, (), ()]


# --- refusals -------------------------------------------------------------------------------


def test_an_event_without_times_is_refused():
    with pytest.raises(ValueError, match="start and an end"):
        week(event())
    with pytest.raises(ValueError, match="first date"):
        week(event(all_day=True))


# --- lanes ----------------------------------------------------------------------------------


def test_lanes_widen_over_what_is_free_beside():
    # The tall first one makes three lanes; the last two have room.
    found = lanes([(0, 300), (0, 60), (0, 60), (90, 150), (200, 260)])
    assert found == [
        Lane(0, 3),
        Lane(1, 3),
        Lane(2, 3),
        Lane(1, 3, width=2),
        Lane(1, 3, width=2),
    ]


def test_a_block_reaches_under_a_neighbour_from_half_an_hour_on():
    assert lanes([(0, 120), (30, 90)])[0].over is True
    assert lanes([(0, 120), (29, 90)])[0].over is False


def test_touching_blocks_share_no_lanes():
    assert lanes([(0, 30), (30, 60)]) == [Lane(), Lane()]


def test_beyond_the_last_lane_blocks_cover_the_oldest():
    found = lanes([(n, 600) for n in range(MAX_LANES + 2)])
    assert [lane.index for lane in found] == [*range(MAX_LANES), 0, 1]
    assert {lane.of for lane in found} == {MAX_LANES}


def test_no_blocks_need_no_lanes():
    assert lanes([]) == []
    assert rows([]) == []


bars = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted).map(tuple), max_size=20
).map(sorted)


@given(bars)
def test_rows_never_hold_two_bars_of_one_day(spans):
    taken = set()
    for (first, last), row in zip(spans, rows(spans), strict=True):
        for day in range(first, last + 1):
            assert (row, day) not in taken
            taken.add((row, day))


@st.composite
def busy_weeks(draw):
    start = st.integers(0, 7 * 24 * 12 - 1)
    length = st.sampled_from([0, 5, 15, 20, 30, 45, 60, 90, 240, 900, 1500])
    pairs = draw(st.lists(st.tuples(start, length), max_size=30))
    begin = clock("00:00")
    return [
        event(
            number,
            start=begin + timedelta(minutes=5 * at),
            end=begin + timedelta(minutes=5 * at + minutes),
        )
        for number, (at, minutes) in enumerate(pairs)
    ]


def geometry(block):
    """Lane edges and minutes as the stylesheet would draw them, and whether it reaches over."""
    value = {k: int(v) for k, v in re.findall(r"\b(of|[snmlw])(\d+)\b", block.classes)}
    top = value["s"] * 15 + value.get("m", 0)
    left, of = value.get("l", 0), value.get("of", 1)
    edges = (left / of, (left + value.get("w", 1)) / of)
    return edges, (top, top + max(value["n"], 2) * 15), " over" in block.classes, of


@given(busy_weeks())
def test_no_block_covers_another_that_a_reader_needs(events):
    for day in week(*events).days:
        drawn = [geometry(block) for block in day.blocks]
        for (edges, minutes, over, of), number in zip(drawn, range(len(drawn)), strict=True):
            assert 0 <= minutes[0] < minutes[1] <= 1440
            assert 0 <= edges[0] < edges[1] <= 1
            assert not over or edges[1] < 1
            for other_edges, other_minutes, _, other_of in drawn[number + 1 :]:
                together = minutes[0] < other_minutes[1] and other_minutes[0] < minutes[1]
                if not together or MAX_LANES in (of, other_of):
                    continue
                assert edges[1] <= other_edges[0] + 1e-9 or other_edges[1] <= edges[0] + 1e-9
                reach = edges[1] + 0.7 / of
                if over and edges[1] <= other_edges[0] + 1e-9 and other_edges[0] < reach:
                    assert other_minutes[0] - minutes[0] >= 30


@given(busy_weeks())
def test_every_event_is_shown_on_each_of_its_dates(events):
    layout = week(*events)
    shown = {bar.href for bar in layout.all_day} | {block.href for _, block in blocks(layout)}
    hidden = sum(more.count for more in layout.more)
    assert hidden or shown == {e.href for e in events}
    for e in events:
        if e.end - e.start < timedelta(days=1):
            last = max(e.start, e.end - timedelta(microseconds=1)).date()
            expected = [i for i, day in enumerate(layout.days) if e.start.date() <= day.on <= last]
            parts = [(i, block.id) for i, block in blocks(layout) if block.href == e.href]
            assert [i for i, _ in parts] == expected
            assert [name for _, name in parts] == [e.id, *[""] * (len(expected) - 1)]


@given(busy_weeks())
def test_every_class_is_one_the_stylesheet_knows(events):
    css = STYLESHEET.read_text()
    layout = week(*events, open_on=DEFAULT_AVAILABILITY.intervals_on)
    used = {layout.classes, layout.all_day_classes, layout.now}
    used |= {bar.classes for bar in (*layout.all_day, *layout.more)}
    for day in layout.days:
        used |= {day.classes, day.head_classes, day.now, *day.off}
        used |= {f"{block.classes} {block.place_classes}" for block in day.blocks}
    for name in {name for classes in used for name in classes.split()}:
        assert re.search(rf"\.{re.escape(name)}(?![\w-])", css), name


@pytest.mark.parametrize("state", State)
def test_every_state_is_one_the_stylesheet_knows(state):
    assert f".{state.value}" in STYLESHEET.read_text()


def test_a_thousand_events_are_laid_out_in_no_time():
    """Quadratic work would show at this size; the ceiling leaves room for a slow machine."""
    events = [
        timed(
            f"{8 + n % 10:02}:{n % 4 * 15:02}",
            f"{9 + n % 10:02}:00",
            day=november(16 + n % 7),
            number=n,
        )
        for n in range(10_000)
    ]
    began = stopwatch.process_time()
    layout = week(*events)
    assert stopwatch.process_time() - began < 2
    assert len(blocks(layout)) == 10_000
