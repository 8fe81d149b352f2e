"""Many meetings called off together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F

from booking.booker import Booker
from booking.enums import MeetingState, Party
from booking.models import BulkCancellation
from booking.owners import tables_of
from booking.services import bulk
from booking.services.bulk import Which, meetings_meant, start_bulk_cancel, work_off
from booking.services.changes import changes_of
from calendars.models import Hold
from common.errors import InvalidInput
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, deliver_all, make_link

pytestmark = pytest.mark.django_db


def wave(link, number=4, domain="spam.example"):
    """So many meetings, each by another mailbox of the domain."""
    return [
        book(
            link,
            start=NINE + place * HALF_HOUR,
            booker=Booker(name="Spam", email=f"s{place}@{domain}", timezone="UTC"),
        )
        for place in range(number)
    ]


def states(link):
    rows = tables_of(link.owner_kind).meeting.objects.order_by("start_at")
    return list(rows.values_list("state", flat=True))


def start(membership, which, **more):
    return start_bulk_cancel(
        membership=membership, which=which, words="All of spam.example", now=NOW, **more
    )


def test_a_wave_is_undone_without_a_mail_and_others_stay(link, membership, clock):
    deliver_all()
    wave(link)
    kept = book(link, start=NINE + 6 * HALF_HOUR)
    deliver_all()
    mail.outbox.clear()
    run = start(membership, Which(domain="Spam.example"), tells_guests=False)
    deliver_all()
    run.refresh_from_db()
    assert (run.found, run.cancelled, run.failed) == (4, 4, {})
    assert run.finished_at is not None
    assert states(link) == [MeetingState.CANCELLED] * 4 + [MeetingState.CONFIRMED]
    assert list(Hold.objects.values_list("pk", flat=True)) == [kept.hold_id]
    assert mail.outbox == []


def test_what_was_not_mailed_yet_is_not_mailed_either(link, membership, clock):
    wave(link)
    run = start(membership, Which(domain="spam.example"), tells_guests=False)
    work_off(run, now=NOW)
    deliver_all()
    assert mail.outbox == []


def test_each_is_in_the_history_with_who_asked(link, membership, clock):
    (meeting,) = wave(link, 1)
    start(membership, Which(meeting_ids=(meeting.pk,)), message="We are closed.")
    deliver_all()
    change = changes_of(meeting)[-1]
    assert (change.by, change.name, change.message) == (Party.OWNER, "Alice", "We are closed.")


def test_a_run_that_died_goes_on_and_counts_each_once(link, membership, clock, monkeypatch):
    wave(link, 5)
    run = start(membership, Which(domain="spam.example"))
    whole = bulk.cancel_meeting
    calls = []

    def dies(**said):
        calls.append(said)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(**said)

    monkeypatch.setattr(bulk, "cancel_meeting", dies)
    with pytest.raises(KeyboardInterrupt):
        work_off(run, now=NOW)
    monkeypatch.setattr(bulk, "cancel_meeting", whole)
    run.refresh_from_db()
    assert (run.cancelled, run.finished_at) == (2, None)
    run = BulkCancellation.objects.get()
    assert work_off(run, now=NOW) is False
    run.refresh_from_db()
    assert (run.cancelled, run.finished_at) == (5, NOW)
    assert states(link) == [MeetingState.CANCELLED] * 5
    assert work_off(run, now=NOW) is False
    run.refresh_from_db()
    assert run.cancelled == 5


def test_it_goes_in_turns(link, membership, clock):
    wave(link, 5)
    run = start(membership, Which(domain="spam.example"))
    assert work_off(run, now=NOW, most=2) is True
    assert states(link).count(MeetingState.CANCELLED) == 2
    assert work_off(run, now=NOW, most=2) is True
    assert work_off(run, now=NOW, most=2) is False
    run.refresh_from_db()
    assert run.cancelled == 5


@pytest.mark.parametrize(
    ("which", "meant"),
    [
        (Which(), 0),
        (Which(email="S1+x@spam.example"), 1),
        (Which(email="s1@other.example"), 0),
        (Which(domain="spam.example"), 4),
        (Which(domain="example"), 4),
        (Which(domain="am.example"), 0),
        (Which(domain="spam.example", booked_since=NOW), 4),
        (Which(domain="spam.example", booked_since=NOW + timedelta(seconds=1)), 0),
    ],
)
def test_only_those_that_fit_are_meant(link, membership, clock, which, meant):
    wave(link)
    assert len(meetings_meant(membership, which, now=NOW)) == meant


def test_by_link_and_by_owner(owner, link, membership, clock):
    other = make_link(owner, slug="other")
    wave(link, 2)
    book(other, start=NINE + 5 * HALF_HOUR)
    assert len(meetings_meant(membership, Which(link_id=other.pk), now=NOW)) == 1
    assert len(meetings_meant(membership, Which(owner_id=owner.id), now=NOW)) == 3


def test_what_is_over_cancelled_or_booked_later_is_not_meant(link, membership, clock):
    first, *_others = wave(link, 3)
    run = start(membership, Which(domain="spam.example"))
    clock.shift(timedelta(minutes=5))
    late = book(
        link,
        start=NINE + 8 * HALF_HOUR,
        booker=Booker(name="S", email="late@spam.example", timezone="UTC"),
    )
    tables = tables_of(link.owner_kind)
    tables.meeting.objects.filter(pk=first.pk).update(
        start_at=F("start_at") - timedelta(days=9), end_at=F("end_at") - timedelta(days=9)
    )
    work_off(run, now=NOW + timedelta(minutes=5))
    run.refresh_from_db()
    assert run.cancelled == 2
    late.refresh_from_db()
    assert late.state == MeetingState.CONFIRMED


def test_colleagues_and_strangers_reach_only_what_they_see(
    user_link, bob_membership, charlie_membership, clock
):
    wave(user_link, 2)
    for membership in (bob_membership, charlie_membership):
        assert meetings_meant(membership, Which(domain="spam.example"), now=NOW) == []
        with pytest.raises(InvalidInput, match="No meeting to come fits"):
            start(membership, Which(domain="spam.example"))
    assert states(user_link) == [MeetingState.CONFIRMED] * 2


def test_who_left_the_workspace_cancels_no_more(client_link, bob_membership, clock):
    wave(client_link, 2)
    run = start(bob_membership, Which(domain="spam.example"))
    bob_membership.delete()
    assert work_off(run, now=NOW) is False
    run.refresh_from_db()
    assert (run.cancelled, list(run.failed)) == (0, ["member"])
    assert states(client_link) == [MeetingState.CONFIRMED] * 2
