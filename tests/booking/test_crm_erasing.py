"""Erasing, correcting and merging people, where Close holds notes about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import OAuthTokenAccessLog
from booking.models import CrmLead, CrmNote, Erasure
from booking.person_record import record_of
from booking.services import crm_accounts, crm_notes, erasing
from booking.services.people import PersonDetails, change_person, merge_people
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all
from tests.booking.crm.conftest import Crm
from tests.booking.erasing.conftest import BEN, ZOE, dump, found_in, person_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    return made


@pytest.fixture
def meeting(crm, user_link):
    made = book(user_link, booker=ZOE, message="Zanzibar")
    book(user_link, start=NINE + HALF_HOUR, booker=BEN)
    deliver_all()
    return made


def erase(meeting, alice):
    erasure = erasing.erase_person(person=person_of(meeting), by=alice, tells_booker=False)
    deliver_all()
    erasure.refresh_from_db()
    return erasure


def test_notes_go_and_the_lead_stays_the_workspaces(crm, meeting, alice):
    held = erasing.held_about(person_of(meeting), datetime.now(UTC))
    assert held.leads == 1
    erasure = erase(meeting, alice)
    assert [one.splitlines()[3] for one in crm.notes] == [
        "Booked by: Ben Other, ben@tallship.example"
    ]
    assert len(crm.leads) == 2
    assert found_in(dump()) == []
    assert not CrmNote.objects.filter(meeting_id=meeting.pk).exists()
    assert [one.email for one in CrmLead.objects.all()] == ["ben@tallship.example"]
    assert erasure.finished_at is not None
    assert erasure.counts["crm_notes"] == 1
    reasons = OAuthTokenAccessLog.objects.filter(provider="close").values_list("reason", flat=True)
    assert "crm.note.delete" in reasons


def test_note_that_cannot_be_deleted_now_is_shown_and_tried_again(
    crm, meeting, alice, sign_in, clock
):
    crm.sandbox.fault("close.notes.delete", status=500)
    erasure = erase(meeting, alice)
    assert erasure.finished_at is None
    page = sign_in(alice).get("/people/erasures").text
    assert "1 calendar event or CRM note still to do" in page
    clock.shift(timedelta(minutes=5))
    deliver_all()
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    assert len(crm.notes) == 1


def test_note_deleted_there_already_is_done(crm, meeting, alice):
    for one in crm.sandbox.store.all("close_note"):
        crm.sandbox.store.drop("close_note", one["id"])
    assert erase(meeting, alice).finished_at is not None


def test_note_whose_answer_was_lost_is_found_and_deleted(crm, user_link, alice, clock):
    crm.sandbox.fault("close.notes.create", lost=True)
    meeting = book(user_link, booker=ZOE)
    deliver_all()
    assert len(crm.notes) == 1
    assert erase(meeting, alice).finished_at is not None
    assert crm.notes == []


def test_note_that_is_on_its_way_is_waited_for(crm, user_link, alice, clock):
    """A worker has noted that it asks, and its request arrives after the person was erased."""
    meeting = book(user_link, booker=ZOE)
    adapter, seen = crm.sandbox.adapter, []

    def before(request):
        if request.method == "POST" and request.url.endswith("/activity/note/"):
            del adapter.before
            seen.append(erase(meeting, alice))

    adapter.before = before
    deliver_all()
    assert len(crm.notes) == 1
    assert Erasure.objects.get().finished_at is None
    clock.shift(timedelta(minutes=2))
    deliver_all()
    assert crm.notes == []
    assert Erasure.objects.get().finished_at is not None
    assert found_in(dump()) == []


def test_person_erased_before_their_row_ran_never_reaches_close(crm, user_link, alice):
    meeting = book(user_link, booker=ZOE)
    erase(meeting, alice)
    deliver_all()
    assert crm.leads == crm.notes == []
    assert CrmLead.objects.count() == 0


def test_worker_that_read_the_meeting_before_writes_nothing_after(crm, user_link, alice):
    stale = book(user_link, booker=ZOE)
    stale = type(stale).objects.select_related("workspace", "link").get(pk=stale.pk)
    erase(stale, alice)
    account = crm_accounts.account_of(crm.workspace.pk)
    crm_notes.bring_note_up_to_date(account, stale, now=datetime.now(UTC))
    assert crm.leads == crm.notes == []
    assert found_in(dump()) == []


def test_without_a_key_the_notes_left_there_are_said(
    crm, meeting, alice, sign_in, workspace, actor
):
    crm_accounts.forget_key(workspace=workspace, actor=actor)
    erasure = erase(meeting, alice)
    assert (erasure.counts["crm_notes"], erasure.counts["crm_notes_out_of_reach"]) == (0, 1)
    assert erasure.finished_at is not None
    page = sign_in(alice).get("/people/erasures").text
    assert "1 note is in Close, for which there is no key here any more" in page
    assert found_in(dump()) == []


@pytest.mark.parametrize("how", ["forgotten", "elsewhere"])
def test_key_that_goes_after_the_erasure_leaves_nothing_waiting_and_says_what_stays(
    crm, meeting, alice, workspace, actor, clock, how
):
    crm.sandbox.fault("close.notes.delete", status=500)
    erasure = erase(meeting, alice)
    if how == "forgotten":
        crm_accounts.forget_key(workspace=workspace, actor=actor)
    else:
        crm.keep("api_elsewhere", organization="Elsewhere")
    clock.shift(timedelta(minutes=5))
    deliver_all()
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    assert (erasure.counts["crm_notes"], erasure.counts["crm_notes_out_of_reach"]) == (0, 1)
    assert len(crm.notes) == 2
    assert not OutboxMessage.objects.filter(state="pending").exists()


def test_question_before_an_erasure_says_what_stays(crm, meeting, alice, sign_in):
    page = sign_in(alice).get(f"/people/{person_of(meeting).pk}/erase").text
    assert "delete it there if it has to go, too" in page


def test_record_of_a_person_names_their_lead(crm, meeting):
    said = record_of(person_of(meeting), datetime.now(UTC))
    (lead,) = said["crm_leads"]
    assert (lead["email"], lead["state"]) == (ZOE.email, "ready")
    assert lead["lead"] in {one["id"] for one in crm.leads}


def test_corrected_address_leads_to_the_same_lead_and_adds_a_contact(crm, meeting, user_link):
    person = person_of(meeting)
    calls = len(crm.sandbox.calls())
    change_person(
        person=person, details=PersonDetails("Zoe Q", "zoe.q@quixotte.example", timezone="UTC")
    )
    deliver_all()
    # Nothing that staff correct here changes what Close has.
    assert len(crm.sandbox.calls()) == calls
    again = type(ZOE)(name="Zoe", email="zoe.q@quixotte.example", timezone="UTC")
    book(user_link, start=NINE + 2 * HALF_HOUR, booker=again)
    deliver_all()
    assert len(crm.leads) == 2
    (lead,) = [one for one in crm.leads if one["name"] == ZOE.name]
    of_lead = crm.sandbox.store.where("close_contact", lead=lead["id"])
    assert [one["name"] for one in of_lead] == [ZOE.name, "Zoe"]
    assert len(crm.sandbox.store.where("close_note", lead=lead["id"])) == 2


def test_merged_people_keep_their_leads_and_the_next_booking_goes_to_the_kept_ones(
    crm, meeting, user_link, alice
):
    zoe = person_of(meeting)
    ben = type(zoe).objects.get(email=BEN.email)
    merge_people(keep=zoe, other_id=ben.pk, details=PersonDetails("Zoe", ZOE.email), author=alice)
    book(user_link, start=NINE + 2 * HALF_HOUR, booker=ZOE)
    deliver_all()
    assert len(crm.leads) == 2
    (lead,) = [one for one in crm.leads if one["name"] == ZOE.name]
    assert len(crm.sandbox.store.where("close_note", lead=lead["id"])) == 2
