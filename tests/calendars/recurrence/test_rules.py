"""Rules as the editor knows them, as lines and as sentences."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from calendars.recurrence import (
    Frequency,
    Kept,
    Rule,
    check_lines,
    ends_on,
    parse_rule,
    rule_lines,
    rule_of,
    sentence,
    with_rule,
)
from common.errors import InvalidInput

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 11, 18, 9, 30)

# Line, sentence of a series that begins on Wednesday 18 November 2026.
SENTENCES = [
    ("FREQ=DAILY", "Every day"),
    ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
    ("FREQ=DAILY;COUNT=1", "Every day, once"),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Every day"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", "Every 2 weeks on weekdays"),
    ("FREQ=WEEKLY", "Weekly on Wednesday"),
    ("FREQ=WEEKLY;BYDAY=WE", "Weekly on Wednesday"),
    ("FREQ=WEEKLY;BYDAY=FR,WE,MO", "Weekly on Mon, Wed and Fri"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20261218T225959Z",
     "Every 2 weeks on Tue and Thu until 18 December 2026"),
    ("FREQ=MONTHLY;BYDAY=3WE;COUNT=10", "Monthly on the third Wednesday, 10 times"),
    ("FREQ=MONTHLY;BYDAY=-1WE", "Monthly on the last Wednesday"),
    ("FREQ=MONTHLY;BYDAY=WE;BYSETPOS=3", "Monthly on the third Wednesday"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Monthly on the last weekday"),
    ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "Monthly on the first weekend day"),
    ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2", "Monthly on the second Monday or Tuesday"),
    ("FREQ=MONTHLY", "Monthly on day 18"),
    ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=18", "Every 2 months on day 18"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "Monthly on the last day"),
    ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
     "Monthly on day 31, or the last day of a shorter month"),
    ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1;COUNT=4",
     "Monthly on day 30, or the last day of a shorter month, 4 times"),
    ("FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1;UNTIL=20270101T000000Z",
     "Monthly on day 29, or the last day of a shorter month, until 31 December 2026"),
    ("FREQ=YEARLY", "Yearly on 18 November"),
    ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=18;UNTIL=20301118T083000Z",
     "Yearly on 18 November until 18 November 2030"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=3WE",
     "Every 4 years on the third Wednesday of November"),
    ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=-1", "Yearly on the last day of November"),
]  # fmt: skip

KEPT = [
    "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=YEARLY;BYMONTH=3,9", "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYMONTHDAY=5", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=WEEKLY;BYMONTH=3",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=DAILY;BYHOUR=9,17", "FREQ=HOURLY",
    "FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "FREQ=MONTHLY;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTHDAY=-2", "FREQ=SOMETIMES", "FREQ=MONTHLY;BYDAY=-2MO",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentence(text, expected):
    assert sentence(parse_rule([f"RRULE:{text}"]), WEDNESDAY, BERLIN) == expected


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_rule_survives_being_written(text, expected):
    rule = parse_rule([f"RRULE:{text}"])
    assert parse_rule(rule_lines(rule, WEDNESDAY, BERLIN)) == rule


def test_instant_before_the_days_occurrence_ends_the_day_before():
    rule = parse_rule(["RRULE:FREQ=DAILY;UNTIL=20261218T073000Z"])
    assert sentence(rule, WEDNESDAY, BERLIN) == "Every day until 17 December 2026"
    assert ends_on(rule, BERLIN) == date(2026, 12, 18)


@pytest.mark.parametrize("text", KEPT)
def test_what_the_editor_has_no_field_for_is_kept(text):
    kept = parse_rule([f"RRULE:{text}"])
    assert kept == Kept((f"RRULE:{text}",))
    assert sentence(kept, WEDNESDAY, BERLIN) == "Repeats by a rule that cannot be shown in words"


@pytest.mark.parametrize(
    "lines", [(), ("EXDATE:20261118T083000Z",), ("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
              ("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY")],
)  # fmt: skip
def test_lines_without_one_plain_rule_are_kept(lines):
    assert parse_rule(lines) == Kept(lines)


def test_dates_beside_the_rule_stay():
    lines = ("EXDATE:20261118T083000Z", "RRULE:FREQ=DAILY", "RDATE:20261119T083000Z")
    assert parse_rule(lines) == Rule(Frequency.DAILY)
    assert with_rule(lines, ("RRULE:FREQ=WEEKLY",)) == ("RRULE:FREQ=WEEKLY", lines[0], lines[2])


@pytest.mark.parametrize(
    ("start", "zone", "line"),
    [
        (WEDNESDAY, BERLIN, "RRULE:FREQ=DAILY;UNTIL=20261218T225959Z"),
        (WEDNESDAY, NEW_YORK, "RRULE:FREQ=DAILY;UNTIL=20261219T045959Z"),
        (date(2026, 11, 18), BERLIN, "RRULE:FREQ=DAILY;UNTIL=20261218"),
    ],
)
def test_last_day_is_an_instant_in_the_zone_or_a_date(start, zone, line):
    rule = Rule(Frequency.DAILY, until=date(2026, 12, 18))
    assert rule_lines(rule, start, zone) == (line,)
    assert ends_on(parse_rule([line]), zone) == date(2026, 12, 18)


def test_instant_of_the_end_stays_as_it_is():
    moment = datetime(2026, 12, 18, 8, 30, tzinfo=UTC)
    rule = Rule(Frequency.DAILY, until=moment)
    assert rule_lines(rule, WEDNESDAY, BERLIN) == ("RRULE:FREQ=DAILY;UNTIL=20261218T083000Z",)


@pytest.mark.parametrize(
    ("frequency", "nth", "line"),
    [
        (Frequency.DAILY, False, "FREQ=DAILY"),
        (Frequency.WEEKLY, False, "FREQ=WEEKLY;BYDAY=WE"),
        (Frequency.MONTHLY, False, "FREQ=MONTHLY;BYMONTHDAY=18"),
        (Frequency.MONTHLY, True, "FREQ=MONTHLY;BYDAY=3WE"),
        (Frequency.YEARLY, False, "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=18"),
        (Frequency.YEARLY, True, "FREQ=YEARLY;BYMONTH=11;BYDAY=3WE"),
    ],
)
def test_plainest_rule_of_a_start(frequency, nth, line):
    rule = rule_of(frequency, WEDNESDAY, nth=nth)
    assert rule_lines(rule, WEDNESDAY, BERLIN) == (f"RRULE:{line}",)


def test_fifth_weekday_of_a_month_is_the_last():
    rule = rule_of(Frequency.MONTHLY, date(2026, 12, 30), nth=True)
    assert (rule.nth, rule.weekdays) == (-1, (2,))


@pytest.mark.parametrize(
    ("lines", "field", "words"),
    [
        (["RRULE:FREQ=SECONDLY"], "recurrence[0]", "SECONDLY"),
        (["RRULE:FREQ=MINUTELY;INTERVAL=5"], "recurrence[0]", "MINUTELY"),
        (["RRULE:FREQ=HOURLY"], "recurrence[0]", "HOURLY"),
        (["RRULE:FREQ=DAILY;COUNT=731"], "recurrence[0]", "730"),
        (["RRULE:FREQ=DAILY;INTERVAL=100"], "recurrence[0]", "99"),
        (["RRULE:FREQ=DAILY;BYHOUR=9,17"], "recurrence[0]", "once a day"),
        (["RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"], "recurrence[1]", "one rule"),
        (["RRULE:FREQ=DAILY", "EXDATE:tomorrow"], "recurrence[1]", "no date"),
        (["EXDATE:20261119T083000Z"], "recurrence[0]", "RRULE"),
        (["RRULE:FREQ=DAILY", "RDATE:" + ",".join(["20261119T083000Z"] * 401)],
         "recurrence[1]", "400"),
        (["RRULE:FREQ=DAILY;UNTIL=20261218"], "recurrence[0]", "an instant"),
        (["RRULE:FREQ=DAILY;UNTIL=20261117T120000Z"], "recurrence[0]", "before it begins"),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU"], "recurrence[0]",
         "Wednesday 18 November is not one of the days of this rule. "
         "The first one is Tuesday 24 November."),
        (["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], "recurrence[0]", "no day at all"),
        # Nobody looks through centuries for what is refused either way.
        (["RRULE:FREQ=YEARLY;INTERVAL=90;BYMONTH=2;BYMONTHDAY=1"], "recurrence[0]",
         "none for years"),
        (["every day"], "recurrence[0]", "no recurrence line"),
    ],
)  # fmt: skip
def test_refusal_names_the_line(lines, field, words):
    with pytest.raises(InvalidInput) as refused:
        check_lines(lines, WEDNESDAY, BERLIN)
    assert refused.value.field == field
    assert words in refused.value.message


def test_the_rarest_day_is_still_named():
    with pytest.raises(InvalidInput, match="The first one is Friday 29 February"):
        check_lines(
            ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"], datetime(2096, 3, 1, 9, 30), BERLIN
        )


def test_all_day_series_ends_with_a_date():
    check_lines(["RRULE:FREQ=DAILY;UNTIL=20261218"], date(2026, 11, 18), BERLIN)
    with pytest.raises(InvalidInput, match="a date such as"):
        check_lines(["RRULE:FREQ=DAILY;UNTIL=20261218T120000Z"], date(2026, 11, 18), BERLIN)


@pytest.mark.parametrize(
    "text",
    ["FREQ=DAILY;COUNT=730", "FREQ=WEEKLY;BYDAY=WE,FR", "FREQ=MONTHLY;BYDAY=3WE",
     "FREQ=MONTHLY;BYMONTHDAY=2,18", "FREQ=YEARLY;INTERVAL=99", "FREQ=YEARLY;BYYEARDAY=322"],
)  # fmt: skip
def test_good_series_pass(text):
    check_lines([f"RRULE:{text}", "EXDATE:20261118T083000Z"], WEDNESDAY, BERLIN)


def test_start_that_is_not_known_is_not_checked():
    check_lines(["RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20200101"], None, BERLIN)
    check_lines([], WEDNESDAY, BERLIN)
