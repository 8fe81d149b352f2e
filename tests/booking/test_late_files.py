"""An owner without a calendar has the file, however late it is known that no event is made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from booking.enums import MessageKind, Step
from booking.services import changes
from common import outbox
from tests.booking.conftest import NINE, book, deliver_all, make_link, messages
from tests.booking.test_changes import STAFF
from tests.booking.test_delivery import parts_of, to

pytestmark = pytest.mark.django_db


def send_before_its_event(meeting):
    """The mails, by a worker that had to wait too long for the one of the event."""
    (told,) = messages(kind=MessageKind.NOTIFICATION, state="pending", about_id=meeting.pk)
    outbox.deliver(told.pk)


def files(address):
    return [parts["ics"] for parts in map(parts_of, to(address)) if "ics" in parts]


def test_the_file_follows_a_notice_that_went_before_the_event_was_tried(link, owner, clock):
    meeting = book(link)
    clock.shift(timedelta(minutes=2))
    send_before_its_event(meeting)
    assert files(owner.notice_email) == []
    deliver_all()
    (file,) = files(owner.notice_email)
    assert (file["UID"], file["DTSTART"].dt) == (meeting.uid, NINE)
    deliver_all()
    assert len(to(owner.notice_email)) == 2


def test_it_follows_to_each_who_is_given_the_meeting(owner, other_owner, clock):
    meeting = book(make_link(owner))
    clock.shift(timedelta(minutes=2))
    send_before_its_event(meeting)
    deliver_all()
    for to_whom in (other_owner, owner):
        meeting.refresh_from_db()
        changes.reassign_meeting(meeting=meeting, to=to_whom, doer=STAFF, now=timezone.now())
        clock.shift(timedelta(minutes=2))
        send_before_its_event(meeting)
        deliver_all()
        assert files(to_whom.notice_email)[-1]["STATUS"] == "CONFIRMED"


def test_no_second_file_for_an_owner_who_has_it(link, owner, clock):
    meeting = book(link)
    deliver_all()
    clock.shift(timedelta(minutes=2))
    changes.move_meeting(
        meeting=meeting, start=NINE + timedelta(hours=1), doer=STAFF, now=timezone.now()
    )
    deliver_all()
    assert len(files(owner.notice_email)) == 2
    assert not messages(kind=MessageKind.NOTIFICATION, payload__step=Step.EVENT_FAILED)
