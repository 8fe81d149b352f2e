"""The week's row of whole days, a single day, hours outside availability, and refusals."""

from __future__ import annotations

from datetime import date, time

import pytest

from calendars.lanes import MAX_ROWS
from calendars.week import Flag, State, lay_out_day
from tests.calendars.weeks import DUBLIN, MONDAY, NOW, blocks, event, november, timed, week, whole
from workspaces.availability import DEFAULT_AVAILABILITY

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
