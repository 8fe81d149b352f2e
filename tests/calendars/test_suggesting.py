"""Times that suit several people: never over anything busy, near the wish, and readable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendars.suggesting import STEP, Party, outside_hours, suggest
from common.spans import Span, merge
from common.wallclock import starts_at, wall_clock
from workspaces.availability import DEFAULT_AVAILABILITY

DUBLIN = ZoneInfo("Europe/Dublin")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = datetime(2026, 11, 19, tzinfo=UTC)


def at(hour, minute=0, day=0):
    return DAY + timedelta(days=day, hours=hour, minutes=minute)


def span(start, end, day=0):
    return Span(at(0, round(start * 60), day), at(0, round(end * 60), day))


def office(day=0):
    return [span(9, 17, day)]


def party(key, *busy, working=None):
    return Party(key, busy, office() if working is None else working)


def times(found):
    return [f"{one.span.start:%d %H:%M}-{one.span.end:%H:%M}" for one in found]


WHOLE_DAY = span(0, 24)


def test_the_nearest_free_times_come_first_and_lie_apart():
    found = suggest([party("a", span(10, 11))], span(10, 11), WHOLE_DAY, DUBLIN)
    assert times(found) == ["19 09:00-10:00", "19 11:00-12:00", "19 12:00-13:00"]
    assert [one.outside for one in found] == [(), (), ()]


def test_wished_time_itself_is_the_best_where_it_suits():
    found = suggest([party("a")], span(10.1, 11.1), WHOLE_DAY, DUBLIN)
    assert times(found)[0] == "19 10:06-11:06"


def test_nothing_lies_over_what_suits_already():
    found = suggest([party("a")], span(10, 11), WHOLE_DAY, DUBLIN, besides=span(10, 11))
    assert times(found) == ["19 09:00-10:00", "19 11:00-12:00", "19 12:00-13:00"]


def test_a_later_time_in_everyones_hours_is_better_than_a_near_one_outside():
    both = [*office(), *office(day=1)]
    parties = [party("a", span(9, 16.5), working=both), party("b", working=both)]
    found = suggest(parties, span(16, 17), span(0, 48), DUBLIN)
    assert times(found)[0] == "20 09:00-10:00"


def test_whose_hours_a_time_lies_outside_of_is_said():
    parties = [party("a"), party("b", working=[span(13, 18)])]
    found = suggest(parties, span(17, 18), span(17, 19), DUBLIN)
    assert [(times([one]), one.outside) for one in found] == [
        (["19 17:00-18:00"], ("a",)),
        (["19 18:00-19:00"], ("a", "b")),
    ]


def test_adjoining_hours_are_one():
    hours = [span(9, 12), span(12, 17)]
    assert outside_hours([party("a", working=hours)], span(11, 13)) == ()
    assert outside_hours([party("a", working=[])], span(11, 13)) == ("a",)


@pytest.mark.parametrize("most", [0, 1, 5])
def test_as_many_as_are_wanted(most):
    assert len(suggest([party("a")], span(10, 11), WHOLE_DAY, DUBLIN, most=most)) == most


def test_no_room_no_suggestion():
    assert suggest([party("a", WHOLE_DAY)], span(10, 11), WHOLE_DAY, DUBLIN) == []
    assert suggest([party("a")], span(0, 25), WHOLE_DAY, DUBLIN) == []


# --- Around both changes of the clocks ---

ZONES = ["Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
         "Pacific/Apia", "Asia/Kathmandu", "America/Havana"]  # fmt: skip


def test_repeated_hour_is_never_suggested_because_a_form_cannot_say_it():
    """01:30 comes twice in Dublin on 25 October 2026; a form means the first one."""
    begins = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 01:00 summer time
    second = Span(begins + HOUR, begins + 2 * HOUR)  # 01:00-02:00 winter time
    everybody = Party("a", (), [Span(begins, begins + 3 * HOUR)])
    wished = Span(second.start, second.start + 30 * MINUTE)
    found = suggest([everybody], wished, Span(begins, begins + 3 * HOUR), DUBLIN, most=9)
    assert found
    for one in found:
        wall = wall_clock(one.span.start, DUBLIN)
        assert starts_at(wall, DUBLIN) == one.span.start
        assert not (second.start <= one.span.start < second.end)


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1),
                                 date(2026, 4, 5), date(2026, 3, 8)])  # fmt: skip
def test_hours_are_kept_by_everybodys_own_clock(zone_name, day):
    zone = ZoneInfo(zone_name)
    first, last = day - timedelta(days=2), day + timedelta(days=3)
    working = DEFAULT_AVAILABILITY.working_spans(zone, first, last)
    reach = Span(working[0].start, working[-1].end)
    wished = Span(working[-1].start, working[-1].start + 90 * MINUTE)
    found = suggest([Party("a", (), working)], wished, reach, zone)
    assert found
    for one in found:
        start, end = one.span.start.astimezone(zone), one.span.end.astimezone(zone)
        assert one.outside == ()
        assert start.date() == end.date()
        assert 9 <= start.hour < 17
        assert one.span.duration == 90 * MINUTE


# --- Whatever the days look like ---

AROUND = datetime(2026, 10, 24, 0, 0, tzinfo=UTC)  # Dublin's clocks change within
MINUTES = st.integers(0, 4 * 24 * 60)


@st.composite
def spans(draw, longest=600):
    start = AROUND + draw(MINUTES) * MINUTE
    return Span(start, start + draw(st.integers(1, longest)) * MINUTE)


@st.composite
def parties_of(draw):
    count = draw(st.integers(1, 4))
    return [
        Party(
            str(number), draw(st.lists(spans(), max_size=12)), draw(st.lists(spans(), max_size=6))
        )
        for number in range(count)
    ]


WITHIN = Span(AROUND, AROUND + timedelta(days=4))
QUESTIONS = {
    "parties": parties_of(),
    "wished": spans(longest=300),
    "zone": st.sampled_from(ZONES).map(ZoneInfo),
}


@settings(deadline=None)
@given(**QUESTIONS)
def test_suggestions_are_free_as_long_as_wished_and_apart(parties, wished, zone):
    found = [one.span for one in suggest(parties, wished, WITHIN, zone)]
    assert len(found) <= 3
    busy = merge(one for party in parties for one in party.busy)
    for one in found:
        assert one.duration == wished.duration
        assert not any(one.overlaps(other) for other in busy)
        assert WITHIN.start <= one.start
        assert one.end <= WITHIN.end
        for moment in (one.start, one.end):
            assert starts_at(wall_clock(moment, zone), zone) == moment
    assert not any(a.overlaps(b) for number, a in enumerate(found) for b in found[:number])


@settings(deadline=None)
@given(**QUESTIONS, order=st.randoms(use_true_random=False))
def test_order_of_what_is_told_is_no_matter(parties, wished, zone, order):
    mixed = [
        Party(one.key, order.sample(one.busy, len(one.busy)), one.working[::-1]) for one in parties
    ]
    order.shuffle(mixed)
    first, again = (suggest(rows, wished, WITHIN, zone) for rows in (parties, mixed))
    assert [(one.span, sorted(one.outside)) for one in first] == [
        (one.span, sorted(one.outside)) for one in again
    ]


@settings(deadline=None)
@given(**QUESTIONS)
def test_best_one_is_what_asking_every_quarter_of_an_hour_finds(parties, wished, zone):
    """An oracle that shares no code: each start is tried."""
    starts = {AROUND + number * STEP for number in range(4 * 24 * 4)} | {wished.start}

    def suits(start):
        one = Span(start, start + wished.duration)
        inside = WITHIN.start <= one.start and one.end <= WITHIN.end
        plain = all(
            starts_at(wall_clock(moment, zone), zone) == moment for moment in (one.start, one.end)
        )
        return (
            inside
            and plain
            and not any(
                one.start < other.end and other.start < one.end
                for party in parties
                for other in party.busy
            )
        )

    def cost(start):
        end = start + wished.duration
        away = sum(
            not any(own.start <= start and end <= own.end for own in merge(party.working))
            for party in parties
        )
        return away, abs(start - wished.start), start

    free = [start for start in starts if suits(start)]
    found = suggest(parties, wished, WITHIN, zone)
    assert bool(found) == bool(free)
    if free:
        assert found[0].span.start == min(free, key=cost)
