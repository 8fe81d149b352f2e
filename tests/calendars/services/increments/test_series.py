"""Series by increments: whatever becomes of an occurrence, we have it as the provider has."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import copying, events, sync
from common.errors import UpstreamConflict
from common.spans import Span
from tests.calendars.services.increments.conftest import BERLIN, DAILY, START, days, seen, shown

pytestmark = pytest.mark.django_db
FAR = START - copying.BEFORE - timedelta(days=9)


# --- Series ---


def test_an_occurrence_moved_out_of_the_window_is_not_at_its_old_time(
    connection, side, one_run, id_of
):
    """It was: Google does not list it, and the rule alone knows the old time."""
    there = side(connection)
    there.add("Daily", **DAILY)
    one_run(connection)
    first = id_of(Event.objects.get(start_at=START, recurrence=[]))
    # The first one, for Outlook lets no occurrence over the day of its neighbour.
    there.move(first, FAR)
    one_run(connection)
    assert seen() == days("Daily", 1, 2, 3, 4)
    one_run(connection, anew=True)
    assert seen() == days("Daily", 1, 2, 3, 4)


def test_one_that_was_moved_before_the_window_was_read_is_not_there_either(
    connection, side, one_run, id_of
):
    there = side(connection)
    there.add("Daily", **DAILY)
    one_run(connection)
    there.move(id_of(Event.objects.get(start_at=START, recurrence=[])), FAR)
    Event.objects.all().delete()
    one_run(connection, anew=True)
    assert seen() == days("Daily", 1, 2, 3, 4)
    # Nor do later readings bring it back, whole or not.
    one_run(connection, anew=True)
    there.add("New", START + timedelta(hours=2))
    one_run(connection)
    assert seen() == sorted(
        [*days("Daily", 1, 2, 3, 4), ("New", START + timedelta(hours=2))], key=lambda one: one[1]
    )


def test_one_that_comes_back_into_the_window_is_there_again(connection, side, one_run, id_of):
    there = side(connection)
    there.add("Daily", **DAILY)
    one_run(connection)
    first = id_of(Event.objects.get(start_at=START, recurrence=[]))
    there.move(first, FAR)
    one_run(connection, anew=True)
    there.move(first, START - timedelta(hours=3))
    one_run(connection)
    assert seen() == [("Daily", START - timedelta(hours=3)), *days("Daily", 1, 2, 3, 4)]


def test_a_whole_reading_asks_for_strays_only_where_a_rule_speaks(google, side, one_run):
    there = side(google)
    there.add()
    assert one_run(google) == ["google.events.list"]
    there.add("Daily", **DAILY)
    assert one_run(google, anew=True) == ["google.events.list"] * 2
    assert len(seen()) == 6


def test_a_series_is_the_same_as_the_provider_lists_it(connection, side, one_run, actor):
    """Our own expansion, across both changes of the clock, against the provider's."""
    there = side(connection)
    monday = datetime(2026, 11, 23, 2, 30, tzinfo=BERLIN)
    there.add(
        "Weekly", monday, recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO,SU"], timezone="Europe/Berlin"
    )
    fair = date(2026, 12, 1)
    there.add("Fair", fair, end=fair + timedelta(days=2), recurrence=["RRULE:FREQ=MONTHLY;COUNT=9"])
    one_run(connection)
    ours = _facts()
    calendar = connection.calendars.get()
    span = Span(calendar.window_from, calendar.window_until)
    Event.objects.all().delete()
    sync.fetch_span(calendars=[calendar], span=span, actor=actor)
    assert ours == _facts()
    assert len(ours) > 60


def _facts():
    rows = Event.objects.filter(deleted_at__isnull=True, recurrence=[]).order_by("start_at", "pk")
    return list(
        rows.values_list(
            "pk", "title", "start_at", "end_at", "start_wall", "end_wall", "timezone", "is_all_day"
        )
    )


def test_a_deleted_occurrence_goes_and_stays_away(connection, side, one_run, id_of):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    there.delete(id_of(Event.objects.get(start_at=days("", 2)[0][1])))
    one_run(connection)
    assert shown() == days("Daily", 0, 1, 3, 4)
    there.rename(series, "Stand-up")
    one_run(connection)
    assert shown() == days("Stand-up", 0, 1, 3, 4)
    one_run(connection, anew=True)
    assert shown() == days("Stand-up", 0, 1, 3, 4)


def test_a_moved_occurrence_keeps_its_id_and_outlives_its_series_new_name(
    connection, side, one_run, id_of
):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    third = Event.objects.get(start_at=days("", 2)[0][1])
    moved_to = third.start_at + timedelta(hours=3)
    remote_id = id_of(third)
    there.move(remote_id, moved_to)
    there.rename(remote_id, "Special")
    one_run(connection)
    third.refresh_from_db()
    assert (third.start_at, third.title, third.is_exception) == (moved_to, "Special", True)
    there.rename(series, "Stand-up")
    one_run(connection)
    expected = [*days("Stand-up", 0, 1), ("Special", moved_to), *days("Stand-up", 3, 4)]
    assert shown() == expected
    one_run(connection, anew=True)
    assert shown() == expected


def test_a_shortened_series_loses_its_last_occurrences_and_may_get_them_back(
    connection, side, one_run
):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    _repeat(there, series, 3)
    one_run(connection)
    assert shown() == days("Daily", 0, 1, 2)
    _repeat(there, series, 5)
    one_run(connection)
    assert shown() == days("Daily", 0, 1, 2, 3, 4)


def _repeat(there, series, count):
    day = START.astimezone(BERLIN).date().isoformat()
    there.change(
        series,
        {"recurrence": [f"RRULE:FREQ=DAILY;COUNT={count}"]},
        {
            "recurrence": {
                "pattern": {"type": "daily", "interval": 1},
                "range": {
                    "type": "numbered",
                    "startDate": day,
                    "numberOfOccurrences": count,
                    "recurrenceTimeZone": "Europe/Berlin",
                },
            }
        },
    )


@pytest.mark.parametrize("hours", [2, 24])
def test_a_series_that_moves_takes_its_exceptions_as_the_provider_does(
    connection, side, one_run, id_of, hours
):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    there.rename(id_of(Event.objects.get(start_at=days("", 2)[0][1])), "Special")
    one_run(connection)
    start = START + timedelta(hours=hours)
    more = {}
    if not there.is_google:
        wall = start.astimezone(BERLIN).date().isoformat()
        pattern = {"type": "daily", "interval": 1}
        upto = {"type": "numbered", "startDate": wall, "numberOfOccurrences": 5}
        more = {
            "recurrence": {
                "pattern": pattern,
                "range": {**upto, "recurrenceTimeZone": "Europe/Berlin"},
            }
        }
    there.move(series, start, **more)
    one_run(connection)
    assert shown() == days("Daily", 0, 1, 2, 3, 4, start=start)


def test_a_deleted_series_goes_whole(connection, side, one_run, id_of):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    there.add("Other", START + timedelta(hours=5))
    one_run(connection)
    there.rename(id_of(Event.objects.get(start_at=days("", 2)[0][1])), "Special")
    one_run(connection)
    there.delete(series)
    one_run(connection)
    assert shown() == [("Other", START + timedelta(hours=5))]


def test_a_series_whose_rule_we_cannot_read_is_asked_for(google, side, one_run, monkeypatch):
    """Nothing may be shown as free because a rule is beyond us."""
    there = side(google)
    monkeypatch.setattr("sandbox.server.series._TOO_OFTEN", __import__("re").compile("$^"))
    there.add("Often", recurrence=["RRULE:FREQ=HOURLY;COUNT=3"], timezone="Europe/Berlin")
    one_run(google)
    assert shown() == [("Often", START + timedelta(hours=n)) for n in range(3)]


# --- Writing to an occurrence that came from a rule ---


def test_an_occurrence_from_a_rule_is_changed_and_deleted(google, side, one_run, actor, sandbox):
    side(google).add("Daily", **DAILY)
    one_run(google)
    second, third = Event.objects.filter(recurrence=[]).order_by("start_at")[1:3]
    assert second.remote_id == ""
    changed = events.update_event(event=second, draft=EventDraft(title="Special"), actor=actor)
    assert (changed.pk, changed.title) == (second.pk, "Special")
    events.delete_event(event=third, actor=actor)
    one_run(google)
    assert shown() == [*days("Daily", 0), *days("Special", 1), *days("Daily", 3, 4)]


def test_an_occurrence_that_was_changed_meanwhile_is_a_conflict(
    google, side, one_run, actor, id_of
):
    there = side(google)
    there.add("Daily", **DAILY)
    one_run(google)
    second = Event.objects.filter(recurrence=[]).order_by("start_at")[1]
    there.rename(id_of(Event.objects.get(pk=second.pk)), "Theirs")
    with pytest.raises(UpstreamConflict):
        events.update_event(event=second, draft=EventDraft(title="Ours"), actor=actor)
    assert Event.objects.get(pk=second.pk).title == "Theirs"
