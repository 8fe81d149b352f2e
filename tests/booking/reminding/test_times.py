"""When reminders are sent: at the link's times, once, and never of a time that is no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booking.addresses import manage_url
from booking.models import Meeting
from booking.services import changes, reminding
from booking.services.links import delete_link, save_link
from tests.booking.conftest import ANN, NINE, deliver_all, messages
from tests.booking.reminding.conftest import (
    CY,
    DAY,
    HOUR,
    NEXT_WEEK,
    booked,
    data_of,
    now,
    reminding_link,
    to_whom,
)
from tests.booking.test_changes import GUEST, STAFF

pytestmark = pytest.mark.django_db


def test_booker_and_guests_are_reminded_at_each_time_and_once(owner, clock, post):
    meeting = booked(reminding_link(owner, 1440, 60), guests=[CY])
    assert post(NEXT_WEEK - DAY - timedelta(seconds=1)) == []
    for at in (NEXT_WEEK - DAY, NEXT_WEEK - HOUR):
        letters = post(at)
        assert to_whom(letters) == [ANN.email, CY["email"]]
        assert post(at + timedelta(minutes=1)) == []
    (to_ann,) = [one for one in letters if one.to == [ANN.email]]
    assert to_ann.subject == "Reminder: Thu 26 Nov, 03:00 New York: Intro call with " + (
        "Northgate" if owner.kind == "client" else owner.name
    )
    assert "Thursday 26 November 2026, 03:00" in to_ann.body
    assert "New York (EST, UTC\N{MINUS SIGN}5)" in to_ann.body
    assert manage_url(meeting) in to_ann.body
    assert [one for one in post(NEXT_WEEK + 30 * DAY) if one.to != [owner.notice_email]] == []
    meeting.refresh_from_db()
    assert meeting.look_at is None


def test_a_day_before_is_24_hours_before_over_a_clock_change(client_owner, clock, post):
    """Berlin leaves summer time on 25 October 2026, New York on 1 November: instants decide."""
    clock.move_to(datetime(2026, 10, 19, 9, tzinfo=UTC))
    start = datetime(2026, 10, 26, 8, tzinfo=UTC)
    booked(reminding_link(client_owner, 1440), start=start)
    assert post(start - DAY - timedelta(seconds=1)) == []
    assert to_whom(post(start - DAY)) == [ANN.email]


def test_booked_shortly_before_brings_no_reminder_of_earlier_times(client_link, clock, post):
    client_link.reminders = [1440, 60]
    client_link.save()
    meeting = booked(client_link, start=NINE, now=now())
    assert post(NINE - HOUR - timedelta(minutes=1)) == []
    assert to_whom(post(NINE - HOUR)) == [ANN.email]
    assert meeting.start_at == NINE


def test_told_a_moment_ago_is_not_told_again(client_owner, clock, post):
    """A reminder of an hour is left out within a quarter of an hour after another mail."""
    link = reminding_link(client_owner, 60)
    start = NEXT_WEEK
    clock.move_to(start - HOUR - timedelta(minutes=10))
    booked(link, start=start)
    assert post(start - HOUR) == []
    assert post(start - timedelta(minutes=30)) == []


def test_moved_a_minute_ago_is_reminded_by_the_mail_of_the_move(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 1440))
    clock.move_to(NEXT_WEEK - 2 * DAY)
    to = NEXT_WEEK - DAY + HOUR
    changes.move_meeting(meeting=meeting, start=to, doer=GUEST, now=now())
    deliver_all()
    assert post(to - DAY) == []  # an hour later
    assert post(NEXT_WEEK - DAY) == []  # its former time
    assert post(NEXT_WEEK) == []


def test_a_moved_meeting_is_reminded_of_at_its_new_time(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]
    clock.move_to(NEXT_WEEK - timedelta(minutes=30))
    to = NEXT_WEEK + DAY
    changes.move_meeting(meeting=meeting, start=to, doer=STAFF, now=now(), overriding="Late")
    deliver_all()
    assert to_whom(post(to - HOUR)) == [ANN.email]


# --- What the link says ---


def test_meetings_follow_their_link_as_it_is_then(client_owner, clock, post):
    link = reminding_link(client_owner, 1440)
    booked(link)
    reminding.look_ahead(now=now())
    save_link(owner=client_owner, link=link, data=data_of(link, reminders=(60, 2880)))
    assert to_whom(post(NEXT_WEEK - 2 * DAY)) == [ANN.email]
    assert post(NEXT_WEEK - DAY) == []
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]


def test_a_reminder_added_after_its_time_is_not_sent(client_owner, clock, post):
    link = reminding_link(client_owner)
    booked(link)
    clock.move_to(NEXT_WEEK - HOUR)
    save_link(owner=client_owner, link=link, data=data_of(link, reminders=(1440,)))
    assert post(NEXT_WEEK - HOUR + timedelta(minutes=1)) == []


def test_a_deleted_link_reminds_of_nothing(client_owner, clock, post):
    link = reminding_link(client_owner, 60)
    booked(link)
    delete_link(link=link)
    assert post(NEXT_WEEK - HOUR) == []


# --- Several at once ---


def test_two_looks_at_once_send_one_mail(client_owner, clock, post):
    booked(reminding_link(client_owner, 60))
    at = NEXT_WEEK - HOUR
    clock.move_to(at)
    (stale,) = Meeting.objects.select_related("link", "workspace")
    reminding.look_ahead(now=at)
    reminding._look_at(stale, at)
    assert len(messages(kind="booking.reminder")) == 1
    assert to_whom(post(at)) == [ANN.email]


def test_a_look_does_not_forget_what_changed_meanwhile(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    (stale,) = Meeting.objects.select_related("link", "workspace")
    to = NEXT_WEEK - DAY
    changes.move_meeting(meeting=meeting, start=to, doer=GUEST, now=now() + timedelta(minutes=1))
    deliver_all()
    reminding._look_at(stale, now())
    stale.refresh_from_db()
    assert stale.look_at == now() + timedelta(minutes=1)
    assert to_whom(post(to - HOUR)) == [ANN.email]
