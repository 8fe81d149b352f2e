"""An account that is disconnected and connected again is arranged as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from calendars.models import Calendar, Event, RememberedCalendar
from calendars.owners import booking_calendar_of
from calendars.services import connections
from calendars.services.preferences import arrange_calendar

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "one@google.example"
CHOSEN = {"hue": "plum", "is_shown": False, "counts_as_busy": False}


@pytest.fixture
def arranged(connect, owner):
    """The calendar of an account, arranged otherwise than a new one would be."""
    calendar = connect(owner, email=EMAIL).calendars.get(is_primary=True)
    arrange_calendar(calendar=calendar, **CHOSEN)
    return calendar


def leave(connection, actor):
    connections.disconnect(connection=connection, actor=actor)


def looks(calendar):
    return {name: getattr(calendar, name) for name in CHOSEN}


def test_settings_and_id_come_back_with_the_account(connect, owner, arranged, actor):
    leave(arranged.connection, actor)
    assert Calendar.objects.count() == 0
    again = connect(owner, email=EMAIL).calendars.get(is_primary=True)
    assert looks(again) == CHOSEN
    assert again.pk == arranged.pk
    assert RememberedCalendar.objects.count() == 0


def test_events_keep_their_ids(connect, copy_events, owner, actor, sandbox):
    connection = connect(owner, email=EMAIL)
    now = timezone.now()
    sandbox.store.add_event(
        sandbox.calendar(connection), title="Review", start=now, end=now + timedelta(hours=1)
    )
    copy_events(connection)
    before = Event.objects.get().pk
    leave(connection, actor)
    copy_events(connect(owner, email=EMAIL))
    assert Event.objects.get().pk == before


def test_another_account_is_arranged_anew(connect, owner, arranged, actor):
    leave(arranged.connection, actor)
    other = connect(owner, email="two@google.example").calendars.get(is_primary=True)
    assert (other.is_shown, other.counts_as_busy) == (True, True)
    assert other.pk != arranged.pk


def test_another_owner_of_the_same_account_is_not_concerned(
    connect, user_owner, client_owner, actor
):
    calendar = connect(user_owner, email=EMAIL).calendars.get(is_primary=True)
    arrange_calendar(calendar=calendar, **CHOSEN)
    leave(calendar.connection, actor)
    other = connect(client_owner, email=EMAIL).calendars.get(is_primary=True)
    assert looks(other) != CHOSEN


def test_bookings_go_where_they_went_before(connect, owner, arranged, actor):
    other = connect(owner, email="two@google.example")
    assert booking_calendar_of(owner) == arranged
    leave(arranged.connection, actor)
    assert connections.promote(owner) == other
    again = connect(owner, email=EMAIL)
    assert booking_calendar_of(owner).connection == again


def test_choice_made_meanwhile_outranks_what_was(connect, owner, arranged, actor):
    other = connect(owner, email="two@google.example").calendars.get(is_primary=True)
    leave(arranged.connection, actor)
    connections.choose_booking_calendar(owner=owner, calendar=other)
    connect(owner, email=EMAIL)
    assert booking_calendar_of(owner) == other


def test_calendar_that_is_gone_at_the_provider_does_not_come_back(connect, owner, actor, sandbox):
    connection = connect(owner, email=EMAIL)
    team = sandbox.store.add_account("google", email="team@google.example")
    extra = sandbox.store.add_calendar(team, name="Extra")
    sandbox.store.share_calendar(extra, sandbox.account(connection))
    connections.read_calendars(connection=connection, actor=actor, now=timezone.now())
    assert connection.calendars.count() == 2
    leave(connection, actor)
    sandbox.store.change_calendar(extra, shares={})
    again = connect(owner, email=EMAIL)
    assert [row.is_primary for row in again.calendars.all()] == [True]
    assert RememberedCalendar.objects.count() == 0


def test_settings_are_forgotten_after_a_year(connect, owner, arranged, actor):
    leave(arranged.connection, actor)
    RememberedCalendar.objects.update(created_at=timezone.now() - timedelta(days=366))
    leave(connect(owner, email="two@google.example"), actor)
    kept = RememberedCalendar.objects.values_list("account_remote_id", flat=True)
    assert len(set(kept)) == 1
    assert looks(connect(owner, email=EMAIL).calendars.get(is_primary=True)) != CHOSEN


def test_nothing_secret_is_kept(arranged, actor):
    leave(arranged.connection, actor)
    kept = RememberedCalendar.objects.values().get()
    assert not [name for name in kept if "token" in name or "scope" in name or "cursor" in name]
