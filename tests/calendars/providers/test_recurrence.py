"""RRULE lines and Graph's recurrence: what can be said round-trips, the rest is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from calendars import recurrence
from calendars.providers.microsoft.recurrence import First, from_graph, to_graph
from calendars.providers.reading import Reply
from common.errors import BadReply, Unsupported
from common.spans import Span
from sandbox.server.microsoft.patterns import clean_recurrence, recurrence_rules

BERLIN = "W. Europe Standard Time"
# A Tuesday, the second of its month.
TUESDAY = First(datetime(2026, 3, 10, 9), "Europe/Berlin")


def graph(rule, first=TUESDAY):
    return to_graph((f"RRULE:{rule}",), first, BERLIN)


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("FREQ=DAILY", {"type": "daily", "interval": 1}),
        ("FREQ=DAILY;INTERVAL=3", {"type": "daily", "interval": 3}),
        (
            "FREQ=WEEKLY;BYDAY=TU,FR;WKST=SU;INTERVAL=2",
            {
                "type": "weekly",
                "interval": 2,
                "daysOfWeek": ["tuesday", "friday"],
                "firstDayOfWeek": "sunday",
            },
        ),
        (
            "FREQ=WEEKLY",
            {
                "type": "weekly",
                "interval": 1,
                "daysOfWeek": ["tuesday"],
                "firstDayOfWeek": "monday",
            },
        ),
        ("FREQ=MONTHLY", {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 10}),
        (
            "FREQ=MONTHLY;BYMONTHDAY=10",
            {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 10},
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            {
                "type": "relativeMonthly",
                "interval": 1,
                "daysOfWeek": ["tuesday"],
                "index": "second",
            },
        ),
        (
            "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2",
            {
                "type": "relativeMonthly",
                "interval": 1,
                "daysOfWeek": ["tuesday"],
                "index": "second",
            },
        ),
        (
            "FREQ=YEARLY",
            {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 10, "month": 3},
        ),
        (
            "FREQ=YEARLY;BYMONTH=3;BYDAY=2TU",
            {
                "type": "relativeYearly",
                "interval": 1,
                "daysOfWeek": ["tuesday"],
                "index": "second",
                "month": 3,
            },
        ),
    ],
)
def test_rule_becomes_a_pattern_with_only_its_own_members(rule, pattern):
    made = graph(rule)

    assert made["pattern"] == pattern
    assert made["range"] == {
        "type": "noEnd",
        "startDate": "2026-03-10",
        "recurrenceTimeZone": BERLIN,
    }


def test_last_weekday_of_a_month_is_said():
    last = First(datetime(2026, 3, 27, 9), "Europe/Berlin")

    assert graph("FREQ=MONTHLY;BYDAY=-1FR", last)["pattern"]["index"] == "last"


@pytest.mark.parametrize(
    ("rule", "span"),
    [
        ("FREQ=DAILY;COUNT=5", {"type": "numbered", "numberOfOccurrences": 5}),
        # 07:59:59Z is 08:59:59 in Berlin: the occurrence of that day at nine is out.
        ("FREQ=DAILY;UNTIL=20260320T075959Z", {"type": "endDate", "endDate": "2026-03-19"}),
        ("FREQ=DAILY;UNTIL=20260320T080000Z", {"type": "endDate", "endDate": "2026-03-20"}),
        # 23:30Z is the next day in Berlin, half past midnight: before nine.
        ("FREQ=DAILY;UNTIL=20260320T233000Z", {"type": "endDate", "endDate": "2026-03-20"}),
        ("FREQ=DAILY;UNTIL=20260320", {"type": "endDate", "endDate": "2026-03-20"}),
    ],
)
def test_end_of_a_rule(rule, span):
    made = graph(rule)["range"]

    assert {key: made[key] for key in span} == span


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=9,12",
        "FREQ=DAILY;BYDAY=MO,TU",
        "FREQ=DAILY;BYMONTH=3",
        "FREQ=WEEKLY;BYDAY=2TU",
        "FREQ=WEEKLY;BYDAY=TU;BYSETPOS=1",
        "FREQ=WEEKLY;BYDAY=TU;BYMONTH=3",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=MONTHLY;BYMONTHDAY=10,20",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYDAY=5TU",
        "FREQ=MONTHLY;BYDAY=-2TU",
        "FREQ=MONTHLY;BYDAY=2TU,2FR",
        "FREQ=MONTHLY;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=2TU;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1,2",
        "FREQ=MONTHLY;BYDAY=2TU;BYMONTHDAY=10",
        "FREQ=MONTHLY;BYMONTHDAY=10;BYMONTH=3",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=100",
        "FREQ=YEARLY;BYMONTH=3,4",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;UNTIL=20260320T080000",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;INTERVAL=x",
        "",
        # A series that does not begin on one of its days: Graph would move it.
        "FREQ=WEEKLY;BYDAY=WE",
        "FREQ=MONTHLY;BYMONTHDAY=11",
        "FREQ=MONTHLY;BYDAY=1TU",
        "FREQ=YEARLY;BYMONTH=4",
    ],
)
def test_what_graph_cannot_say_is_refused(rule):
    with pytest.raises(Unsupported):
        graph(rule)


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=DAILY", "EXDATE:20260311T080000Z"),
        ("RRULE:FREQ=DAILY", "RDATE:20260311T080000Z"),
        ("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
        ("EXDATE:20260311T080000Z",),
        (),
    ],
)
def test_more_than_one_rule_is_refused(lines):
    with pytest.raises(Unsupported):
        to_graph(lines, TUESDAY, BERLIN)


def test_day_31_in_a_month_that_always_has_it_is_said():
    first = First(datetime(2026, 12, 31, 9), "Europe/Berlin")

    assert graph("FREQ=YEARLY", first)["pattern"]["dayOfMonth"] == 31
    with pytest.raises(Unsupported):
        graph("FREQ=YEARLY", First(datetime(2028, 2, 29, 9), "Europe/Berlin"))


def test_end_date_is_read_as_the_instant_of_the_last_start():
    """The clock has changed by then: nine in Berlin is 07:00 UTC."""
    made = graph("FREQ=DAILY;UNTIL=20260401T070000Z")

    assert from_graph(Reply(made), TUESDAY) == ("RRULE:FREQ=DAILY;UNTIL=20260401T070000Z",)


def test_end_of_an_all_day_series_is_a_date():
    first = First(datetime(2026, 3, 10), "Europe/Berlin", all_day=True)
    made = graph("FREQ=DAILY;UNTIL=20260320", first)

    assert made["range"]["endDate"] == "2026-03-20"
    assert from_graph(Reply(made), first) == ("RRULE:FREQ=DAILY;UNTIL=20260320",)


def test_first_weekday_of_a_month_is_read():
    days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    pattern = {"type": "relativeMonthly", "interval": 1, "daysOfWeek": days, "index": "first"}

    rule = from_graph(Reply({"pattern": pattern, "range": {"type": "noEnd"}}), TUESDAY)

    assert rule == ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",)


@pytest.mark.parametrize(
    ("pattern", "span"),
    [
        ({"type": "hourly"}, {"type": "noEnd"}),
        ({"type": "daily"}, {"type": "forever"}),
        ({"type": "daily"}, {}),
        ({"type": "daily"}, {"type": "endDate", "endDate": "soon"}),
        ({"type": "weekly", "daysOfWeek": []}, {"type": "noEnd"}),
        ({"type": "weekly", "daysOfWeek": ["doomsday"]}, {"type": "noEnd"}),
        (
            {"type": "weekly", "daysOfWeek": ["monday"], "firstDayOfWeek": "x"},
            {"type": "noEnd"},
        ),
        (
            {"type": "relativeMonthly", "daysOfWeek": ["monday"], "index": "x"},
            {"type": "noEnd"},
        ),
        ({"type": "daily", "interval": "2"}, {"type": "noEnd"}),
    ],
)
def test_recurrence_that_is_none_is_a_bad_reply(pattern, span):
    with pytest.raises(BadReply):
        from_graph(Reply({"pattern": pattern, "range": span}), TUESDAY)


RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
    ]
)
ENDS = st.one_of(
    st.just(""),
    st.integers(1, 20).map(lambda n: f";COUNT={n}"),
    st.integers(1, 28).map(lambda d: f";UNTIL=202705{d:02d}T103000Z"),
)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 4, 30)).map(
    lambda moment: moment.replace(day=min(moment.day, 28), second=0, microsecond=0)
)


@given(rule=RULES, end=ENDS, interval=st.integers(1, 4), start=STARTS)
def test_rule_read_back_has_the_same_occurrences(rule, end, interval, start):
    """The oracles are dateutil, and the sandbox's own reading of Graph's pattern."""
    first = First(start, "Europe/Berlin")
    line = f"{rule};INTERVAL={interval}{end}"

    made = graph(line, first)
    back = from_graph(Reply(made), first)[0].removeprefix("RRULE:")

    wanted = occurrences(line, start)
    assert occurrences(back, start) == wanted
    sent = clean_recurrence(made, start, BERLIN)
    assert list(recurrence_rules(sent, start)[:30]) == wanted


def occurrences(line, start):
    """The first thirty wall starts; UNTIL is an instant, so dateutil gets an aware start."""
    aware = start.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    rule = rrulestr(line, dtstart=aware)
    return [moment.replace(tzinfo=None) for moment in rule[:30]]


@pytest.mark.parametrize(
    ("rule", "day", "pattern"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 31,
         {"type": "relativeMonthly", "index": "last",
          "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"]}),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", 1,
         {"type": "relativeMonthly", "index": "first", "daysOfWeek": ["saturday", "sunday"]}),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", 31,
         {"type": "relativeMonthly", "index": "last",
          "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                         "sunday"]}),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", 31,
         {"type": "absoluteMonthly", "dayOfMonth": 31}),
    ],
)  # fmt: skip
def test_sets_of_days_and_late_days_are_said_as_outlook_means_them(rule, day, pattern):
    first = First(datetime(2026, 3, day, 9), "Europe/Berlin")
    made = graph(rule, first)
    assert made["pattern"] == {**pattern, "interval": 1}
    held = clean_recurrence(made, first.wall, BERLIN)
    assert starts_of(held, first) == by_our_rule(from_graph(Reply(held), first), first)


def starts_of(held, first):
    return recurrence_rules(held, first.wall)[:30]


def by_our_rule(lines, first):
    span = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    found = recurrence.occurrences(lines, first.wall, ZoneInfo(first.timezone), span)
    return [one.wall for one in found][:30]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("kind", ["absoluteMonthly", "absoluteYearly"])
def test_late_day_of_outlook_is_read_as_outlook_repeats_it(kind, day):
    first = First(datetime(2026, 1, day, 9), "Europe/Berlin")
    pattern = {"type": kind, "interval": 1, "dayOfMonth": day}
    pattern |= {"month": 1} if kind == "absoluteYearly" else {}
    span = {"type": "noEnd", "startDate": first.day.isoformat()}
    held = clean_recurrence({"pattern": pattern, "range": span}, first.wall, BERLIN)
    lines = from_graph(Reply(held), first)
    assert by_our_rule(lines, first)[:4] == starts_of(held, first)[:4]
    again = clean_recurrence(to_graph(lines, first, BERLIN), first.wall, BERLIN)
    assert again["pattern"] == held["pattern"]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=1MO,1TU,1WE,1TH,1FR",
     "FREQ=MONTHLY;BYMONTHDAY=27,28,29;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-2"],
)  # fmt: skip
def test_other_sets_are_refused(rule):
    with pytest.raises(Unsupported, match="Outlook cannot repeat"):
        graph(rule)
