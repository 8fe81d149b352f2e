"""The agenda: what stands on a day, in which order, and what is free between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.agenda import lay_out_agenda, list_found
from calendars.blocks import EventBlock, State
from calendars.dates import Present

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)  # 15:20 in Berlin
MONDAY = date(2026, 11, 16)
THURSDAY = date(2026, 11, 19)


def timed(title, on, clock="09:00", *, minutes=60, zone=BERLIN, **more):
    hour, minute = map(int, clock.split(":"))
    start = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone).astimezone(UTC)
    more = {"href": f"/{title}", "calendar": "Studio", "hue": "moss", **more}
    return EventBlock(
        id=title, title=title, start=start, end=start + timedelta(minutes=minutes), **more
    )


def whole(title, first, days=1):
    return EventBlock(
        id=title, title=title, href="/", calendar="Studio", hue="plum", all_day=True,
        start_on=first, end_on=first + timedelta(days=days),
    )  # fmt: skip


def agenda(*events, first=MONDAY, count=7, zone=BERLIN, now=NOW):
    return lay_out_agenda(events, first, count, Present(zone, now))


def on(days, day):
    return next(one for one in days if one.on == day)


def lines(days, day):
    return [(line.kind, line.title or line.starts) for line in on(days, day).lines]


def test_every_date_of_the_week_is_there():
    days = agenda()
    assert [one.on for one in days] == [MONDAY + timedelta(days=n) for n in range(7)]
    assert [one.heading for one in days][:3] == ["Monday", "Tuesday", "Wednesday, today"]


def test_whole_days_come_before_the_hours():
    days = agenda(
        timed("Call", THURSDAY), whole("Fair", THURSDAY, 2), timed("Early", THURSDAY, "07:00")
    )
    assert lines(days, THURSDAY) == [
        ("event", "Fair"), ("event", "Early"), ("gap", "1 h free"), ("event", "Call"),
    ]  # fmt: skip
    assert lines(days, THURSDAY + timedelta(days=1)) == [("event", "Fair")]
    assert on(days, THURSDAY).lines[0].note == "Studio \u00b7 until Friday"


@pytest.mark.parametrize(
    ("minutes", "gap"),
    [(29, []), (30, [("gap", "30 min free")]), (75, [("gap", "1 h 15 min free")])],
)
def test_gaps_of_half_an_hour_and_more_are_said(minutes, gap):
    later = f"{10 + minutes // 60:02}:{minutes % 60:02}"
    days = agenda(timed("A", THURSDAY, "09:00"), timed("B", THURSDAY, later))
    assert lines(days, THURSDAY) == [("event", "A"), *gap, ("event", "B")]


def test_overlapping_events_leave_no_gap_before_the_last_has_ended():
    days = agenda(
        timed("Long", THURSDAY, "09:00", minutes=180),
        timed("Short", THURSDAY, "09:30", minutes=30),
        timed("Next", THURSDAY, "12:30"),
    )
    assert lines(days, THURSDAY)[2] == ("gap", "30 min free")


@pytest.mark.parametrize("state", [State.FREE, State.DECLINED])
def test_what_takes_no_time_interrupts_no_gap(state):
    days = agenda(
        timed("A", THURSDAY, "09:00"),
        timed("Walk", THURSDAY, "11:00", states=frozenset({state})),
        timed("B", THURSDAY, "13:00"),
    )
    assert ("gap", "3 h free") in lines(days, THURSDAY)


def test_now_stands_between_what_was_and_what_comes_and_only_the_rest_of_a_gap_is_offered():
    today = NOW.date()
    days = agenda(
        timed("Was", today, "09:00"), timed("Before", today, "12:00"), timed("Next", today, "17:20")
    )
    assert lines(days, today) == [
        ("event", "Was"), ("event", "Before"), ("now", "15:20"), ("gap", "2 h free"),
        ("event", "Next"),
    ]  # fmt: skip


def test_gap_over_a_clock_change_counts_real_time():
    sunday = date(2026, 10, 25)
    before = datetime(2026, 10, 1, tzinfo=UTC)
    blocks = timed("A", sunday, "01:00"), timed("B", sunday, "04:00")
    days = agenda(*blocks, first=sunday, count=1, now=before)
    assert lines(days, sunday)[1] == ("gap", "3 h free")  # 02:00 to 03:00 comes twice


def test_event_past_midnight_stands_on_both_days():
    days = agenda(timed("Party", THURSDAY, "22:00", minutes=300))
    first, second = on(days, THURSDAY).lines[0], on(days, THURSDAY + timedelta(days=1)).lines[0]
    assert (first.starts, first.ends) == ("22:00", "03:00")
    assert (second.starts, second.ends) == ("until 03:00", "")


def test_timed_event_of_days_says_where_it_begins_and_ends():
    days = agenda(timed("Fair", THURSDAY, "10:00", minutes=60 * 50))
    said = [line.starts for day in days for line in day.lines if line.kind == "event"]
    assert said == ["from 10:00", "All day", "until 12:00"]


def test_note_says_place_and_states_in_words():
    block = timed(
        "Demo", THURSDAY, place="Room 2", states=frozenset({State.DECLINED}), also=("Board",)
    )
    (line,) = on(agenda(block), THURSDAY).lines
    assert line.note == "Room 2 \u00b7 also in Board \u00b7 you declined"


def test_year_is_said_when_it_is_another():
    days = agenda(first=date(2026, 12, 28), now=NOW)
    assert days[0].heading == "Monday"
    assert days[-1].heading == "Sunday 2027"


def test_found_events_keep_their_order_and_stand_on_their_first_day():
    late, early = timed("Late", date(2027, 3, 1)), timed("Early", date(2026, 1, 5))
    days = list_found([late, early, whole("Fair", date(2026, 1, 2), 9)], Present(BERLIN, NOW))
    assert [(day.heading, day.lines[0].title) for day in days] == [
        ("Mon, March 2027", "Late"), ("Mon, January", "Early"), ("Fri, January", "Fair"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        timed("Night train", MONDAY, "22:00", minutes=4 * 60),
        timed("Relay", MONDAY, "09:00", minutes=60 * 60),
        whole("Fair", MONDAY - timedelta(days=3), days=6),
    ],
    ids=lambda event: event.title,
)
def test_event_of_several_days_has_its_id_once(event):
    """One id on several elements: what looks for the event found any of them."""
    named = [
        (day.iso, line.id) for day in agenda(event) for line in day.lines if line.kind == "event"
    ]
    assert len(named) > 1
    assert [one for one in named if one[1]] == [(MONDAY.isoformat(), event.title)]
