"""A plan is lowered while a booked meeting's event, link or mail is still on its way."""

from __future__ import annotations

import json

import pytest
from django.core import mail

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import OAuthTokenAccessLog
from audit.services.tokens import USABLE_WHILE_PAUSED, mark_reconnect_needed
from booking.models import Erasure
from booking.services import changes
from booking.services.erasing import erase_person
from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.owners import connections_of
from calendars.services import places, writing
from common import outbox
from tests.booking.conftest import HALF_HOUR, NOW, book, deliver_all, make_link, messages
from tests.booking.test_changes import GUEST, TEN
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def accounts(clock, connect, user_owner):
    """Bookings go to the Google account; the other one is what will be used instead."""
    return connect(user_owner, "google"), connect(user_owner, "outlook")


def pause_the_booking_account(workspace, owner):
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    places.use_instead(owner=owner, connection=connections_of(owner).get(provider="outlook"))
    paused = connections_of(owner).get(provider="google")
    assert paused.state == ConnectionState.PAUSED
    return paused


def test_link_that_is_on_its_way_arrives_though_the_account_is_paused(
    accounts, sandbox, user_owner, workspace, clock
):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 2})
    meeting = book(make_link(user_owner, conference="auto"))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.conference_state == ConferenceState.PENDING
    paused = pause_the_booking_account(workspace, user_owner)
    for seconds in (3, 5, 15, 30, 60, 60):
        clock.shift(seconds)
        deliver_all()
    meeting.refresh_from_db()
    assert (meeting.conference_state, meeting.conference_note) == (ConferenceState.READY, "")
    assert meeting.conference_url in "".join(one.body for one in mail.outbox)
    rows = OAuthTokenAccessLog.objects.filter(connection_id=paused.pk)
    assert rows.filter(outcome=Outcome.DENIED).count() == 0


def test_a_promised_event_moves_and_goes_though_the_account_is_paused(
    accounts, sandbox, user_owner, workspace, clock
):
    meeting = book(make_link(user_owner))
    deliver_all()
    paused = pause_the_booking_account(workspace, user_owner)
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    assert Event.objects.get(deleted_at__isnull=True).start_at == TEN
    assert len(sandbox.events(paused)) == 1
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    deliver_all()
    assert sandbox.events(paused) == []
    rows = OAuthTokenAccessLog.objects.filter(connection_id=paused.pk)
    assert rows.filter(outcome=Outcome.DENIED).count() == 0
    reasons = {"booking.events.update", "booking.events.delete"}
    assert reasons <= set(rows.values_list("reason", flat=True))


def test_an_erased_person_leaves_their_events_though_the_account_is_paused(
    accounts, sandbox, user_owner, workspace, clock, alice
):
    link = make_link(user_owner)
    called_off, stands = book(link), book(link, start=TEN)
    deliver_all()
    paused = pause_the_booking_account(workspace, user_owner)
    changes.cancel_meeting(meeting=called_off, doer=GUEST, now=NOW)
    clock.move_to(TEN + HALF_HOUR)
    erase_person(person=called_off.prospect, by=alice, tells_booker=False)
    deliver_all()
    (left,) = sandbox.events(paused)
    assert "Ann" not in json.dumps(left["body"])
    stands.refresh_from_db()
    assert stands.erased_at is not None
    assert not messages(kind="booking.erased_event", state="failed")
    assert Erasure.objects.get().finished_at is not None
    rows = OAuthTokenAccessLog.objects.filter(connection_id=paused.pk)
    assert rows.filter(outcome=Outcome.DENIED).count() == 0
    assert rows.filter(reason="booking.events.erase").exists()


def test_every_reason_of_a_booking_is_served_by_a_paused_account():
    """What is no use of an account is the record that a person was erased, or of a feed of ours."""
    ours = {one for one in AccessReason if one.value.startswith("booking.")}
    ours -= {AccessReason.PERSON_ERASE, AccessReason.FEED_CREATE, AccessReason.FEED_DELETE}
    assert ours <= USABLE_WHILE_PAUSED
    writes = {one for one in ours if one.value.startswith("booking.events.")}
    assert writes == writing.PROMISED


def test_link_that_nobody_can_look_for_is_not_called_an_event_that_could_not_be_made(
    accounts, sandbox, user_owner, clock
):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 20})
    meeting = book(make_link(user_owner, conference="auto"))
    deliver_all()
    mark_reconnect_needed(accounts[0])
    for seconds in (3, 30, 60, 60):
        clock.shift(seconds)
        deliver_all()
    meeting.refresh_from_db()
    assert Event.objects.filter(pk=meeting.calendar_event_id, deleted_at__isnull=True).exists()
    assert meeting.conference_state == ConferenceState.FAILED
    assert "could not be made" not in meeting.conference_note
