"""Availability: what is read, what is refused and with which path, and the instants it means."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidInput
from common.spans import Span
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    WEEKDAYS,
    InvalidAvailability,
    parse_availability,
)

# The source document's own example, letter by letter.
SOURCE = json.loads("""
{
"monday": { "enabled": true, "start": "09:00", "end": "17:00" },
"tuesday": { "enabled": true, "start": "09:00", "end": "17:00" },
"wednesday": { "enabled": true, "start": "09:00", "end": "17:00" },
"thursday": { "enabled": true, "start": "09:00", "end": "17:00" },
"friday": { "enabled": true, "start": "09:00", "end": "17:00" },
"saturday": { "enabled": false, "start": "09:00", "end": "17:00" },
"sunday": { "enabled": false, "start": "09:00", "end": "17:00" }
}
""")
NINE, NOON, ONE, FIVE = time(9), time(12), time(13), time(17)
MONDAY, SATURDAY = date(2026, 11, 16), date(2026, 11, 21)


def stored(**changes):
    return {**copy.deepcopy(SOURCE), **changes}


def refusal(raw):
    with pytest.raises(InvalidAvailability) as caught:
        parse_availability(raw)
    assert caught.value.message
    return caught.value.path


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_source_example_is_the_default():
    assert parse_availability(SOURCE) == DEFAULT_AVAILABILITY
    assert DEFAULT_AVAILABILITY.to_json() == SOURCE


def test_intervals_on_an_open_and_a_closed_day():
    assert DEFAULT_AVAILABILITY.intervals_on(MONDAY) == ((NINE, FIVE),)
    assert DEFAULT_AVAILABILITY.intervals_on(SATURDAY) == ()


def test_intervals_take_the_place_of_start_and_end():
    day = {"enabled": True, "intervals": [["13:00", "17:00"], ["09:00", "12:00"]]}
    found = parse_availability(stored(monday=day))
    assert found.intervals_on(MONDAY) == ((NINE, NOON), (ONE, FIVE))
    assert found.to_json()["monday"] == {
        "enabled": True,
        "start": "09:00",
        "end": "17:00",
        "intervals": [["09:00", "12:00"], ["13:00", "17:00"]],
    }


def test_intervals_rule_over_start_and_end_beside_them():
    day = {"enabled": True, "start": "08:00", "end": "20:00", "intervals": [["09:00", "12:00"]]}
    assert parse_availability(stored(monday=day)).intervals_on(MONDAY) == ((NINE, NOON),)


def test_touching_intervals_are_accepted():
    day = {"enabled": True, "intervals": [["09:00", "12:00"], ["12:00", "13:00"]]}
    found = parse_availability(stored(monday=day))
    assert found.intervals_on(MONDAY) == ((NINE, NOON), (NOON, ONE))


def test_the_day_may_last_until_midnight():
    found = parse_availability(stored(monday={"enabled": True, "start": "00:00", "end": "24:00"}))
    assert found.intervals_on(MONDAY) == ((time(0), time(0)),)
    assert found.to_json()["monday"] == {"enabled": True, "start": "00:00", "end": "24:00"}


def test_a_closed_day_needs_no_hours_and_keeps_those_it_has():
    found = parse_availability(
        stored(
            saturday={"enabled": False},
            sunday={"enabled": False, "start": "10:00", "end": "11:00"},
        )
    )
    assert found.intervals_on(SATURDAY) == ()
    assert found.to_json()["saturday"] == {"enabled": False, "start": "09:00", "end": "17:00"}
    assert found.to_json()["sunday"] == {"enabled": False, "start": "10:00", "end": "11:00"}


def test_overrides_close_and_open_single_dates():
    found = parse_availability(
        stored(overrides={"2026-11-16": [], "2026-11-21": [["09:00", "12:00"]]})
    )
    assert found.intervals_on(MONDAY) == ()
    assert found.intervals_on(SATURDAY) == ((NINE, NOON),)
    assert found.intervals_on(MONDAY + timedelta(days=7)) == ((NINE, FIVE),)


def test_overrides_are_stored_by_date():
    raw = {"2026-12-25": [["10:00", "24:00"]], "2026-12-24": []}
    found = parse_availability(stored(overrides=raw))
    assert found.to_json()["overrides"] == raw
    assert list(found.to_json()["overrides"]) == ["2026-12-24", "2026-12-25"]


def test_empty_overrides_are_not_stored():
    assert parse_availability(stored(overrides={})).to_json() == SOURCE


OPEN = {"enabled": True}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, "availability"),
        ([], "availability"),
        ("{}", "availability"),
        ({}, "monday"),
        ({key: SOURCE[key] for key in WEEKDAYS[:-1]}, "sunday"),
        (stored(funday={}), "funday"),
        (stored(**{"x" * 500: {}}), "x" * 40),
        (stored(monday=None), "monday"),
        (stored(monday=[]), "monday"),
        (stored(monday={"start": "09:00", "end": "17:00"}), "monday.enabled"),
        (stored(monday={"enabled": 1, "start": "09:00", "end": "17:00"}), "monday.enabled"),
        (stored(monday={"enabled": "true", "start": "9", "end": "1"}), "monday.enabled"),
        (stored(monday={**OPEN, "start": "09:00", "end": "17:00", "until": 1}), "monday.until"),
        (stored(monday=OPEN), "monday.start"),
        (stored(monday={**OPEN, "start": "09:00"}), "monday.end"),
        (stored(monday={**OPEN, "end": "09:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "9:00", "end": "17:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "09:00:00", "end": "17:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "09:00\n", "end": "17:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "٠٩:00", "end": "17:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": 9, "end": "17:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "24:00", "end": "24:00"}), "monday.start"),
        (stored(monday={**OPEN, "start": "09:00", "end": "24:01"}), "monday.end"),
        (stored(monday={**OPEN, "start": "09:00", "end": "25:00"}), "monday.end"),
        (stored(monday={**OPEN, "start": "09:00", "end": "00:00"}), "monday.end"),
        (stored(monday={**OPEN, "start": "09:00", "end": "09:00"}), "monday.end"),
        (stored(monday={**OPEN, "start": "17:00", "end": "09:00"}), "monday.end"),
        (stored(sunday={"enabled": False, "start": "17:00", "end": "09:00"}), "sunday.end"),
        (stored(sunday={"enabled": False, "start": "x", "end": "09:00"}), "sunday.start"),
        (stored(monday={**OPEN, "start": "x", "intervals": [["09:00", "10:00"]]}), "monday.start"),
        (stored(monday={**OPEN, "intervals": {}}), "monday.intervals"),
        (stored(monday={**OPEN, "intervals": []}), "monday.intervals"),
        (stored(monday={**OPEN, "intervals": [["00:00", "00:01"]] * 25}), "monday.intervals"),
        (stored(monday={**OPEN, "intervals": ["09:00"]}), "monday.intervals[0]"),
        (stored(monday={**OPEN, "intervals": [["09:00"]]}), "monday.intervals[0]"),
        (stored(monday={**OPEN, "intervals": [["09:00", "x"]]}), "monday.intervals[0][1]"),
        (stored(monday={**OPEN, "intervals": [["x", "09:00"]]}), "monday.intervals[0][0]"),
        (
            stored(monday={**OPEN, "intervals": [["09:00", "12:00"], ["13:00", "13:00"]]}),
            "monday.intervals[1]",
        ),
        (
            stored(monday={**OPEN, "intervals": [["11:00", "13:00"], ["09:00", "11:01"]]}),
            "monday.intervals[0]",
        ),
        (
            stored(monday={**OPEN, "intervals": [["09:00", "24:00"], ["10:00", "11:00"]]}),
            "monday.intervals[1]",
        ),
        (stored(overrides=[]), "overrides"),
        (stored(overrides={"tomorrow": []}), "overrides.tomorrow"),
        (stored(overrides={"20261224": []}), "overrides.20261224"),
        (stored(overrides={"2026-W52-4": []}), "overrides.2026-W52-4"),
        (stored(overrides={"2026-02-30": []}), "overrides.2026-02-30"),
        (stored(overrides={"2026-12-24": None}), "overrides.2026-12-24"),
        (stored(overrides={"2026-12-24": ["09:00"]}), "overrides.2026-12-24[0]"),
        (stored(overrides={"2026-12-24": [["12:00", "09:00"]]}), "overrides.2026-12-24[0]"),
        (
            stored(overrides={"2026-12-24": [["09:00", "12:00"], ["11:00", "13:00"]]}),
            "overrides.2026-12-24[1]",
        ),
        (
            stored(
                overrides={
                    (date(2026, 1, 1) + timedelta(days=n)).isoformat(): [] for n in range(1001)
                }
            ),
            "overrides",
        ),
    ],
)
def test_parse_refuses_with_the_path_of_the_wrong_key(raw, path):
    assert refusal(raw) == path


def test_a_refusal_is_invalid_input_with_the_path_as_its_field():
    with pytest.raises(InvalidInput) as caught:
        parse_availability(stored(monday={**OPEN, "start": "x", "end": "17:00"}))
    assert caught.value.details() == {"field": "monday.start"}
    assert caught.value.message == "Give a time such as 09:00."
    assert caught.value.status == 400


clocks = st.integers(0, 24 * 60 - 1)


@st.composite
def interval_lists(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=8)))
    pairs = [(cuts[i], cuts[i + 1]) for i in range(0, len(cuts) - 1, 2)]
    return [[f"{m // 60:02}:{m % 60:02}" for m in pair] for pair in pairs]


@st.composite
def availabilities(draw):
    raw = {}
    for name in WEEKDAYS:
        intervals = draw(interval_lists())
        raw[name] = {"enabled": bool(intervals) and draw(st.booleans()), "intervals": intervals}
    dates = draw(st.sets(st.dates(date(2026, 1, 1), date(2027, 1, 1)), max_size=4))
    raw["overrides"] = {day.isoformat(): draw(interval_lists()) for day in dates}
    return raw


@given(availabilities())
def test_what_is_written_reads_back_the_same(raw):
    found = parse_availability(raw)
    again = parse_availability(json.loads(json.dumps(found.to_json())))
    assert again == found
    assert again.to_json() == found.to_json()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("09:00"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["enabled", "start", "end", "intervals", "2026-12-24"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from([*WEEKDAYS, "overrides", "other"]), json_values)
def test_anything_is_either_read_or_refused_by_name(key, value):
    try:
        found = parse_availability(stored(**{key: value}))
    except InvalidAvailability as error:
        path = error.path
    else:
        path = key
        assert parse_availability(found.to_json()) == found
    assert path.startswith(key)


def hours(start, end, *, overrides=None):
    day = {"enabled": True, "start": start, "end": end}
    return parse_availability({**dict.fromkeys(WEEKDAYS, day), "overrides": overrides or {}})


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "expected"),
    [
        ("Europe/Dublin", "2026-11-16", "09:00", "17:00", ("2026-11-16T09:00", "2026-11-16T17:00")),
        ("Europe/Dublin", "2026-07-16", "09:00", "17:00", ("2026-07-16T08:00", "2026-07-16T16:00")),
        # New York skips 02:00-03:00.
        (
            "America/New_York",
            "2026-03-08",
            "01:00",
            "04:00",
            ("2026-03-08T06:00", "2026-03-08T08:00"),
        ),
        (
            "America/New_York",
            "2026-03-08",
            "02:30",
            "04:00",
            ("2026-03-08T07:00", "2026-03-08T08:00"),
        ),
        (
            "America/New_York",
            "2026-03-08",
            "01:00",
            "02:30",
            ("2026-03-08T06:00", "2026-03-08T07:00"),
        ),
        # ... and reads 01:00-02:00 twice: start takes the first, end the second.
        (
            "America/New_York",
            "2026-11-01",
            "01:30",
            "03:00",
            ("2026-11-01T05:30", "2026-11-01T08:00"),
        ),
        (
            "America/New_York",
            "2026-11-01",
            "00:00",
            "01:30",
            ("2026-11-01T04:00", "2026-11-01T06:30"),
        ),
        (
            "America/New_York",
            "2026-11-01",
            "00:00",
            "24:00",
            ("2026-11-01T04:00", "2026-11-02T05:00"),
        ),
        # Midnight does not exist in Sao Paulo on this day, and exists twice in Havana's next.
        (
            "America/Sao_Paulo",
            "2018-11-03",
            "22:00",
            "24:00",
            ("2018-11-04T01:00", "2018-11-04T03:00"),
        ),
        (
            "America/Havana",
            "2026-10-31",
            "22:00",
            "24:00",
            ("2026-11-01T02:00", "2026-11-01T04:00"),
        ),
        (
            "Asia/Kathmandu",
            "2026-06-01",
            "09:00",
            "17:00",
            ("2026-06-01T03:15", "2026-06-01T11:15"),
        ),
        (
            "Pacific/Kiritimati",
            "2026-06-01",
            "09:00",
            "17:00",
            ("2026-05-31T19:00", "2026-06-01T03:00"),
        ),
    ],
)
def test_working_spans_follow_the_wall_clock(zone, day, start, end, expected):
    on = date.fromisoformat(day)
    found = hours(start, end).working_spans(ZoneInfo(zone), on, on)
    assert found == [Span(utc(expected[0]), utc(expected[1]))]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("America/New_York", date(2026, 3, 8), "02:00", "03:00"),
        ("America/New_York", date(2026, 3, 8), "02:15", "02:45"),
        ("Pacific/Apia", date(2011, 12, 30), "00:00", "24:00"),
        ("Pacific/Apia", date(2011, 12, 30), "09:00", "17:00"),
    ],
)
def test_working_spans_leave_out_hours_that_do_not_exist(zone, day, start, end):
    assert hours(start, end).working_spans(ZoneInfo(zone), day, day) == []


def test_working_spans_cover_both_dates_and_obey_overrides():
    found = hours("09:00", "17:00", overrides={"2026-11-17": []}).working_spans(
        ZoneInfo("UTC"), date(2026, 11, 16), date(2026, 11, 18)
    )
    assert found == [
        Span(utc("2026-11-16T09:00"), utc("2026-11-16T17:00")),
        Span(utc("2026-11-18T09:00"), utc("2026-11-18T17:00")),
    ]


def test_working_spans_of_an_empty_range_are_none():
    found = hours("09:00", "17:00")
    assert found.working_spans(ZoneInfo("UTC"), date(2026, 11, 18), date(2026, 11, 17)) == []


@given(
    availabilities(),
    st.sampled_from(["America/New_York", "Europe/Dublin", "Africa/Casablanca", "Asia/Kathmandu"]),
    st.dates(date(2026, 1, 1), date(2026, 12, 1)),
)
def test_working_spans_are_sorted_and_never_leave_their_dates(raw, zone_name, first):
    zone = ZoneInfo(zone_name)
    last = first + timedelta(days=9)
    spans = parse_availability(raw).working_spans(zone, first, last)
    assert all(a.start <= b.start for a, b in pairwise(spans))
    assert all(first <= span.start.astimezone(zone).date() <= last for span in spans)
