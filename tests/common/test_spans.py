"""Span arithmetic, against sets of minutes as the slow and obvious oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.spans import Span, in_utc, intersect, merge, overlaps, subtract, widen

T0 = datetime(2026, 11, 18, tzinfo=UTC)


def at(minute):
    return T0 + timedelta(minutes=minute)


def span(start, end):
    return Span(at(start), at(end))


def minutes(spans):
    return {
        minute for s in spans for minute in range((s.start - T0) // MINUTE, (s.end - T0) // MINUTE)
    }


MINUTE = timedelta(minutes=1)
some_spans = st.lists(
    st.tuples(st.integers(0, 80), st.integers(1, 30)).map(lambda p: span(p[0], p[0] + p[1])),
    max_size=12,
)


def is_tidy(spans):
    return all(a.end < b.start for a, b in pairwise(spans))


def test_span_refuses_a_naive_start():
    with pytest.raises(ValueError, match="naive"):
        Span(datetime(2026, 11, 18, 9), at(60))


def test_span_refuses_a_naive_end():
    with pytest.raises(ValueError, match="naive"):
        Span(at(0), datetime(2026, 11, 18, 9))


@pytest.mark.parametrize("end", [0, -1])
def test_span_refuses_an_end_not_after_its_start(end):
    with pytest.raises(ValueError, match="end after"):
        span(0, end)


def test_span_holds_utc_whatever_it_was_given():
    plus_two = timezone(timedelta(hours=2))
    found = Span(datetime(2026, 11, 18, 11, tzinfo=plus_two), at(600))
    assert found == span(540, 600)
    assert found.start.tzinfo is UTC


def test_span_measures_the_repeated_hour_of_autumn():
    """01:30 to 01:30 is an hour long there, though both read the same on the wall."""
    new_york = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 1, 30, tzinfo=new_york)
    assert Span(first, first.replace(fold=1)).duration == timedelta(hours=1)


def test_in_utc_refuses_a_naive_datetime():
    with pytest.raises(ValueError, match="naive"):
        in_utc(datetime(2026, 11, 18))


def test_span_is_immutable():
    with pytest.raises(AttributeError):
        span(0, 1).start = at(5)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 10), False),
        ((0, 11), True),
        ((12, 14), True),
        ((19, 30), True),
        ((20, 30), False),
        ((0, 60), True),
    ],
)
def test_overlaps_is_half_open(other, expected):
    assert span(10, 20).overlaps(span(*other)) is expected
    assert span(*other).overlaps(span(10, 20)) is expected
    assert overlaps(span(10, 20), [span(500, 501), span(*other)]) is expected


def test_overlaps_with_nothing_is_false():
    assert overlaps(span(0, 10), []) is False


def test_intersect_of_two_is_what_both_cover():
    assert span(10, 20).intersect(span(15, 30)) == span(15, 20)
    assert span(10, 20).intersect(span(20, 30)) is None


def test_widen_adds_on_either_side():
    assert span(10, 20).widen(3 * MINUTE, 5 * MINUTE) == span(7, 25)


def test_widen_to_nothing_is_refused():
    with pytest.raises(ValueError, match="end after"):
        span(10, 20).widen(-5 * MINUTE, -5 * MINUTE)


def test_widen_of_many_merges_what_then_touches():
    assert widen([span(20, 30), span(0, 10)], 5 * MINUTE, 5 * MINUTE) == [span(-5, 35)]


def test_merge_joins_touching_and_keeps_gaps():
    assert merge([span(20, 30), span(0, 10), span(10, 15), span(2, 4)]) == [
        span(0, 15),
        span(20, 30),
    ]


def test_subtract_cuts_holes():
    assert subtract([span(0, 100)], [span(10, 20), span(15, 30), span(90, 120)]) == [
        span(0, 10),
        span(30, 90),
    ]


def test_subtract_uses_a_hole_that_reaches_over_two_spans_twice():
    assert subtract([span(0, 10), span(20, 30)], [span(5, 25)]) == [span(0, 5), span(25, 30)]


@given(some_spans)
def test_merge_covers_the_same_minutes_tidily(spans):
    merged = merge(spans)
    assert minutes(merged) == minutes(spans)
    assert is_tidy(merged)


@given(some_spans, some_spans)
def test_subtract_leaves_exactly_the_rest(spans, minus):
    left = subtract(spans, minus)
    assert minutes(left) == minutes(spans) - minutes(minus)
    assert all(a.end <= b.start for a, b in pairwise(left))


@given(some_spans, some_spans)
def test_intersect_leaves_exactly_what_both_cover(spans, others):
    both = intersect(spans, others)
    assert minutes(both) == minutes(spans) & minutes(others)
    assert both == intersect(others, spans)


@given(some_spans, some_spans)
def test_subtracted_and_shared_add_up_to_the_whole(spans, minus):
    assert merge([*subtract(spans, minus), *intersect(spans, minus)]) == merge(spans)
