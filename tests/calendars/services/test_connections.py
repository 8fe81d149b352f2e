"""Connections over their life: chosen for bookings, paused, and consented to twice at once."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection as database
from django.utils import timezone

from audit.enums import ConnectionState
from audit.models import OAuthToken
from calendars.errors import ConsentRefused
from calendars.models import UserCalendarConnection
from calendars.owners import booking_calendar_of
from calendars.services import connections, oauth
from common import outbox
from common.models import OutboxMessage
from tests.factories import make_calendar, make_connection, make_member, make_workspace
from workspaces.owners import owner_of_user
from workspaces.services import members

pytestmark = pytest.mark.django_db


def test_bookings_go_to_the_calendar_that_was_chosen(owner):
    first, second = make_connection(owner, is_booking=True), make_connection(owner)
    make_calendar(first)
    chosen = make_calendar(second, "Side", is_primary=False)
    connections.choose_booking_calendar(owner=owner, calendar=chosen)
    assert booking_calendar_of(owner) == chosen
    primary = make_calendar(second, "Main")
    connections.choose_booking_calendar(owner=owner, calendar=primary)
    assert booking_calendar_of(owner) == primary


def test_other_owners_bookings_stay_where_they_are(user_owner, client_owner):
    theirs = make_calendar(make_connection(client_owner, is_booking=True))
    mine = make_calendar(make_connection(user_owner))
    connections.choose_booking_calendar(owner=user_owner, calendar=mine)
    assert booking_calendar_of(client_owner) == theirs


def test_end_of_a_membership_pauses_and_erases(
    connect, bob, bob_owner, bob_membership, membership, user_owner, workspace
):
    theirs, zoom = connect(bob_owner, "google", user=bob), connect(bob_owner, "zoom", user=bob)
    mine = connect(user_owner, "google")
    members.end_membership(by=membership, membership_id=bob_membership.pk)
    outbox.deliver(OutboxMessage.objects.get(kind=members.MEMBERSHIP_ENDED).pk)
    for row, state in (
        (theirs, ConnectionState.PAUSED),
        (zoom, ConnectionState.PAUSED),
        (mine, ConnectionState.ACTIVE),
    ):
        row.refresh_from_db()
        assert row.state == state
    assert list(OAuthToken.objects.values_list("connection_id", flat=True)) == [mine.pk]


def test_connections_elsewhere_stay(connect, bob, bob_owner, bob_membership, membership):
    elsewhere = make_workspace("Second")
    make_member(elsewhere, bob)
    kept = connect(owner_of_user(bob, elsewhere), "google", user=bob)
    members.end_membership(by=membership, membership_id=bob_membership.pk)
    outbox.deliver(OutboxMessage.objects.get(kind=members.MEMBERSHIP_ENDED).pk)
    kept.refresh_from_db()
    assert kept.state == ConnectionState.ACTIVE


def test_somebody_who_came_back_keeps_what_they_connected(
    connect, bob, bob_owner, bob_membership, membership, workspace
):
    members.end_membership(by=membership, membership_id=bob_membership.pk)
    make_member(workspace, bob)
    theirs = connect(bob_owner, "google", user=bob)
    outbox.deliver(OutboxMessage.objects.get(kind=members.MEMBERSHIP_ENDED).pk)
    theirs.refresh_from_db()
    assert theirs.state == ConnectionState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_one_answer_brought_back_eight_times_at_once_is_exchanged_once(
    sandbox, user_owner, alice, actor
):
    """A double click, a prefetching browser, a replay: the first wins, the others are refused."""
    now = timezone.now()
    address = oauth.start_flow(
        provider="google", owner=user_owner, user=alice, binding="b", next_page="", now=now
    )
    back = parse_qs(urlsplit(sandbox.consent(address, email="alice@gmail.example")).query)
    answer = oauth.Answer(state=back["state"][0], code=back["code"][0], error="")
    outcomes, start = [], threading.Barrier(8)

    def bring_back():
        start.wait()
        try:
            oauth.finish_flow(
                provider="google", answer=answer, user=alice, binding="b", actor=actor, now=now
            )
            outcomes.append("connected")
        except ConsentRefused:
            outcomes.append("refused")
        finally:
            database.close()

    threads = [threading.Thread(target=bring_back) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["connected", *["refused"] * 7]
    assert len(sandbox.calls("google.token")) == 1
    assert UserCalendarConnection.objects.count() == 1
