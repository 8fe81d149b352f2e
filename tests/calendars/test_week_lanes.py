"""Lanes of blocks that overlap, and what holds for any week that can be."""

from __future__ import annotations

import re
import time as stopwatch
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.lanes import MAX_LANES, Lane, lanes, rows
from calendars.week import State
from tests.calendars.weeks import blocks, clock, event, november, timed, week
from workspaces.availability import DEFAULT_AVAILABILITY

STYLESHEET = Path(__file__).parents[2] / "static" / "css" / "app.css"


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
