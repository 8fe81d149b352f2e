"""`open_slots` and `why_not` against a slow, obvious reference, over everything that decides.

The usual run tries a few hundred cases; `make proof` tries ten thousand.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from booking.slots import SlotRules, open_slots, why_not
from common.spans import Span
from tests.booking.reference import DAY, MINUTE, REACH_DAYS, Case, Place
from workspaces.availability import WEEKDAYS, parse_availability

# A date beside a change of the clock, or any where there is none; the odd offsets among them.
PLACES = [
    Place("America/New_York", date(2026, 3, 8)),
    Place("America/New_York", date(2026, 11, 1)),
    Place("Europe/Dublin", date(2026, 3, 29)),
    Place("Europe/Dublin", date(2026, 10, 25)),
    Place("America/St_Johns", date(2026, 3, 8)),
    Place("America/St_Johns", date(2010, 11, 7)),  # back over midnight, at 00:01
    Place("Africa/Casablanca", date(2026, 2, 15)),
    Place("Africa/Casablanca", date(2026, 3, 22)),
    Place("Africa/Cairo", date(2026, 4, 24)),  # midnight is skipped
    Place("America/Havana", date(2026, 11, 1)),  # midnight comes twice
    Place("America/Sao_Paulo", date(2018, 2, 18)),
    Place("America/Sao_Paulo", date(2018, 11, 4)),
    Place("Antarctica/Troll", date(2026, 3, 29)),  # by two hours
    Place("Antarctica/Troll", date(2026, 10, 25)),
    Place("Australia/Lord_Howe", date(2026, 4, 5)),  # by half an hour
    Place("Australia/Lord_Howe", date(2026, 10, 4)),
    Place("Pacific/Chatham", date(2026, 4, 5)),
    Place("Pacific/Chatham", date(2026, 9, 27)),
    Place("Pacific/Apia", date(2011, 12, 30)),  # a date that never was
    Place("Asia/Pyongyang", date(2018, 5, 5)),  # forward by half an hour, for good
    Place("Asia/Kathmandu", date(2026, 6, 1)),
    Place("Australia/Eucla", date(2026, 6, 1)),
    Place("Pacific/Kiritimati", date(2026, 12, 31)),
    Place("Pacific/Marquesas", date(2027, 1, 3)),
]
A_DAY = 24 * 60
LIMITS = ("day_limit", "week_limit")
# The hypothesis profile `proof` asks for more.
EXAMPLES = max(300, settings.default.max_examples)


@st.composite
def intervals(draw):
    """Pairs of minutes of a day in order: apart, touching, odd, up to its midnight."""
    quarters = st.sampled_from(range(97)).map(lambda quarter: quarter * 15)
    minutes = draw(st.sampled_from([quarters, st.integers(0, A_DAY)]))
    cuts = sorted(set(draw(st.lists(minutes, max_size=6))))
    pairs = list(pairwise(cuts))
    usual = [[(9 * 60, 17 * 60)], [(9 * 60, 12 * 60), (13 * 60, 24 * 60)], [(0, A_DAY)]]
    return draw(st.sampled_from([pairs, pairs[::2], *usual]))


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def as_json(pairs):
    return [[clock(first), clock(last)] for first, last in pairs]


@st.composite
def hours_around(draw, day):
    """Availability as it is stored, and the same hours date by date."""
    weekly, stored = [], {}
    kinds = [draw(intervals()), draw(intervals())]
    choices = st.tuples(st.sampled_from(kinds), st.sampled_from([True, True, True, False]))
    for name, (pairs, is_on) in zip(WEEKDAYS, draw(st.tuples(*[choices] * 7)), strict=True):
        enabled = is_on and bool(pairs)
        weekly.append(pairs if enabled else [])
        stored[name] = {"enabled": enabled, "intervals": as_json(pairs)}
    dates = [day + number * DAY for number in range(-REACH_DAYS, REACH_DAYS + 1)]
    special = draw(st.dictionaries(st.sampled_from(dates), intervals(), max_size=4))
    stored["overrides"] = {one.isoformat(): as_json(pairs) for one, pairs in special.items()}
    by_date = {one: special.get(one, weekly[one.weekday()]) for one in dates}
    return parse_availability(stored), by_date


def moments(noon, days):
    """Mostly quarters of an hour, some odd minutes, sometimes in between."""
    quarters = st.sampled_from(range(-days * 96, days * 96)).map(lambda number: number * 15.0)
    more = st.sampled_from([0, 0, 0, 0, 0, 1, 7, 13, 1 / 60, 59 / 60])
    return st.builds(lambda one, other: noon + (one + other) * MINUTE, quarters, more)


@st.composite
def taken(draw, noon):
    """Pairs of instants: apart, overlapping, nested, and touching without a gap."""
    found = []
    for _ in range(draw(st.sampled_from(range(7)))):
        begin, end = draw(moments(noon, 3)), None
        if found:
            last = found[-1]
            inside = last[0] + (last[1] - last[0]) / 2
            begin = draw(st.sampled_from([begin, begin, last[1], last[0], inside]))
            end = draw(st.sampled_from([None, None, last[1]]))
        if end is None or end <= begin:
            end = begin + draw(minutes(1, 10, 15, 30, 45, 60, 61, 120, 300))
        found.append((begin, end))
    return draw(st.permutations(found))


def minutes(*choices):
    return st.sampled_from(choices).map(lambda number: number * MINUTE)


@st.composite
def seldom(draw, strategy, *, else_):
    return draw(strategy) if draw(st.sampled_from(range(4))) == 3 else else_


@st.composite
def situations(draw):
    """A case of the reference, and the availability that `booking.slots` is given."""
    place = draw(st.sampled_from(PLACES))
    noon = place.noon
    availability, hours = draw(hours_around(place.day))
    booked = [draw(moments(noon, 3)) for _ in range(draw(st.sampled_from(range(7))))]
    early = noon - 3 * DAY
    case = Case(
        place=place,
        hours=hours,
        duration=draw(minutes(5, 7, 15, 20, 25, 30, 35, 45, 50, 60, 75, 90, 120, 480, 1500, 2000)),
        step=draw(minutes(5, 7, 10, 15, 20, 30, 45, 60, 90, 240, 1440)),
        before=draw(minutes(0, 0, 1, 5, 15, 60, 300)),
        after=draw(minutes(0, 0, 1, 5, 15, 60, 300)),
        notice=draw(minutes(0, 0, 0, 1, 60, 1440, 4000)),
        horizon=draw(st.sampled_from([60, 60, 60, 4, 2, 1])) * DAY,
        until=draw(seldom(moments(noon, 3), else_=None)),
        per_day=draw(seldom(st.integers(1, 3), else_=None)),
        per_week=draw(seldom(st.integers(1, 4), else_=None)),
        busy=draw(taken(noon)),
        holds=draw(taken(noon)),
        booked=booked,
        shared=[],
        now=draw(seldom(moments(noon, 3), else_=early)),
    )
    more = draw(st.sampled_from(["nothing", "nothing", "shared", "tight"]))
    on_grid = [] if more == "nothing" else case.open_starts(case.now, noon + 3 * DAY)
    if on_grid and more == "shared":
        # A slot that a group shares: booked, held, and open to another one.
        joined = draw(st.lists(st.sampled_from(on_grid), max_size=2, unique=True))
        case.booked += joined
        case.shared = joined
        case.holds += [(one - case.before, one + case.duration + case.after) for one in joined]
    elif on_grid:
        # Exactly as much is left as the meeting needs, or a minute less.
        start = draw(st.sampled_from(on_grid))
        opens, closes = start - case.before, start + case.duration + case.after
        closes -= draw(st.sampled_from([0, 0, 1])) * MINUTE
        case.busy = [*case.busy, (opens - 30 * MINUTE, opens)]
        case.holds = [*case.holds, (closes, closes + 30 * MINUTE)]
    return case, availability


def rules_of(case):
    return SlotRules(
        duration=case.duration,
        step=case.step,
        buffer_before=case.before,
        buffer_after=case.after,
        minimum_notice=case.notice,
        horizon=case.horizon,
        max_per_day=case.per_day,
        max_per_week=case.per_week,
        zone=ZoneInfo(case.place.zone),
        until=case.until,
    )


def asked(case, availability):
    """The arguments that both functions take."""
    busy, holds = ([Span(*pair) for pair in pairs] for pairs in (case.busy, case.holds))
    more = {"holds": holds, "booked_starts": case.booked, "shared": case.shared}
    return (rules_of(case), availability, busy, case.now), more


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(situations(), st.data())
def test_open_slots_and_why_not_say_what_the_reference_says(drawn, data):
    case, availability = drawn
    noon = case.place.noon
    begin = data.draw(seldom(moments(noon, 3), else_=noon - 3 * DAY), label="from")
    length = minutes(1, 30, 60, *range(120, 6 * A_DAY, 61))
    # The reference knows the hours of a week, and a meeting may last for more than a day.
    end = min(begin + data.draw(length, label="long"), noon + (REACH_DAYS - 3) * DAY)
    window = Span(begin, end)
    arguments, more = asked(case, availability)

    found = open_slots(*arguments, window, **more)

    expected = case.open_starts(window.start, window.end)
    assert [slot.start for slot in found] == expected
    assert all(slot.end - slot.start == case.duration for slot in found)
    event("open" if expected else "nothing open")
    in_reach = [case.minutes()[minute] for minute in case.lasts]
    in_reach = [one for one in in_reach if abs(one - noon) < 3 * DAY]
    starts = data.draw(st.lists(moments(noon, 3), max_size=2), label="anywhere")
    if in_reach:
        starts += data.draw(st.lists(st.sampled_from(in_reach), max_size=2), label="in the hours")
    lost = [one for one in in_reach if case.broken(one) in {"held", "busy", *LIMITS}]
    if lost:
        # Among them are the first and last minutes of what is taken, with the buffers.
        starts += data.draw(st.lists(st.sampled_from(lost), min_size=2, max_size=4), label="lost")
    for start in [*starts, *expected[:2], *expected[-1:], *case.shared]:
        refusal = why_not(*arguments, start, **more)
        rule = None if refusal is None else refusal.rule.value
        assert rule == case.broken(start), start
        event(f"why_not: {rule}")


def test_the_reference_says_what_a_person_would():
    """Nine to ten in Dublin on the Monday after the clock went forward, by hand."""
    place = Place("Europe/Dublin", date(2026, 3, 29))
    monday = date(2026, 3, 30)
    nine = datetime.combine(monday, time(8), tzinfo=UTC)
    case = Case(
        place=place, hours={monday: [(9 * 60, 10 * 60)]}, duration=20 * MINUTE, step=20 * MINUTE,
        before=0 * MINUTE, after=5 * MINUTE, notice=0 * MINUTE, horizon=9 * DAY, until=None,
        per_day=None, per_week=None, busy=[(nine + 44 * MINUTE, nine + 50 * MINUTE)], holds=[],
        booked=[], shared=[], now=place.noon,
    )  # fmt: skip
    assert case.open_starts(place.noon, place.noon + 3 * DAY) == [nine]
    assert case.broken(nine + 20 * MINUTE) == "busy"
    assert case.broken(nine + 21 * MINUTE) == "grid"
    assert case.broken(nine + 50 * MINUTE) == "hours"
