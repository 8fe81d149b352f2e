"""Answers of Close that never came: nothing is lost or doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booking.enums import CrmLeadState
from booking.models import CrmAccount, CrmLead
from booking.services import changes, crm_accounts, crm_upkeep
from tests.booking.conftest import ANN, book, deliver_all
from tests.booking.crm.conftest import DOER, rows, settle

pytestmark = pytest.mark.django_db


class TestLostAnswers:
    def test_of_a_lead_is_found_once_the_index_shows_it(self, crm, user_link, clock):
        crm.sandbox.store.set_setting("close.search_lag", 90)
        crm.sandbox.fault("close.leads.create", lost=True)
        book(user_link)
        deliver_all()
        assert CrmLead.objects.get().state == CrmLeadState.ASKED
        settle(clock, step=timedelta(seconds=40))
        assert len(crm.leads) == len(crm.notes) == 1
        assert len(crm.sandbox.calls("close.leads.create")) == 1
        assert CrmLead.objects.get().lead_remote_id == crm.leads[0]["id"]

    def test_of_a_lead_whose_address_was_changed_there_is_found_by_our_mark(
        self, crm, user_link, clock
    ):
        crm.sandbox.fault("close.leads.create", lost=True)
        book(user_link)
        deliver_all()
        crm.contacts[0]["emails"] = [{"type": "office", "email": "new@tallship.example"}]
        settle(clock, step=timedelta(seconds=40))
        assert len(crm.leads) == 1
        assert {one["emails"][0]["email"] for one in crm.contacts} == {
            "new@tallship.example",
            ANN.email,
        }

    @pytest.mark.parametrize("fault", [{"unreached": True}, {"status": 500}, {"status": 502}])
    def test_of_a_lead_that_never_shows_is_left_to_a_person(
        self, crm, user_link, clock, workspace, fault
    ):
        crm.sandbox.fault("close.leads.create", **fault)
        book(user_link)
        settle(clock)
        assert crm.leads == []
        assert len(crm.sandbox.calls("close.leads.create")) == 1
        account = CrmAccount.objects.get()
        (unsure,) = crm_upkeep.unsure_leads(account)
        (trouble,) = crm_upkeep.troubles_of(workspace)
        assert (unsure.email, trouble.email) == (ANN.email, ANN.email)
        assert "Look in Close" in trouble.words
        crm_upkeep.make_unsure_lead(workspace=workspace, lead_id=unsure.pk)
        settle(clock)
        assert len(crm.leads) == len(crm.notes) == 1
        assert crm_upkeep.troubles_of(workspace) == []

    def test_of_a_lead_that_a_person_finds_is_used(self, crm, user_link, clock, workspace):
        crm.sandbox.fault("close.leads.create", unreached=True)
        book(user_link)
        settle(clock)
        found = crm.add_lead(ANN.email)
        crm_accounts.send_all_again(workspace)
        deliver_all()
        assert [one["id"] for one in crm.leads] == [found["id"]]
        assert len(crm.notes) == 1

    @pytest.mark.parametrize(
        "fault",
        [{"status": 503}, {"status": 429, "rate_limit": "limit=9, remaining=0, reset=7"}],
    )
    def test_plain_refusal_decides_nothing_and_is_tried_again(self, crm, user_link, clock, fault):
        crm.sandbox.fault("close.leads.create", **fault)
        book(user_link)
        deliver_all()
        assert CrmLead.objects.get().state == CrmLeadState.NEW
        settle(clock, step=timedelta(seconds=10))
        assert len(crm.leads) == len(crm.notes) == 1

    def test_of_a_contact_is_found_on_the_lead(self, crm, user_link, workspace, clock):
        lead = crm.add_lead("office@tallship.example")
        CrmLead.objects.create(
            workspace=workspace,
            organization_remote_id=CrmAccount.objects.get().organization_remote_id,
            email=ANN.email,
            state=CrmLeadState.READY,
            lead_remote_id=lead["id"],
        )
        crm.sandbox.fault("close.contacts.create", lost=True)
        book(user_link)
        settle(clock)
        assert sorted(one["emails"][0]["email"] for one in crm.contacts) == [
            ANN.email,
            "office@tallship.example",
        ]
        assert len(crm.leads) == len(crm.notes) == 1

    def test_of_a_note_is_found_on_the_lead(self, crm, user_link, clock):
        crm.sandbox.fault("close.notes.create", lost=True)
        meeting = book(user_link)
        deliver_all()
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        settle(clock)
        assert len(crm.notes) == 1
        assert crm.notes[0].startswith("Intro call: Cancelled")
        assert {one.state for one in rows()} == {"sent"}

    def test_of_a_note_that_was_not_made_makes_it_later(self, crm, user_link, clock):
        crm.sandbox.fault("close.notes.create", unreached=True)
        book(user_link)
        settle(clock, step=timedelta(seconds=30))
        assert len(crm.notes) == 1

    def test_of_a_change_is_sent_again(self, crm, user_link, clock):
        meeting = book(user_link)
        deliver_all()
        crm.sandbox.fault("close.notes.update", lost=True)
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        settle(clock)
        assert crm.notes[0].startswith("Intro call: Cancelled")
