"""Bookings in Close: one lead for an address, one note for a meeting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from booking.enums import CrmLeadState
from booking.models import CrmAccount, CrmLead, CrmNote, SalesMeeting
from booking.services import changes, crm_accounts, crm_leads, crm_upkeep
from common import outbox
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all, make_link
from tests.booking.crm.conftest import DOER, rows, settle

pytestmark = pytest.mark.django_db


class TestBooking:
    def test_makes_a_lead_with_its_contact_and_one_note(self, crm, user_link):
        meeting = book(user_link, message="About prices", booker=replace(ANN, phone="+49 30 1"))
        deliver_all()
        (lead,), (contact,), (note,) = crm.leads, crm.contacts, crm.notes
        assert lead["name"] == "Ann Other"
        assert (contact["lead"], contact["emails"][0]["email"]) == (lead["id"], ANN.email)
        assert note.splitlines() == [
            "Intro call: Confirmed",
            "When: Thursday 19 November 2026, 09:00 \N{EN DASH} 09:30, Berlin (CET, UTC+1)",
            "With: Alice",
            "Booked by: Ann Other, ann@tallship.example, +49 30 1",
            "Message: About prices",
            f"http://testserver/meetings/{meeting.pk}",
            f"Meridian meeting {meeting.pk}",
        ]
        row = CrmLead.objects.get()
        assert (row.state, row.email, row.lead_remote_id) == ("ready", ANN.email, lead["id"])
        assert CrmNote.objects.get().meeting_id == meeting.pk
        assert [one.state for one in rows()] == ["sent"]

    def test_second_meeting_of_an_address_is_a_second_note_on_the_same_lead(self, crm, user_link):
        book(user_link)
        deliver_all()
        again = replace(ANN, email="ANN@Tallship.example", name="Anna Other")
        book(user_link, start=NINE + HALF_HOUR, booker=again)
        deliver_all()
        assert len(crm.leads) == len(crm.contacts) == 1
        assert crm.contacts[0]["name"] == "Ann Other"
        assert len(crm.notes) == 2

    def test_lead_that_is_there_already_is_used_and_not_changed(self, crm, user_link):
        lead = crm.add_lead("Ann@TALLSHIP.example", name="Tall Ship Ltd")
        book(user_link)
        deliver_all()
        assert [one["name"] for one in crm.leads] == ["Tall Ship Ltd"]
        assert len(crm.contacts) == 1
        assert CrmLead.objects.get().lead_remote_id == lead["id"]

    def test_lead_of_a_longer_address_is_another_one(self, crm, user_link):
        crm.add_lead("mary.ann@tallship.example")
        book(user_link)
        deliver_all()
        assert len(crm.leads) == 2

    def test_request_is_no_lead_until_it_is_approved(self, crm, user_owner, clock):
        link = make_link(user_owner, requires_approval=True)
        meeting = book(link)
        deliver_all()
        assert crm.leads == []
        changes.approve_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert len(crm.leads) == 1
        assert crm.notes[0].startswith("Intro call: Confirmed")

    def test_request_that_is_declined_leaves_nothing(self, crm, user_owner, clock):
        meeting = book(make_link(user_owner, requires_approval=True))
        changes.decline_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.leads == []
        assert crm.sandbox.calls("close.search") == []

    def test_status_that_was_chosen_is_the_new_leads(self, crm, user_link, workspace):
        wanted = CrmAccount.objects.get().statuses[2]
        crm_accounts.choose(workspace=workspace, status_id=wanted["id"], for_clients=False)
        book(user_link)
        deliver_all()
        assert crm.leads[0]["status"] == wanted["id"]

    def test_status_that_close_has_no_more_is_said_and_can_be_put_right(
        self, crm, user_link, workspace
    ):
        wanted = CrmAccount.objects.get().statuses[2]
        crm_accounts.choose(workspace=workspace, status_id=wanted["id"], for_clients=False)
        crm.sandbox.store.drop("close_status", wanted["id"])
        book(user_link)
        deliver_all()
        (trouble,) = crm_upkeep.troubles_of(workspace)
        assert "Choose another one" in trouble.words
        crm_accounts.read_statuses(account=CrmAccount.objects.get(), actor=crm.actor)
        assert CrmAccount.objects.get().lead_status_remote_id == ""
        crm_accounts.send_all_again(workspace)
        deliver_all()
        assert len(crm.leads) == 1

    def test_client_bookings_only_by_the_switch(self, crm, client_link, workspace):
        book(client_link)
        deliver_all()
        assert crm.leads == []
        crm_accounts.choose(workspace=workspace, status_id="", for_clients=True)
        client_link.refresh_from_db()
        book(client_link, start=NINE + HALF_HOUR)
        deliver_all()
        assert len(crm.leads) == 1
        assert "With: Northgate" in crm.notes[0]

    def test_one_address_is_one_lead_in_both_modes(
        self, crm, client_owner, user_owner, workspace, clock
    ):
        crm_accounts.choose(workspace=workspace, status_id="", for_clients=True)
        book(make_link(user_owner, slug="mine"))
        client_owner.workspace.refresh_from_db()
        book(make_link(client_owner, slug="theirs"))
        deliver_all()
        assert len(crm.leads) == 1
        assert len(crm.notes) == 2

    def test_without_a_key_nothing_is_asked_or_written_down(self, sandbox, user_link):
        book(user_link)
        deliver_all()
        assert rows() == []
        assert sandbox.calls("close.search") == []

    def test_line_a_booker_types_never_passes_for_our_mark(self, crm, user_link):
        first = book(user_link)
        deliver_all()
        crm.sandbox.fault("close.notes.create", lost=True)
        book(
            user_link,
            start=NINE + HALF_HOUR,
            message=f"Hello\nMeridian meeting {first.pk}\nBye",
        )
        deliver_all()
        assert f"Message: Hello\n> Meridian meeting {first.pk}\n> Bye" in crm.notes[1]
        changes.cancel_meeting(meeting=first, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert [one.splitlines()[0] for one in crm.notes] == [
            "Intro call: Cancelled",
            "Intro call: Confirmed",
        ]


def test_other_handler_waits_while_one_looks_for_the_lead(crm, user_link, clock):
    book(user_link)
    row = CrmLead.objects.create(
        workspace=crm.workspace,
        organization_remote_id=CrmAccount.objects.get().organization_remote_id,
        email=ANN.email,
        lease_holder="another",
        lease_until=datetime.now(UTC) + crm_leads.LEASE,
    )
    deliver_all()
    assert crm.leads == []
    assert [(one.state, one.attempts) for one in rows()] == [("pending", 0)]
    clock.shift(crm_leads.LEASE)
    settle(clock)
    row.refresh_from_db()
    assert row.state == CrmLeadState.READY
    assert len(crm.leads) == 1


def test_booking_stands_whatever_close_does(crm, user_link, clock):
    crm.sandbox.fault("close.*", status=500, count=None)
    meeting = book(user_link)
    settle(clock, rounds=8, step=outbox.DAY / 4)
    assert [one.state for one in rows()] == ["pending"]
    settle(clock, rounds=12, step=outbox.DAY / 4)
    meeting = SalesMeeting.objects.get(pk=meeting.pk)
    assert (meeting.state, bool(meeting.confirmation_sent_at)) == ("confirmed", True)
    (row,) = rows()
    assert row.state == "failed"
    assert CrmAccount.objects.get().last_error == "Close did not answer. Try again."
