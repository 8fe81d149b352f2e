"""A feed's SEQUENCE and DTSTAMP never fall, whoever leaves a shared slot and by which door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from booking.services import changes
from tests.booking.conftest import NINE, book, make_link
from tests.booking.feeds.conftest import DAY, entries, get
from tests.booking.feeds.test_content import guest
from tests.booking.test_changes import GUEST, STAFF

pytestmark = pytest.mark.django_db

SLOT, LATER = NINE + 49 * DAY, NINE + 56 * DAY


@pytest.fixture
def read(opened, clock):
    """Call it a minute later: title and SEQUENCE of each event of the feed by start, after a look
    that no event went back.
    """
    path, before = opened(), {}

    def looked():
        clock.shift(timedelta(minutes=1))
        events = Calendar.from_ical(get(path).content).walk("VEVENT")
        found = {
            str(one["uid"]): (int(one["sequence"]), one["dtstamp"].dt, str(one["summary"]))
            for one in events
        }
        for uid, (sequence, stamp, summary) in found.items():
            was = before.get(uid, (sequence, stamp, summary))
            assert (sequence, stamp) >= was[:2]
            assert summary == was[2] or (sequence > was[0] and stamp > was[1])
        before.update(found)
        events.sort(key=lambda one: (one["dtstart"].dt, str(one["summary"])))
        return [(str(one["summary"]), int(one["sequence"])) for one in events]

    return looked


def seated(link, count=3):
    return [book(link, booker=guest(number), start=SLOT) for number in range(count)]


def test_moving_out_of_a_shared_slot_raises_its_sequence(owner, read):
    first, second, third = seated(make_link(owner, seats=3))
    changes.cancel_meeting(meeting=third, doer=GUEST, now=timezone.now())
    assert read() == [("Intro call: 2 guests", 3)]
    changes.move_meeting(meeting=first, start=LATER, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 1 guest", 4), ("Intro call: 1 guest", 1)]
    again = changes.move_meeting(meeting=first, start=SLOT, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 2 guests", 7)]
    changes.move_meeting(meeting=again, start=LATER, doer=STAFF, now=timezone.now())
    changes.cancel_meeting(meeting=second, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 0 guests", 9), ("Intro call: 1 guest", 3)]


def test_joining_a_shared_slot_raises_its_sequence(owner, read):
    link = make_link(owner, seats=3)
    book(link, booker=guest(0), start=SLOT)
    assert read() == [("Intro call: 1 guest", 0)]
    second = book(link, booker=guest(1), start=SLOT)
    assert read() == [("Intro call: 2 guests", 1)]
    changes.cancel_meeting(meeting=second, doer=GUEST, now=timezone.now())
    assert read() == [("Intro call: 1 guest", 2)]
    book(link, booker=guest(2), start=SLOT)
    assert read() == [("Intro call: 2 guests", 3)]


def test_what_one_inherited_goes_on_to_the_next(owner, read):
    first, second, third = seated(make_link(owner, seats=3))
    assert read() == [("Intro call: 3 guests", 2)]
    changes.move_meeting(meeting=second, start=LATER, doer=STAFF, now=timezone.now())
    read()
    changes.move_meeting(meeting=first, start=LATER + DAY, doer=STAFF, now=timezone.now())
    read()
    changes.cancel_meeting(meeting=third, doer=STAFF, now=timezone.now())
    assert read()[0] == ("Intro call: 0 guests", 5)


def test_handing_over_out_of_a_shared_slot_raises_its_sequence(owner, other_owner, read):
    first, second, third = seated(make_link(owner, seats=3))
    changes.cancel_meeting(meeting=second, doer=GUEST, now=timezone.now())
    assert read() == [("Intro call: 2 guests", 3)]
    changes.reassign_meeting(meeting=third, to=other_owner, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 1 guest", 4)]
    changes.move_meeting(meeting=first, start=LATER, doer=STAFF, now=timezone.now())
    # The last one there takes the slot along.
    assert read() == [("Intro call: 1 guest", 5)]


def test_who_was_called_off_long_ago_goes_on_to_count_in_a_slot_that_moved(owner, opened, clock):
    stays, leaves = seated(make_link(owner, seats=3), count=2)
    leaves = changes.cancel_meeting(meeting=leaves, doer=GUEST, now=timezone.now())
    stays = changes.move_meeting(meeting=stays, start=LATER, doer=STAFF, now=timezone.now())
    path, counted = opened(), stays.sequence + leaves.sequence + 1
    assert entries(path) == {"Intro call: 1 guest": ("CONFIRMED", LATER, stays.end_at, counted)}
    clock.move_to(leaves.end_at + 91 * DAY)
    assert entries(path) == {"Intro call: 1 guest": ("CONFIRMED", LATER, stays.end_at, counted)}


def test_a_slot_that_moved_and_was_called_off_is_shown_at_its_last_time(owner, read, opened, clock):
    stays, leaves = seated(make_link(owner, seats=3), count=2)
    changes.cancel_meeting(meeting=leaves, doer=GUEST, now=timezone.now())
    clock.shift(timedelta(minutes=1))
    stays = changes.move_meeting(meeting=stays, start=LATER, doer=STAFF, now=timezone.now())
    changes.cancel_meeting(meeting=stays, doer=STAFF, now=timezone.now())
    assert entries(opened()) == {"Intro call: 0 guests": ("CANCELLED", LATER, stays.end_at, 4)}


def test_requests_that_get_a_group_of_their_own_leave_the_former_one_later(owner, read):
    """Who was confirmed is gone; of those who asked, the next confirmed begins another event."""
    link = make_link(owner, seats=3, requires_approval=True)
    yes, asks = seated(link, count=2)
    yes = changes.approve_meeting(meeting=yes, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 2 guests", 2)]
    changes.cancel_meeting(meeting=yes, doer=STAFF, now=timezone.now())
    asks = changes.approve_meeting(meeting=asks, doer=STAFF, now=timezone.now())
    assert read() == [("Intro call: 0 guests", 4), ("Intro call: 1 guest", 1)]
