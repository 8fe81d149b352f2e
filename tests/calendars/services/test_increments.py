"""Increments by cursor: what they cost, what they bring, and that nothing is lost on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, Event
from calendars.providers.base import EventDraft
from calendars.services import copying, events, sync
from common import http
from common.errors import RateLimited, UpstreamConflict, UpstreamUnavailable
from common.spans import Span
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
# In the morning, so that hours later is the same day in every zone used here.
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
FAR = START - copying.BEFORE - timedelta(days=9)
DAILY = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=5"], "timezone": "Europe/Berlin"}


@pytest.fixture
def sandbox(sandbox):
    """Held to what Google and Microsoft publish."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(sandbox.adapter.app))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, user_owner):
    return connect(user_owner, request.param)


@pytest.fixture
def google(connect, user_owner):
    return connect(user_owner, "google")


@pytest.fixture
def outlook(connect, user_owner):
    return connect(user_owner, "outlook")


@pytest.fixture
def side(sandbox):
    """Call it with a connection: hands on its own calendar at the provider."""

    class Side:
        def __init__(self, connection):
            self.store, self.calendar = sandbox.store, sandbox.calendar(connection)
            self.is_google = connection.provider == "google"

        def add(self, title="Board", start=START, **fields):
            fields = {"end": start + timedelta(hours=1), **fields}
            record = self.store.add_event(self.calendar, title=title, start=start, **fields)
            return record["body"].get("id") or record["id"]

        def rename(self, event_id, title):
            self.change(event_id, {"summary": title}, {"subject": title})

        def change(self, event_id, google, graph):
            self.store.change_event(self.calendar, event_id, google if self.is_google else graph)

        def move(self, event_id, start, **more):
            def at(moment):
                wall = moment.astimezone(BERLIN).replace(tzinfo=None).isoformat()
                return {"dateTime": wall, "timeZone": "Europe/Berlin"}

            times = {"start": at(start), "end": at(start + timedelta(hours=1))}
            self.change(event_id, {**times, **more}, {**times, **more})

        def delete(self, event_id):
            self.store.delete_event(self.calendar, event_id)

        def occurrence(self, provider, series_id, at):
            """The provider's id of an occurrence."""
            return provider.get_occurrence(self.remote, series_id, at).remote_id

    return Side


@pytest.fixture
def one_run(sandbox, actor):
    """Call it with a connection: reads its calendars by name; the requests it cost."""

    def run(connection, **more):
        before = len(sandbox.calls())
        sync.sync_connection(
            connection=connection,
            actor=actor,
            now=timezone.now(),
            calendar_ids=[row.pk for row in connection.calendars.all()],
            **more,
        )
        return [call["operation"] for call in sandbox.calls()[before:]]

    return run


@pytest.fixture
def id_of(sandbox, actor):
    """Call it with an event of the mirror: its id at the provider."""

    def found(event):
        return events.refresh_event(event=event, actor=actor).remote_id

    return found


def shown():
    """Title and start of every occurrence that people see."""
    rows = Event.objects.filter(deleted_at__isnull=True, recurrence=[]).order_by("start_at")
    return [(row.title, row.start_at) for row in rows]


def days(title, *numbers, start=START):
    """The same at the same wall time in Berlin, that many days later."""
    wall = start.astimezone(BERLIN).replace(tzinfo=None)
    return [
        (title, (wall + timedelta(days=n)).replace(tzinfo=BERLIN).astimezone(UTC)) for n in numbers
    ]


# --- What it costs ---


def test_an_increment_with_one_change_is_one_request(connection, side, one_run):
    there = side(connection)
    first = there.add()
    assert len(one_run(connection)) == 1
    there.rename(first, "Board, again")
    assert len(one_run(connection)) == 1
    assert shown() == [("Board, again", START)]
    there.add("New", START + timedelta(days=2))
    assert len(one_run(connection)) == 1
    there.delete(first)
    assert len(one_run(connection)) == 1
    assert shown() == [("New", START + timedelta(days=2))]


def test_a_changed_series_is_one_request_too(connection, side, one_run):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    there.rename(series, "Stand-up")
    assert len(one_run(connection)) == 1
    assert shown() == days("Stand-up", 0, 1, 2, 3, 4)


def test_an_increment_without_a_change_writes_nothing(connection, side, one_run):
    side(connection).add()
    one_run(connection)
    before = Calendar.objects.values_list("changed_at", flat=True).get()
    assert len(one_run(connection)) == 1
    assert Calendar.objects.values_list("changed_at", flat=True).get() == before


def test_every_run_leaves_one_log_row(connection, side, one_run):
    one_run(connection)
    before = OAuthTokenAccessLog.objects.count()
    one_run(connection)
    assert OAuthTokenAccessLog.objects.count() == before + 1


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


def seen():
    """What people see of the mirror's window."""
    return [(title, start) for title, start in shown() if start > START - copying.BEFORE]


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


# --- Cut short, lost, too old ---


@pytest.fixture
def small_pages(sandbox, monkeypatch):
    sandbox.store.set_setting("google.page_size", 2)
    monkeypatch.setattr("calendars.providers.microsoft.adapter.DELTA_PAGE_SIZE", 2)


class Killed(BaseException):
    """What a worker's end looks like from inside."""


def test_a_first_sync_that_is_killed_goes_on_where_it_was(
    connection, side, one_run, small_pages, monkeypatch
):
    there = side(connection)
    for hour in range(6):
        there.add(f"Event {hour}", START + timedelta(hours=hour))
    writes = []

    def die_at_the_third(*args, **more):
        writes.append(1)
        if len(writes) == 3:
            raise Killed
        return written(*args, **more)

    written = copying.write_plan
    monkeypatch.setattr(copying, "write_plan", die_at_the_third)
    with pytest.raises(Killed):
        one_run(connection)
    assert len(shown()) == 4
    calendar = connection.calendars.get()
    assert (calendar.synced_at, bool(calendar.baseline_cursor)) == (None, True)
    assert len(one_run(connection)) == 1
    calendar.refresh_from_db()
    assert len(shown()) == 6
    assert (calendar.baseline_cursor, calendar.synced_at is None) == ("", False)


def test_a_worker_that_never_came_back_is_followed_after_its_lease(connection, side, one_run):
    side(connection).add()
    now = timezone.now()
    Calendar.objects.update(lease_holder="gone", lease_until=now + timedelta(seconds=90))
    assert one_run(connection) == []
    with time_machine.travel(now + timedelta(seconds=91)):
        one_run(connection)
    assert shown() == [("Board", START)]


@pytest.mark.parametrize("hours", [13, 1])
def test_a_page_the_provider_forgot_begins_anew(
    connection, side, one_run, small_pages, sandbox, hours
):
    there = side(connection)
    for hour in range(5):
        there.add(f"Event {hour}", START + timedelta(hours=hour))
    operation = "google.events.list" if there.is_google else "microsoft.calendarView.delta"
    sandbox.fault(operation, status=503, skip=1)
    with pytest.raises(UpstreamUnavailable):
        one_run(connection)
    Calendar.objects.update(baseline_at=F("baseline_at") - timedelta(hours=hours))
    if hours == 1:
        sandbox.fault(
            operation,
            status=410,
            reason="fullSyncRequired" if there.is_google else "SyncStateNotFound",
        )
    one_run(connection)
    assert len(shown()) == 5


def test_a_lost_cursor_starts_over_and_nobody_sees_an_empty_week(
    connection, side, one_run, small_pages, sandbox, monkeypatch
):
    there = side(connection)
    ids = [there.add(f"Event {hour}", START + timedelta(hours=hour)) for hour in range(5)]
    one_run(connection)
    there.delete(ids[0])
    sandbox.store.forget_sync(there.calendar)
    seen = []
    written = copying.write_plan

    def watch(*args, **more):
        seen.append(len(shown()))
        return written(*args, **more)

    monkeypatch.setattr(copying, "write_plan", watch)
    one_run(connection)
    assert set(seen) == {5}
    assert [title for title, _ in shown()] == ["Event 1", "Event 2", "Event 3", "Event 4"]


def test_the_window_is_read_anew_when_little_of_it_lies_ahead(connection, side, one_run):
    there = side(connection)
    there.add("Far", START + timedelta(days=500))
    now = timezone.now()
    one_run(connection)
    calendar = connection.calendars.get()
    own_hour = calendar.pk.int % 24
    assert shown() == []
    later = (now + timedelta(days=62)).replace(hour=own_hour, minute=30)
    with time_machine.travel(later.replace(hour=(own_hour + 1) % 24)):
        one_run(connection)
    assert shown() == []
    with time_machine.travel(later):
        one_run(connection)
    assert shown() == [("Far", START + timedelta(days=500))]
    calendar.refresh_from_db()
    assert calendar.window_until == later + copying.AHEAD
    with time_machine.travel(later + timedelta(days=70), tick=False):
        assert copying.is_due_anew(calendar, timezone.now())


def test_ids_and_deleted_occurrences_outlive_the_roll_over(connection, side, one_run, id_of):
    there = side(connection)
    there.add("Weekly", recurrence=["RRULE:FREQ=WEEKLY"], timezone="Europe/Berlin")
    one_run(connection)
    far = Event.objects.filter(recurrence=[]).order_by("start_at")[30]
    there.delete(id_of(far))
    one_run(connection)
    with time_machine.travel(timezone.now() + timedelta(days=95)):
        sync.forget_tombstones(timezone.now())
        one_run(connection)
        there.rename(Event.objects.exclude(recurrence=[]).get().remote_id, "Renamed")
        one_run(connection)
    assert far.start_at not in [start for _, start in shown()]
    assert len(shown()) > 60


# --- What providers do wrong ---


def test_a_delta_that_never_ends_is_listed_instead(outlook, side, one_run, sandbox):
    there = side(outlook)
    there.add()
    sandbox.store.set_setting("microsoft.endless_delta", True)
    one_run(outlook)
    assert shown() == [("Board", START)]
    there.add("Second", START + timedelta(hours=2))
    assert one_run(outlook) == ["microsoft.calendarView.list"]
    assert len(shown()) == 2
    sandbox.store.set_setting("microsoft.endless_delta", False)
    with time_machine.travel(timezone.now() + copying.LISTED_FOR + timedelta(minutes=1)):
        one_run(outlook)
        assert one_run(outlook) == ["microsoft.calendarView.delta"]


def test_nonsense_once_is_waited_out_and_twice_is_listed(connection, side, one_run, sandbox):
    there = side(connection)
    there.add()
    one_run(connection)
    operation = "google.events.list" if there.is_google else "microsoft.calendarView.delta"
    sandbox.fault(operation, body="<html>")
    with pytest.raises(UpstreamUnavailable):
        one_run(connection)
    cursor = connection.calendars.get().sync_cursor
    assert not cursor.startswith(copying.LISTED)
    sandbox.fault(operation, body="<html>")
    there.add("Second", START + timedelta(hours=2))
    one_run(connection)
    assert len(shown()) == 2


# --- Quotas ---


def test_retry_after_is_respected_for_the_whole_account(connection, side, one_run, sandbox):
    sandbox.store.add_calendar(sandbox.account(connection), name="Second")
    one_run(connection)
    sandbox.fault("*", status=429, retry_after=120, count=1)
    with pytest.raises(RateLimited):
        one_run(connection)
    now = timezone.now()
    assert all(row.sync_after > now + timedelta(seconds=118) for row in connection.calendars.all())
    with time_machine.travel(now + timedelta(seconds=110)):
        assert one_run(connection) == []
    with time_machine.travel(now + timedelta(seconds=140)):
        assert one_run(connection) != []


def test_no_more_runs_at_once_than_the_account_bears(connection, one_run, sandbox, actor, settings):
    account = sandbox.account(connection)
    for number in range(3):
        sandbox.store.add_calendar(account, name=f"More {number}")
    sync.sync_connection(connection=connection, actor=actor, now=timezone.now())
    rows = list(connection.calendars.all())
    until = timezone.now() + timedelta(minutes=1)
    Calendar.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(lease_until=until)
    assert one_run(connection) == []
    Calendar.objects.filter(pk=rows[0].pk).update(lease_until=None)
    assert len(one_run(connection)) == 3


def test_a_run_that_may_do_nothing_opens_no_token(connection, one_run):
    one_run(connection)
    Calendar.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    before = OAuthTokenAccessLog.objects.count()
    assert one_run(connection) == []
    assert OAuthTokenAccessLog.objects.count() == before
