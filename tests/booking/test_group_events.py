"""A group's one event follows who comes and goes, and nobody in it hears of anybody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from booking.booker import Booker
from booking.enums import MessageKind
from booking.owners import owner_of_meeting, tables_for, tables_of
from booking.services import changes
from booking.services.delivery import run_now
from booking.tokens import manage_token
from calendars.models import Event, Hold
from common.enums import OutboxState
from common.errors import Conflict, InvalidInput
from conferencing.enums import EntrantKind
from conferencing.models import TelehealthRoom
from conferencing.telehealth.door import Door, standing_of
from tests.booking.conftest import NINE, NOW, book, deliver_all, make_link, messages
from tests.booking.test_changes import GUEST, STAFF, TEN
from tests.booking.test_delivery import parts_of, to
from tests.factories import make_client
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db

ANN = Booker(name="Ann Archer", email="ann@tallship.example", timezone="UTC", phone="+1 555 01")
BEN = Booker(name="Ben Baker", email="ben@tallship.example", timezone="UTC")
CID = Booker(name="Cid Cooper", email="cid@tallship.example", timezone="UTC")


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, owner, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    return connect(owner, "google")


@pytest.fixture
def group(owner, clock):
    return make_link(owner, seats=3, conference="auto", title="Back school")


def fresh(meeting):
    return tables_for(meeting).meetings().get(pk=meeting.pk)


def event_now(event_id=None):
    rows = Event.objects.filter(deleted_at__isnull=True)
    return rows.get() if event_id is None else rows.get(pk=event_id)


def names_in(event):
    return {one.name for one in (ANN, BEN, CID) if one.name in event.description}


def both(group):
    meetings = [book(group, booker=ANN, message="My back"), book(group, booker=BEN)]
    deliver_all()
    return [fresh(one) for one in meetings]


def test_all_of_a_slot_share_one_event_that_names_them_and_its_link(sandbox, connection, group):
    ann, ben = both(group)
    assert len(sandbox.events(connection)) == 1
    event = event_now()
    assert (event.title, names_in(event)) == ("Back school: 2 guests", {ANN.name, BEN.name})
    assert "My back" in event.description
    assert event.attendees == []
    assert ann.calendar_event_id == ben.calendar_event_id == event.pk
    assert ann.conference_url == ben.conference_url == event.conference_url != ""
    ours = messages(kind__in=[MessageKind.CALENDAR_EVENT, MessageKind.NOTIFICATION])
    assert {message.state for message in ours} == {OutboxState.SENT}


def test_nobody_hears_of_anybody_else(sandbox, google, group, client):
    ann, ben = both(group)
    for mine, other, meeting in ((ANN, BEN, ann), (BEN, ANN, ben)):
        (letter,) = to(mine.email)
        read = parts_of(letter)
        said = f"{letter.message()}{read['text/plain']}{read['text/html']}{read['ics'].to_ical()}"
        page = client.get(
            reverse("booking:book_done", args=[group.slug, manage_token(meeting.pk)])
        ).text
        file = client.get(
            reverse("booking:book_file", args=[group.slug, manage_token(meeting.pk)])
        ).content.decode()
        for text in (said, page, file):
            assert mine.name in text or mine.email in text
            assert other.name not in text
            assert other.email not in text
        assert read["ics"]["UID"] == meeting.uid
    assert ann.uid != ben.uid
    times = client.get(reverse("booking:book", args=[group.slug])).text
    for one in (ANN, BEN):
        assert one.name not in times


def test_who_goes_leaves_the_event_and_the_last_one_takes_it_along(sandbox, connection, group):
    ann, ben = both(group)
    mail.outbox.clear()
    changes.cancel_meeting(meeting=ann, doer=GUEST, now=NOW)
    deliver_all()
    event = event_now()
    assert (event.title, names_in(event)) == ("Back school: 1 guest", {BEN.name})
    assert not to(BEN.email)
    assert Hold.objects.count() == 1
    changes.cancel_meeting(meeting=ben, doer=GUEST, now=NOW)
    deliver_all()
    assert sandbox.events(connection) == []
    assert not Hold.objects.exists()
    # Whoever comes after that begins a slot with an event of its own.
    cid = book(group, booker=CID)
    deliver_all()
    assert fresh(cid).calendar_event_id == event_now().pk
    assert names_in(event_now()) == {CID.name}


def test_moving_one_seat_moves_that_person_only(sandbox, connection, group):
    ann, ben = both(group)
    cid = book(group, booker=CID, start=TEN)
    deliver_all()
    mail.outbox.clear()
    changes.move_meeting(meeting=ann, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    ann, ben, cid = fresh(ann), fresh(ben), fresh(cid)
    assert (ann.start_at, ben.start_at) == (TEN, NINE)
    assert (ann.group_id, ann.hold_id, ann.seat) == (cid.group_id, cid.hold_id, 2)
    assert ann.calendar_event_id == cid.calendar_event_id != ben.calendar_event_id
    assert names_in(event_now(ben.calendar_event_id)) == {BEN.name}
    assert names_in(event_now(cid.calendar_event_id)) == {ANN.name, CID.name}
    assert {message.to[0] for message in mail.outbox} == {
        ANN.email, owner_of_meeting(ann).notice_email,
    }  # fmt: skip
    # And on to a time that nobody has yet.
    later = TEN + timedelta(hours=2)
    changes.move_meeting(meeting=ann, start=later, doer=GUEST, now=NOW)
    deliver_all()
    ann = fresh(ann)
    assert len({ann.group_id, cid.group_id, ben.group_id}) == 3
    assert names_in(event_now(ann.calendar_event_id)) == {ANN.name}
    assert event_now(ann.calendar_event_id).start_at == later
    assert Hold.objects.count() == 3


def test_the_only_one_of_a_slot_takes_its_event_along(sandbox, connection, group):
    ann = book(group, booker=ANN)
    deliver_all()
    ann = fresh(ann)
    before = ann.calendar_event_id
    changes.move_meeting(meeting=ann, start=TEN, doer=STAFF, now=NOW)
    deliver_all()
    assert fresh(ann).calendar_event_id == before
    assert (len(sandbox.events(connection)), event_now().start_at) == (1, TEN)
    assert Hold.objects.count() == 1


def test_the_only_one_who_joins_others_leaves_no_event_behind(sandbox, connection, group):
    ann, ben = book(group, booker=ANN), book(group, booker=BEN, start=TEN)
    deliver_all()
    changes.move_meeting(meeting=fresh(ann), start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    assert len(sandbox.events(connection)) == 1
    assert names_in(event_now()) == {ANN.name, BEN.name}
    assert fresh(ann).calendar_event_id == fresh(ben).calendar_event_id == event_now().pk
    assert Hold.objects.count() == 1


def test_a_full_slot_takes_nobody_in_who_moves(google, group):
    for booker in (ANN, BEN, CID):
        book(group, booker=booker, start=TEN)
    dan = book(group, booker=Booker(name="Dan", email="dan@tallship.example", timezone="UTC"))
    for doer in (GUEST, STAFF):
        with pytest.raises(Conflict):
            changes.move_meeting(
                meeting=fresh(dan), start=TEN, doer=doer, now=NOW, overriding="they insist"
            )
    assert fresh(dan).start_at == NINE
    assert Hold.objects.count() == 2


def test_who_is_given_to_somebody_else_has_an_event_of_their_own(
    sandbox, google, owner, workspace, bob_owner, group, connect
):
    ann, ben = both(group)
    clients = {
        "client": lambda: ClientOwner(workspace=workspace, client=make_client(workspace, "Q"))
    }
    other = clients.get(owner.kind.value, lambda: bob_owner)()
    changes.reassign_meeting(
        meeting=ann, to=other, doer=STAFF, now=NOW, overriding="the other is away"
    )
    deliver_all()
    ann, ben = fresh(ann), fresh(ben)
    assert (ann.group_id, ann.seat) == (None, None)
    assert ann.hold_id != ben.hold_id
    assert names_in(event_now(ben.calendar_event_id)) == {BEN.name}
    assert not to(BEN.email)[1:]


def test_a_requested_seat_joins_the_event_when_it_is_confirmed(sandbox, google, owner, clock):
    group = make_link(owner, seats=3, requires_approval=True, conference="none")
    ann, ben = book(group, booker=ANN), book(group, booker=BEN)
    deliver_all()
    assert sandbox.events(google) == []
    changes.approve_meeting(meeting=ann, doer=STAFF, now=NOW)
    deliver_all()
    assert names_in(event_now()) == {ANN.name}
    with pytest.raises(Conflict, match="waits for approval"):
        run_now(fresh(ben), MessageKind.CALENDAR_EVENT)
    changes.approve_meeting(meeting=ben, doer=STAFF, now=NOW)
    deliver_all()
    assert names_in(event_now()) == {ANN.name, BEN.name}
    changes.cancel_meeting(meeting=fresh(ann), doer=STAFF, now=NOW)
    deliver_all()
    assert names_in(event_now()) == {BEN.name}


def test_who_is_confirmed_after_the_others_event_went_has_a_new_one(
    sandbox, connection, owner, clock
):
    """An event's key is burnt with it: the provider makes none twice."""
    group = make_link(owner, seats=3, requires_approval=True, conference="none")
    ann, ben = book(group, booker=ANN), book(group, booker=BEN)
    changes.approve_meeting(meeting=ann, doer=STAFF, now=NOW)
    deliver_all()
    changes.cancel_meeting(meeting=fresh(ann), doer=STAFF, now=NOW)
    deliver_all()
    assert sandbox.events(connection) == []
    changes.approve_meeting(meeting=fresh(ben), doer=STAFF, now=NOW)
    deliver_all()
    assert names_in(event_now(fresh(ben).calendar_event_id)) == {BEN.name}
    cid = book(group, booker=CID)
    changes.approve_meeting(meeting=cid, doer=STAFF, now=NOW)
    deliver_all()
    assert names_in(event_now()) == {BEN.name, CID.name}
    assert fresh(cid).hold_id == fresh(ben).hold_id


def test_a_group_of_one_that_asks_again_is_confirmed_with_an_event(
    sandbox, connection, owner, clock
):
    group = make_link(owner, seats=3, requires_approval=True, conference="none")
    ann = book(group, booker=ANN)
    changes.approve_meeting(meeting=ann, doer=STAFF, now=NOW)
    deliver_all()
    changes.move_meeting(meeting=fresh(ann), start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    assert sandbox.events(connection) == []
    changes.approve_meeting(meeting=fresh(ann), doer=STAFF, now=NOW)
    deliver_all()
    event = event_now(fresh(ann).calendar_event_id)
    assert (event.start_at, names_in(event)) == (TEN, {ANN.name})


def test_changes_of_one_event_wait_for_each_other(group, google):
    ann, ben = book(group, booker=ANN), book(group, booker=BEN)
    alone = book(make_link(owner_of_meeting(ann), slug="alone"), start=TEN)
    rows = messages(kind=MessageKind.CALENDAR_EVENT)
    queues = {row.payload["meeting_id"]: row.ordering_key for row in rows}
    assert queues[str(ann.pk)] == queues[str(ben.pk)] != queues[str(alone.pk)]
    letters = messages(kind=MessageKind.NOTIFICATION)
    assert len({row.ordering_key for row in letters}) == 3


def test_a_group_meets_in_one_room_and_who_moves_is_let_into_another(
    sandbox, google, group, workspace
):
    workspace.telehealth_enabled = True
    workspace.save()
    group.refresh_from_db()
    ann, ben = both(group)
    assert ann.room_id == ben.room_id is not None
    room = TelehealthRoom.objects.get(pk=ann.room_id)
    assert standing_of(room, EntrantKind.BOOKER, NINE).door is Door.OPEN
    changes.cancel_meeting(meeting=ann, doer=GUEST, now=NOW)
    deliver_all()
    room.refresh_from_db()
    assert standing_of(room, EntrantKind.BOOKER, NINE).door is Door.OPEN
    cid = book(group, booker=CID)
    deliver_all()
    assert fresh(cid).room_id == room.pk
    changes.move_meeting(meeting=fresh(cid), start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    assert fresh(cid).room_id not in {None, room.pk}
    changes.cancel_meeting(meeting=fresh(ben), doer=GUEST, now=NOW)
    deliver_all()
    room.refresh_from_db()
    assert standing_of(room, EntrantKind.BOOKER, NINE).door is Door.OFF


def test_no_seat_brings_people_along(group):
    with pytest.raises(InvalidInput) as refusal:
        book(group, booker=ANN, guests=[{"name": "Dee", "email": "dee@tallship.example"}])
    assert refusal.value.field.startswith("guests")
    assert not tables_of(group.owner_kind).meeting.objects.exists()
