"""Open times: painted from the mirror or live, honest when a calendar cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audit.actors import task_actor
from booking.enums import MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.services.availability import (
    nearest_starts,
    open_slots_for,
    terms_of,
)
from calendars.enums import HoldSource
from calendars.models import Calendar, Hold
from calendars.services.holds import place_hold
from common.errors import InvalidInput
from common.spans import Span
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
THURSDAY = date(2026, 11, 19)
ACTOR = task_actor("tests")


def slots(link, first=THURSDAY, last=THURSDAY, zone=BERLIN, duration=HALF_HOUR, now=NOW):
    return open_slots_for(
        link=link,
        duration=duration,
        first_day=first,
        last_day=last,
        zone=zone,
        now=now,
        actor=ACTOR,
    )


def starts(offer):
    return [slot.start for slot in offer.slots]


@pytest.fixture
def connection(clock, connect, owner):
    return connect(owner, "google")


@pytest.fixture
def remote(sandbox, connection):
    account = sandbox.store.get("account", f"google:{connection.connected_email}")
    return sandbox.store.primary_calendar(account)


def test_no_calendar_is_not_unreadable(link):
    offer = slots(link)
    assert starts(offer) == [NINE + number * HALF_HOUR for number in range(16)]
    assert (offer.needs_approval, offer.as_of, offer.next_open) == (False, None, None)


def test_days_are_those_of_the_asked_zone(link):
    assert starts(slots(link, zone=NEW_YORK))[0] == NINE
    offer = slots(link, zone=ZoneInfo("Asia/Tokyo"))
    assert offer.slots[-1].start == datetime(2026, 11, 19, 14, 30, tzinfo=UTC)


def test_holds_and_fresh_copies_take_time(owner, clock):
    link = make_link(owner)
    calendar = make_calendar(
        make_connection(owner),
        window_from=NOW - timedelta(days=90),
        window_until=NOW + timedelta(days=450),
    )
    Calendar.objects.update(synced_at=NOW - timedelta(seconds=30))
    make_event(calendar, start=NINE + HALF_HOUR, end=NINE + 2 * HALF_HOUR)
    make_event(calendar, start=NINE + 2 * HALF_HOUR, end=NINE + 3 * HALF_HOUR, is_busy=False)
    Hold.objects.create(
        owner_kind=owner.kind,
        owner_id=owner.id,
        workspace=owner.workspace,
        held_from=NINE,
        held_until=NINE + HALF_HOUR,
        source="meeting",
    )
    offer = slots(link)
    assert starts(offer)[0] == NINE + 2 * HALF_HOUR
    assert offer.as_of == NOW - timedelta(seconds=30)


def test_an_old_copy_is_not_trusted(sandbox, remote, connection, owner, copy_events, clock):
    copy_events(connection)
    sandbox.store.add_event(remote, title="New", start=NINE, end=NINE + HALF_HOUR)
    link = make_link(owner)
    assert starts(slots(link))[0] == NINE
    clock.shift(timedelta(minutes=2))
    assert starts(slots(link, now=datetime.now(UTC)))[0] == NINE + HALF_HOUR


def test_an_unreadable_calendar_is_never_free(sandbox, remote, owner):
    link = make_link(owner)
    sandbox.fault("google.freebusy.query", status=503, reason="backendError", count=None)
    with pytest.raises(BusyUnknown) as refusal:
        slots(link)
    assert (refusal.value.code, refusal.value.status) == ("busy_unknown", 503)


def test_a_link_may_take_requests_while_a_calendar_is_unreadable(sandbox, remote, owner):
    link = make_link(owner, degraded_mode="request")
    sandbox.fault("google.*", status=503, reason="backendError", count=None)
    offer = slots(link)
    assert (len(offer.slots), offer.needs_approval) == (16, True)
    meeting = book(link)
    assert meeting.state == MeetingState.REQUESTED
    assert meeting.receipt["calendars_readable"] is False


@pytest.mark.parametrize("state", ["paused", "reconnect_needed"])
def test_a_connection_that_does_not_work_is_unreadable(connection, owner, state):
    link = make_link(owner)
    type(connection).objects.update(state=state)
    with pytest.raises(BusyUnknown):
        slots(link)
    with pytest.raises(BusyUnknown):
        book(link)
    assert Hold.objects.count() == 0


def test_confirming_reads_live_whatever_the_copy_says(
    sandbox, remote, connection, owner, copy_events
):
    link = make_link(owner)
    copy_events(connection)
    sandbox.store.add_event(remote, title="Just now", start=NINE, end=NINE + HALF_HOUR)
    assert starts(slots(link))[0] == NINE
    with pytest.raises(SlotTaken):
        book(link)
    assert Hold.objects.count() == 0
    meeting = book(link, start=NINE + HALF_HOUR)
    (source,) = meeting.receipt["calendars"]
    assert (source["live"], source["as_of"]) == (True, NOW.isoformat())


def test_buffers_reach_into_calendar_events(sandbox, remote, owner):
    link = make_link(owner, buffer_before_minutes=15)
    sandbox.store.add_event(
        remote, title="Before", start=NINE - timedelta(minutes=30), end=NINE - timedelta(minutes=5)
    )
    assert starts(slots(link))[0] == NINE + HALF_HOUR
    with pytest.raises(SlotTaken):
        book(link)


def test_an_existing_hold_refuses_without_asking_the_provider(
    sandbox, connection, owner, copy_events
):
    link = make_link(owner)
    book(link)
    copy_events(connection)
    before = len(sandbox.store.log)
    with pytest.raises(SlotTaken) as refusal:
        book(link)
    assert len(sandbox.store.log) == before
    assert refusal.value.nearest[0] == NINE + HALF_HOUR


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 500, "reason": "backendError"}, id="down"),
        pytest.param({"status": 429, "reason": "rateLimitExceeded"}, id="limits us"),
        pytest.param({"status": 403, "reason": "forbidden"}, id="refuses"),
        pytest.param({"body": "<html>surprise</html>"}, id="answers nonsense"),
        pytest.param({"lost": True}, id="hangs up"),
    ],
)
def test_a_provider_that_fails_at_the_confirmation_keeps_nothing(
    sandbox, remote, owner, copy_events, connection, fault
):
    link = make_link(owner)
    copy_events(connection)
    sandbox.fault("google.freebusy.query", count=None, **fault)
    with pytest.raises(BusyUnknown):
        book(link)
    assert Hold.objects.count() == 0
    sandbox.store.clear_faults()
    assert book(link).start_at == NINE


def test_a_provider_that_is_slow_does_not_hold_the_booker(sandbox, remote, owner, settings):
    settings.PROVIDER_CONFIRM_TIMEOUT = timedelta(seconds=0.2)
    sandbox.fault("google.freebusy.query", delay=0.6, count=None)
    with pytest.raises(BusyUnknown):
        book(make_link(owner))


def test_who_waits_for_a_failing_calendar_hears_that_the_time_is_gone(sandbox, connection, owner):
    """Rivals queue at a slow calendar. The last of them get no answer from it, but the truth."""

    def meanwhile(_seconds):
        place_hold(owner=owner, span=Span(NINE, NINE + HALF_HOUR), source=HoldSource.MEETING)

    sandbox.adapter.sleep = meanwhile
    sandbox.fault("google.freebusy.query", delay=1.0, status=503)
    with pytest.raises(SlotTaken):
        book(make_link(owner))
    assert Hold.objects.count() == 1


def test_the_next_open_time_is_named_when_there_is_none(owner, clock):
    link = make_link(owner, horizon_days=200)
    hours = owner.availability.to_json()
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
        hours[day]["enabled"] = False
    link.availability_settings = {**hours, "overrides": {"2027-04-01": [["10:00", "11:00"]]}}
    link.save()
    offer = slots(link, THURSDAY, THURSDAY + timedelta(days=34))
    assert offer.slots == ()
    assert offer.next_open.start == datetime(2027, 4, 1, 8, tzinfo=UTC)
    link.horizon_days = 60
    link.save()
    assert slots(link).next_open is None


def test_the_links_own_hours_outrank_the_owners(owner, clock):
    hours = owner.availability.to_json()
    hours["thursday"] = {"enabled": True, "start": "18:00", "end": "19:00"}
    offer = slots(make_link(owner, availability_settings=hours))
    assert starts(offer) == [NINE + timedelta(hours=9), NINE + timedelta(hours=9, minutes=30)]


def test_nearest_times_are_closest_first_and_told_in_order(link):
    found = nearest_starts(
        terms=terms_of(link, HALF_HOUR), start=NINE + 3 * HALF_HOUR, now=NOW, actor=ACTOR, most=3
    )
    assert found == (NINE + 2 * HALF_HOUR, NINE + 3 * HALF_HOUR, NINE + 4 * HALF_HOUR)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(1, 1, 1), date(1, 1, 2), "from"),
        (date(9999, 12, 31), date(9999, 12, 31), "from"),
        (THURSDAY, THURSDAY - timedelta(days=1), "to"),
        (THURSDAY, THURSDAY + timedelta(days=62), "to"),
    ],
)
def test_days_that_make_no_sense_are_refused(link, first, last, field):
    with pytest.raises(InvalidInput) as refusal:
        slots(link, first, last)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("sunday", "before_hour", "after_hour"), [(date(2027, 3, 28), 8, 7), (date(2026, 10, 25), 7, 8)]
)
def test_the_first_slot_stays_at_nine_across_a_clock_change(
    client_owner, clock, sunday, before_hour, after_hour
):
    friday, monday = sunday - timedelta(days=2), sunday + timedelta(days=1)
    clock.move_to(datetime(friday.year, friday.month, friday.day - 1, 6, tzinfo=UTC))
    link = make_link(client_owner)
    found = starts(slots(link, friday, monday, now=datetime.now(UTC)))
    firsts = {start.date(): start.hour for start in reversed(found)}
    assert firsts == {friday: before_hour, monday: after_hour}


@pytest.mark.parametrize("calendars", [1, 3])
def test_the_number_of_queries_does_not_grow_with_what_is_taken(
    client_owner, clock, calendars, django_assert_max_num_queries
):
    link = make_link(client_owner)
    for _number in range(calendars):
        calendar = make_calendar(
            make_connection(client_owner),
            window_from=NOW - timedelta(days=90),
            window_until=NOW + timedelta(days=450),
        )
        make_event(calendar, start=NINE)
    Calendar.objects.update(synced_at=NOW)
    with django_assert_max_num_queries(6):
        slots(link, THURSDAY, THURSDAY + timedelta(days=34))
