"""When an owner is busy: whole, or not at all."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, Event
from calendars.providers.errors import CalendarGone
from calendars.services import busy
from calendars.services.busy import busy_live, busy_painted
from common.errors import ReconnectNeeded, UpstreamError, UpstreamForbidden, UpstreamUnavailable
from common.spans import Span
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
DAY = Span(NINE - timedelta(hours=9), NINE + timedelta(hours=15))
LIMIT = timedelta(seconds=5)


def hours(first, last):
    return Span(NINE + timedelta(hours=first), NINE + timedelta(hours=last))


@pytest.fixture
def live(actor):
    def read(owner, span=DAY, **more):
        more = {"reason": AccessReason.BOOKING_CONFIRM, "time_limit": LIMIT, **more}
        return busy_live(owner=owner, span=span, actor=actor, **more)

    return read


@pytest.fixture
def painted(actor):
    def read(owner, span=DAY, **more):
        return busy_painted(owner=owner, span=span, actor=actor, now=timezone.now(), **more)

    return read


@pytest.fixture
def add(sandbox):
    def added(connection, first, last, **fields):
        span = hours(first, last)
        return sandbox.store.add_event(
            sandbox.calendar(connection), title="Taken", start=span.start, end=span.end, **fields
        )

    return added


def test_every_counting_calendar_is_asked(connect, owner, live, add):
    google, outlook = connect(owner, "google"), connect(owner, "outlook")
    add(google, 0, 1)
    add(outlook, 3, 4)
    answer = live(owner)
    assert answer.spans == (hours(0, 1), hours(3, 4))
    assert {one.calendar_id for one in answer.sources} == set(
        Calendar.objects.values_list("pk", flat=True)
    )
    assert all(one.live for one in answer.sources)


def test_overlapping_events_become_one_span(connect, user_owner, live, add):
    google, outlook = connect(user_owner, "google"), connect(user_owner, "outlook")
    add(google, 0, 2)
    add(outlook, 1, 3)
    assert live(user_owner).spans == (hours(0, 3),)


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_free_and_declined_events_do_not_count(connect, user_owner, live, add, provider):
    connection = connect(user_owner, provider)
    add(connection, 0, 1, busy=False)
    add(connection, 2, 3, response="declined", organizer="boss@example.org")
    assert live(user_owner).spans == ()


def test_calendars_that_do_not_count_are_not_asked(connect, user_owner, live, add, sandbox):
    connection = connect(user_owner, "google")
    add(connection, 0, 1)
    Calendar.objects.update(counts_as_busy=False)
    before = len(sandbox.calls())
    assert live(user_owner).sources == ()
    assert len(sandbox.calls()) == before


def test_owner_without_calendars_gets_an_empty_answer(user_owner, live, painted):
    assert live(user_owner).spans == painted(user_owner).spans == ()


def test_colleagues_calendars_do_not_count(connect, user_owner, bob_owner, live, add):
    add(connect(user_owner, "google"), 0, 1)
    assert live(bob_owner).spans == ()


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_ignored_events_do_not_count(connect, user_owner, live, add, copy_events, provider):
    connection = connect(user_owner, provider)
    add(connection, 0, 1)
    add(connection, 2, 3)
    copy_events(connection)
    own = Event.objects.get(start_at=hours(0, 1).start)
    assert live(user_owner, ignoring=frozenset({own.pk})).spans == (hours(2, 3),)


def test_one_log_row_per_connection_with_the_callers_reason(connect, user_owner, live):
    connect(user_owner, "google")
    connect(user_owner, "outlook")
    before = OAuthTokenAccessLog.objects.count()
    live(user_owner)
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome")[before:]
    assert list(rows) == [(AccessReason.BOOKING_CONFIRM, Outcome.GRANTED)] * 2


# --- What cannot be read is never free ---


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"delay": 60}, {"body": "<html>"}, {"body": "{}"}]
)
@pytest.mark.parametrize("failing", ["google", "microsoft"])
def test_one_failing_of_two_is_raised(connect, user_owner, live, add, sandbox, fault, failing):
    google, outlook = connect(user_owner, "google"), connect(user_owner, "outlook")
    add(google, 0, 1)
    add(outlook, 3, 4)
    sandbox.fault(f"{failing}.*", count=None, **fault)
    with pytest.raises(UpstreamError):
        live(user_owner)


def test_error_of_one_calendar_within_a_good_answer_is_raised(connect, user_owner, live, sandbox):
    connection = connect(user_owner, "google")
    sandbox.store.change_calendar(sandbox.calendar(connection), freebusy_error="internalError")
    with pytest.raises(UpstreamUnavailable):
        live(user_owner)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (ConnectionState.PAUSED, UpstreamForbidden),
        (ConnectionState.RECONNECT_NEEDED, ReconnectNeeded),
    ],
)
def test_account_that_cannot_be_asked_is_raised(user_owner, live, painted, state, error):
    connection = make_connection(user_owner, state=state)
    make_calendar(connection, window_from=DAY.start, window_until=DAY.end)
    for read in (live, painted):
        with pytest.raises(error):
            read(user_owner)


def test_calendar_that_is_gone_is_raised(user_owner, live, painted):
    make_calendar(make_connection(user_owner), gone_at=timezone.now())
    for read in (live, painted):
        with pytest.raises(CalendarGone):
            read(user_owner)


def test_dead_grant_flags_the_account(connect, user_owner, live, sandbox):
    connection = connect(user_owner, "google")
    sandbox.store.revoke(sandbox.account(connection))
    with pytest.raises(ReconnectNeeded):
        live(user_owner)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.RECONNECT_NEEDED


@pytest.mark.parametrize("providers", [["google"], ["google", "outlook"]])
def test_token_refused_before_its_time_is_renewed_and_asked_again(
    connect, user_owner, live, add, sandbox, providers
):
    """Of several accounts, which are asked by threads that may not renew, as of one."""
    google, *_ = [connect(user_owner, provider) for provider in providers]
    add(google, 0, 1)
    before = OAuthTokenAccessLog.objects.count()
    sandbox.fault("google.freebusy.query", status=401, count=len(providers))

    assert live(user_owner).spans == (hours(0, 1),)

    google.refresh_from_db()
    assert google.state == ConnectionState.ACTIVE
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", flat=True)[before:]
    assert list(rows) == [AccessReason.BOOKING_CONFIRM] * len(providers) + ["token.refresh"]


# --- Painting ---


def test_a_fresh_copy_is_painted_without_asking(
    connect, user_owner, painted, add, copy_events, sandbox
):
    connection = connect(user_owner, "google")
    add(connection, 0, 1)
    copy_events(connection)
    before, rows = len(sandbox.calls()), OAuthTokenAccessLog.objects.count()
    answer = painted(user_owner)
    assert answer.spans == (hours(0, 1),)
    assert [one.live for one in answer.sources] == [False]
    assert (len(sandbox.calls()), OAuthTokenAccessLog.objects.count()) == (before, rows)


@pytest.mark.parametrize(
    "aged",
    [
        {"synced_at": timezone.now() - timedelta(seconds=61)},
        {"synced_at": None},
        {"sync_error": "did not answer"},
        {"noticed_at": timezone.now() + timedelta(hours=1)},
        {"window_until": NINE},
    ],
)
def test_a_copy_that_will_not_do_is_read_live_and_renewed(
    connect, user_owner, painted, add, copy_events, aged, django_capture_on_commit_callbacks
):
    connection = connect(user_owner, "google")
    copy_events(connection)
    add(connection, 0, 1)
    Calendar.objects.update(**aged)
    with django_capture_on_commit_callbacks() as asked:
        answer = painted(user_owner)
    assert answer.spans == (hours(0, 1),)
    assert [one.live for one in answer.sources] == [True]
    assert len(asked) == 1


def test_old_copy_and_dead_provider_is_raised(connect, user_owner, painted, copy_events, sandbox):
    copy_events(connect(user_owner, "google"))
    Calendar.objects.update(synced_at=timezone.now() - timedelta(minutes=5))
    sandbox.fault("*", status=503, count=None)
    with pytest.raises(UpstreamUnavailable):
        painted(user_owner)


def test_painting_from_the_copy_counts_as_live_reading_does(user_owner, painted):
    calendar = make_calendar(
        make_connection(user_owner), window_from=DAY.start, window_until=DAY.end
    )
    for first, fields in enumerate(
        [
            {},
            {"is_busy": False},
            {"response": "declined"},
            {"deleted_at": timezone.now()},
            {"recurrence": ["RRULE:FREQ=DAILY"]},
            {"status": "tentative"},
        ]
    ):
        make_event(calendar, start=hours(2 * first, 2 * first + 1).start, **fields)
    own = make_event(calendar, start=hours(13, 14).start)
    answer = painted(user_owner, ignoring=frozenset({own.pk}))
    assert answer.spans == (hours(0, 1), hours(10, 11))


def test_the_copy_is_painted_as_one_span_where_events_touch_or_overlap(user_owner, painted):
    calendar = make_calendar(
        make_connection(user_owner), window_from=DAY.start, window_until=DAY.end
    )
    before, after = DAY.start - timedelta(hours=2), DAY.end + timedelta(hours=2)
    for start, end in [
        (before, hours(0, 1).start),  # begins the day before
        (hours(3, 8).start, hours(3, 8).end),
        (hours(4, 5).start, hours(4, 5).end),  # within another
        (hours(7, 9).start, hours(7, 9).end),  # overlaps it
        (hours(9, 10).start, hours(9, 10).end),  # touches that
        (hours(12, 13).start, hours(12, 13).start),  # takes no time
        (hours(12, 13).end, hours(12, 13).end + timedelta(minutes=1)),
        (hours(14, 15).start, after),  # ends the day after
    ]:
        make_event(calendar, start=start, end=end)
    minute = Span(hours(13, 14).start, hours(13, 14).start + timedelta(minutes=1))
    assert painted(user_owner).spans == (
        hours(-9, 0),
        hours(3, 10),
        minute,
        hours(14, 15),
    )


# --- Many at once ---


def test_reads_that_find_no_free_thread_give_up_in_time(connect, user_owner, live):
    """Two accounts are read side by side; slow ones of others may hold every thread."""
    connect(user_owner, "google")
    connect(user_owner, "outlook")
    others_are_done = threading.Event()
    for _ in range(busy.WORKERS):
        busy._pool().submit(others_are_done.wait, 30)
    try:
        with pytest.raises(UpstreamUnavailable, match="asked too much"):
            live(user_owner, time_limit=timedelta(seconds=0.1))
    finally:
        others_are_done.set()
    assert live(user_owner).spans == ()


@pytest.mark.django_db(transaction=True)
def test_one_connection_is_asked_by_four_at_once_at_most(
    connect, user_owner, live, sandbox, settings
):
    settings.OUTLOOK_CONCURRENCY = 2
    connect(user_owner, "outlook")
    inside, most, lock = [0], [0], threading.Lock()
    two_are_inside, turns = threading.Barrier(2), itertools.count(1)

    def count(seconds):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        # The first ones wait for each other, so that they are at it together.
        if next(turns) <= 2:
            two_are_inside.wait(timeout=60)
        else:
            threading.Event().wait(0.05)
        with lock:
            inside[0] -= 1

    sandbox.adapter.sleep = count
    sandbox.fault("microsoft.*", delay=0.01, count=None)
    threads = [threading.Thread(target=_read, args=(live, user_owner)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2


def _read(live, owner):
    from django.db import connection

    try:
        live(owner, time_limit=timedelta(seconds=120))
    finally:
        connection.close()


# --- Copies that push keeps young ---


@pytest.mark.parametrize(
    ("state", "is_live"),
    [
        ({}, False),
        ({"push_until": -1}, True),
        ({"noticed_at": -1}, True),
        ({"synced_at": -4500}, True),
        ({"sync_error": "no answer"}, True),
    ],
)
def test_a_copy_covered_by_push_is_painted_without_asking(
    connect, user_owner, painted, add, copy_events, sandbox, settings, state, is_live
):
    settings.PUSH_ENABLED = True
    connection = connect(user_owner, "google")
    add(connection, 0, 1)
    copy_events(connection)
    now = timezone.now()
    at = {"synced_at": -600, "push_until": 600, "noticed_at": -900, **state}
    moments = {k: now + timedelta(seconds=v) for k, v in at.items() if isinstance(v, int)}
    Calendar.objects.update(**{**at, **moments})
    before = len(sandbox.calls())
    assert painted(user_owner).spans == (hours(0, 1),)
    assert (len(sandbox.calls()) > before) == is_live
