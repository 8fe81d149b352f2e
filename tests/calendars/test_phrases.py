"""Zones, spans and distances in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.phrases import (
    abbreviation,
    all_day_in_words,
    as_of,
    city_of,
    distance_in_words,
    length_in_words,
    span_in_words,
    zone_in_words,
)

DUBLIN = ZoneInfo("Europe/Dublin")
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Europe/Dublin", "GMT"),
        ("America/Sao_Paulo", "UTC-3"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("Europe/Istanbul", "UTC+3"),
        ("Pacific/Chatham", "UTC+13:45"),
    ],
)
def test_zone_without_a_name_is_a_number(name, short):
    assert abbreviation(ZoneInfo(name), NOW) == short


def test_zone_is_named_as_it_is_called_that_day():
    assert zone_in_words(DUBLIN, NOW) == "Dublin (GMT)"
    assert zone_in_words(DUBLIN, datetime(2026, 7, 1, tzinfo=UTC)) == "Dublin (IST)"
    assert zone_in_words(ZoneInfo("UTC"), NOW) == "UTC"
    assert city_of("America/Argentina/Buenos_Aires") == "Buenos Aires"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(minutes=15), "14:05"),
        (timedelta(hours=20), "yesterday 18:20"),
        (timedelta(days=2), "16 November, 14:20"),
    ],
)
def test_time_of_a_copy_names_the_day_when_it_was_another(ago, said):
    assert as_of(NOW - ago, DUBLIN, NOW) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=20), "1 min"),
        (timedelta(minutes=45), "45 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=4, minutes=15), "4 h 15 min"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_length_has_units(length, said):
    assert length_in_words(length) == said


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (NOW + timedelta(minutes=70), "in 1 h 10 min"),
        (NOW - timedelta(minutes=10), "now"),
        (NOW - timedelta(hours=3), ""),
        (NOW + timedelta(days=2), ""),
    ],
)
def test_distance_is_told_of_what_is_near(start, said):
    assert distance_in_words(start, start + timedelta(hours=1), NOW) == said


def test_span_names_one_day_or_both():
    start = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    midnight = start + timedelta(hours=2)
    assert span_in_words(start, midnight, DUBLIN) == "Wednesday 18 November 2026, 22:00\u201300:00"
    assert span_in_words(start, midnight + timedelta(hours=1), DUBLIN) == (
        "Wednesday 18 November 2026, 22:00 \u2013 Thursday 19 November 2026, 01:00"
    )


def test_all_day_span_names_first_and_last_day():
    assert all_day_in_words(date(2026, 11, 18), date(2026, 11, 18)) == (
        "Wednesday 18 November 2026, all day"
    )
    assert all_day_in_words(date(2026, 12, 30), date(2027, 1, 2)) == (
        "Wednesday 30 December \u2013 Saturday 2 January 2027"
    )
