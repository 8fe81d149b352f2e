"""Subscribing: what is kept and hidden, when it is read, and that a failing feed is never free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason
from audit.models import OAuthToken, OAuthTokenAccessLog
from calendars.models import Calendar, Event, RememberedCalendar
from calendars.owners import booking_calendar_of, connections_of
from calendars.services import busy, connections, events, subscriptions, sync
from calendars.services.preferences import arrange_calendar
from common.errors import Conflict, Forbidden, InvalidInput, UpstreamError
from common.spans import Span
from tests.factories import make_connection
from tests.feeds import event, feed, feed_server
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db(transaction=True)

DAY = Span(datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
LIMIT = timedelta(seconds=8)


@pytest.fixture(autouse=True)
def _clock(time_machine):
    """The week that its dates are written for."""
    time_machine.move_to("2026-11-20T12:00:00Z", tick=True)


@pytest.fixture
def feeds():
    with feed_server() as server:
        server.serve(
            feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H", "SUMMARY:Inspection"))
        )
        yield server


@pytest.fixture
def subscribed(feeds, actor):
    """Call it with an owner: a subscription of theirs to the feed, not copied yet."""

    def made(owner, *, counts_as_busy=True, address=""):
        return subscriptions.subscribe(
            owner=owner,
            address=address or feeds.url(),
            counts_as_busy=counts_as_busy,
            actor=actor,
            now=timezone.now(),
        )

    return made


def copy(connection):
    """What a worker does."""
    sync.run(kind=connection.owner_kind, connection_id=connection.pk, calendar_ids=None)
    return connection.calendars.get()


def ask(owner, actor):
    return busy.busy_live(
        owner=owner, span=DAY, actor=actor, reason=AccessReason.BUSY_READ, time_limit=LIMIT
    )


# --- What is kept ---


def test_calendar_is_named_read_only_and_counts_as_wished(subscribed, owner):
    row = subscribed(owner, counts_as_busy=True).calendars.get()
    assert (row.name, row.is_writable, row.counts_as_busy) == ("Holidays", False, True)


def test_address_is_sealed_and_only_its_host_is_shown(subscribed, owner, actor):
    connection = subscribed(owner)
    token = OAuthToken.objects.get(connection_id=connection.pk)
    assert b"s3cret" not in bytes(token.access_sealed)
    tables = [type(connection), Calendar, Event, OAuthTokenAccessLog, RememberedCalendar]
    copy(connection)
    connections.disconnect(connection=connection, actor=actor)
    assert [row for table in tables for row in table.objects.values() if "s3cret" in str(row)] == []
    assert connection.connected_email == "feeds.example"
    assert not OAuthToken.objects.filter(connection_id=connection.pk).exists()


def test_every_reading_is_logged_like_a_token(subscribed, owner):
    connection = subscribed(owner)
    copy(connection)
    rows = OAuthTokenAccessLog.objects.filter(connection_id=connection.pk).order_by("seq")
    assert [(row.provider, row.reason, row.outcome) for row in rows] == [
        ("ics", "calendar.calendars.list", "granted"),
        ("ics", "calendar.events.sync", "granted"),
    ]


def test_same_address_again_is_the_same_subscription(subscribed, owner):
    first, again = subscribed(owner), subscribed(owner, counts_as_busy=False)
    assert first.pk == again.pk
    assert again.calendars.get().counts_as_busy is False


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/x.ics", "file:///etc/passwd", "nonsense", "https://u:p@x.example"]
)
def test_address_that_is_not_read_is_refused_and_nothing_kept(owner, actor, address):
    with pytest.raises(InvalidInput) as refusal:
        subscriptions.subscribe(
            owner=owner, address=address, counts_as_busy=True, actor=actor, now=timezone.now()
        )
    assert refusal.value.field == "address"
    assert list(connections_of(owner)) == []
    assert OAuthToken.objects.count() == 0


def test_feed_that_cannot_be_read_is_refused_and_nothing_kept(subscribed, owner, feeds):
    feeds.serve(b"<html>")
    with pytest.raises(InvalidInput, match="is not a calendar"):
        subscribed(owner)
    assert list(connections_of(owner)) == []


def test_number_of_subscriptions_is_limited(subscribed, owner, monkeypatch):
    monkeypatch.setattr(subscriptions, "MOST", 1)
    subscribed(owner)
    with pytest.raises(Conflict):
        subscribed(owner, address="https://other.example/")


def test_subscription_takes_no_place_in_the_plan_and_no_bookings(subscribed, user_owner, connect):
    user_owner.workspace.tier = Tier.FREE
    user_owner.workspace.save()
    subscribed(user_owner)
    assert booking_calendar_of(user_owner) is None
    assert connections.promote(user_owner) is None
    connection = connect(user_owner)
    assert booking_calendar_of(user_owner).connection == connection
    subscribed(user_owner)


# --- Reading ---


def test_events_come_into_the_mirror_and_leave_it(subscribed, owner, feeds):
    connection = subscribed(owner)
    calendar = copy(connection)
    assert [row.title for row in Event.objects.all()] == ["Inspection"]
    feeds.serve(feed())
    Calendar.objects.update(sync_after=None)
    copy(connection)
    assert Event.objects.filter(deleted_at__isnull=True).count() == 0
    calendar.refresh_from_db()
    assert calendar.sync_error == ""


def test_series_is_copied_whole_with_its_exception(subscribed, owner, feeds):
    feeds.serve(
        feed(
            event("s", "DTSTART:20261116T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"),
            event(
                "s", "RECURRENCE-ID:20261123T090000Z", "DTSTART:20261123T150000Z", "DURATION:PT1H"
            ),
        )
    )
    connection = subscribed(owner)
    for _ in range(2):
        Calendar.objects.update(sync_after=None)
        copy(connection)
        starts = Event.objects.filter(deleted_at__isnull=True).values_list("start_at", flat=True)
        assert sorted(start.hour for start in starts) == [9, 9, 15]


def test_feed_is_left_alone_for_an_hour(subscribed, owner, feeds):
    connection = subscribed(owner)
    copy(connection)
    before = len(feeds.asked)
    copy(connection)
    assert sync.kick(Calendar.objects.all(), timezone.now()) == 0
    later = timezone.now() + timedelta(minutes=61)
    assert sync.kick(Calendar.objects.all(), later) == 1
    assert connection.calendars.get().sync_after > timezone.now() + timedelta(minutes=59)
    assert len(feeds.asked) == before


TAGS = {"ETag": '"v1"', "Last-Modified": "Fri, 20 Nov 2026 09:00:00 GMT"}


def read_later(connection):
    """Its hour is over."""
    Calendar.objects.update(sync_after=None)
    return copy(connection)


def asked_for(feeds):
    """The conditions of the last request."""
    _, headers = feeds.asked[-1]
    return {n: v for n, v in headers.items() if n in {"If-None-Match", "If-Modified-Since"}}


def test_unchanged_feed_costs_one_question_and_keeps_its_copy(subscribed, owner, feeds):
    body = feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H", "SUMMARY:Inspection"))
    feeds.serve((200, TAGS, body))
    connection = subscribed(owner)
    copy(connection)
    feeds.serve((304, TAGS, b""))
    before = len(feeds.asked)
    row = read_later(connection)
    assert len(feeds.asked) == before + 1
    assert asked_for(feeds) == {
        "If-None-Match": TAGS["ETag"],
        "If-Modified-Since": TAGS["Last-Modified"],
    }
    assert [one.title for one in Event.objects.filter(deleted_at__isnull=True)] == ["Inspection"]
    # It is as fresh as one that was read, and left alone as long.
    assert (row.sync_error, row.synced_at) == ("", row.sync_tried_at)
    assert row.sync_after > timezone.now() + timedelta(minutes=59)
    assert row.synced_at > timezone.now() - timedelta(minutes=1)


def test_new_edition_is_fetched_once_and_its_name_followed(subscribed, owner, feeds):
    feeds.serve((200, TAGS, feed()))
    connection = subscribed(owner)
    copy(connection)
    renamed = feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H", "SUMMARY:New"))
    renamed = renamed.replace(b"X-WR-CALNAME:Holidays", b"X-WR-CALNAME:Days off")
    feeds.serve((200, {"ETag": '"v2"'}, renamed))
    before = len(feeds.asked)
    row = read_later(connection)
    assert len(feeds.asked) == before + 1
    assert [one.title for one in Event.objects.filter(deleted_at__isnull=True)] == ["New"]
    assert row.name == "Days off"
    feeds.serve((304, {}, b""))
    read_later(connection)
    assert asked_for(feeds) == {"If-None-Match": '"v2"'}


@pytest.mark.parametrize("tags", [{}, {"ETag": "x" * 301}])
def test_feed_without_an_edition_is_read_whole_each_time(subscribed, owner, feeds, tags):
    feeds.serve((200, tags, feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H"))))
    connection = subscribed(owner)
    copy(connection)
    row = read_later(connection)
    assert asked_for(feeds) == {}
    assert (row.sync_error, Event.objects.filter(deleted_at__isnull=True).count()) == ("", 1)


def test_server_that_says_unchanged_unasked_is_not_believed(subscribed, owner, feeds):
    connection = subscribed(owner)
    copy(connection)
    feeds.serve((304, {}, b""))
    row = read_later(connection)
    assert row.sync_error == "feeds.example answered 304."
    assert Event.objects.filter(deleted_at__isnull=True).count() == 1


def test_window_that_runs_out_has_the_feed_read_whole(subscribed, owner, feeds):
    """What a new window shows at its end was not looked at in the old edition."""
    body = feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H"))
    feeds.serve((200, TAGS, body))
    connection = subscribed(owner)
    copy(connection)
    Calendar.objects.update(window_until=timezone.now() + timedelta(days=300))
    read_later(connection)
    assert asked_for(feeds) == {}
    assert connection.calendars.get().window_until > timezone.now() + timedelta(days=400)


def test_feed_is_read_on_demand_but_not_at_every_press(subscribed, owner):
    connection = subscribed(owner)
    copy(connection)
    now = timezone.now()
    with pytest.raises(Conflict):
        subscriptions.read_again(connection=connection, now=now)
    subscriptions.read_again(connection=connection, now=now + timedelta(minutes=1))
    assert connection.calendars.get().sync_after is None


def test_only_subscriptions_are_read_on_demand(user_owner):
    connection = make_connection(user_owner)
    with pytest.raises(InvalidInput):
        subscriptions.read_again(connection=connection, now=timezone.now())


# --- Busy ---


def test_event_that_counts_takes_its_time(subscribed, owner, actor):
    subscribed(owner)
    (span,) = ask(owner, actor).spans
    assert (span.start.hour, span.end.hour) == (9, 10)


def test_subscription_that_does_not_count_takes_none(subscribed, owner, actor):
    subscribed(owner, counts_as_busy=False)
    assert ask(owner, actor).spans == ()


@pytest.mark.parametrize("answer", [(500, {}, b"no"), (404, {}, b"no"), b"<html>", b""])
def test_failing_subscription_that_counts_is_unreadable_never_free(
    subscribed, owner, actor, feeds, answer
):
    connection = subscribed(owner)
    copy(connection)
    feeds.serve(answer)
    with pytest.raises(UpstreamError):
        ask(owner, actor)
    Calendar.objects.update(sync_after=None)
    calendar = copy(connection)
    assert calendar.sync_error.startswith(("feeds.example answered", "The subscription at feeds."))
    assert Event.objects.filter(deleted_at__isnull=True).count() == 1  # the last good copy
    now = timezone.now()
    with pytest.raises(UpstreamError):
        busy.busy_painted(owner=owner, span=DAY, actor=actor, now=now)


def test_failed_feed_is_tried_again_sooner(subscribed, owner, feeds):
    connection = subscribed(owner)
    feeds.serve((500, {}, b"no"))
    calendar = copy(connection)
    assert calendar.sync_after < timezone.now() + timedelta(minutes=11)


# --- Its end ---


def test_settings_survive_the_end_of_a_subscription(subscribed, owner, actor):
    connection = subscribed(owner)
    arrange_calendar(
        calendar=connection.calendars.get(), hue="plum", is_shown=False, counts_as_busy=True
    )
    assert connections.disconnect(connection=connection, actor=actor) == ""
    again = subscribed(owner).calendars.get()
    assert (again.hue, again.is_shown) == ("plum", False)


def test_nobody_writes_into_it(subscribed, owner, actor):
    connection = subscribed(owner)
    copy(connection)
    one = Event.objects.select_related("calendar__workspace").get()
    with pytest.raises(Forbidden):
        events.delete_event(event=one, actor=actor)
