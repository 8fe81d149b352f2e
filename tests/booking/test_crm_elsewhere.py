"""What people do in Close meanwhile, and keys that make way for others: no lead too many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from audit.enums import AccessReason
from booking.close_errors import CloseGone
from booking.models import CrmAccount, CrmLead, CrmNote
from booking.services import changes, crm_accounts, crm_upkeep
from booking.services.people import PersonDetails, change_person
from common.errors import UpstreamUnavailable
from common.secrets import Secret
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all, make_link
from tests.booking.crm.conftest import KEY, Crm, rows, settle
from tests.booking.test_changes import STAFF
from tests.booking.test_close import bare  # noqa: F401 -- a fixture
from tests.rivals import at_once
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
API = "https://api.close.com/api/v1"
FEW = timedelta(seconds=20)


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    return made


@pytest.fixture
def meeting(crm, user_link):
    made = book(user_link)
    deliver_all()
    return made


class TestContact:
    def test_moved_to_another_lead_takes_the_next_note_there(self, crm, meeting, user_link, clock):
        other = crm.add_lead("office@tallship.example", name="Tall Ship Ltd")
        (mine,) = [one for one in crm.contacts if one["lead"] != other["id"]]
        crm.sandbox.store.put("close_contact", mine["id"], {**mine, "lead": other["id"]})
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock, step=FEW)
        assert len(crm.leads) == 2
        assert sorted(one["emails"][0]["email"] for one in crm.contacts) == [
            ANN.email,
            "office@tallship.example",
        ]
        assert len(crm.sandbox.store.where("close_note", lead=other["id"])) == 1
        assert CrmLead.objects.get().lead_remote_id == other["id"]

    def test_deleted_from_its_lead_is_added_there_and_no_lead_is_made(
        self, crm, meeting, user_link, clock
    ):
        (mine,) = crm.contacts
        crm.sandbox.store.drop("close_contact", mine["id"])
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock, step=FEW)
        assert len(crm.leads) == len(crm.contacts) == 1
        assert crm.contacts[0]["lead"] == crm.leads[0]["id"]
        assert len(crm.notes) == 2
        assert len(crm.sandbox.calls("close.leads.create")) == 1


def test_address_that_staff_correct_goes_where_close_has_it(crm, meeting, user_link, clock):
    """Our map would lead it to the lead of the address before; Close has it elsewhere."""
    there = crm.add_lead("ann.other@tallship.example", name="Tall Ship Ltd")
    details = PersonDetails("Ann Other", "ann.other@tallship.example", timezone="UTC")
    change_person(person=meeting.prospect, details=details)
    book(user_link, start=NINE + HALF_HOUR, booker=replace(ANN, email=details.email))
    settle(clock, step=FEW)
    assert (len(crm.leads), len(crm.contacts)) == (2, 2)
    assert len(crm.sandbox.store.where("close_note", lead=there["id"])) == 1
    row = CrmLead.objects.get(email=details.email)
    assert (row.lead_remote_id, row.contact_remote_id) == (there["id"], "cont_old2")


@responses.activate
def test_lead_that_leads_to_another_one_is_gone_and_nothing_is_followed(bare):  # noqa: F811
    where = "https://app.close.com/api/v1/lead/lead_2/"
    responses.get(f"{API}/lead/lead_1/", status=301, headers={"Location": where})
    with pytest.raises(CloseGone):
        bare.contacts_of("lead_1")
    assert len(responses.calls) == 1


class TestOrganisation:
    def test_is_the_one_whose_statuses_the_key_reads(self, crm, user_link, workspace):
        """One person is in two organisations, and each key is of one of them."""
        meeting = book(user_link)
        deliver_all()
        first = CrmAccount.objects.get().organization_remote_id
        crm.keep("api_elsewhere", organization="Elsewhere")
        second = CrmAccount.objects.get()
        assert second.organization_name == "Elsewhere"
        assert second.organization_remote_id != first
        changes.cancel_meeting(meeting=meeting, doer=STAFF, now=datetime.now(UTC))
        book(user_link, start=NINE + HALF_HOUR)
        deliver_all()
        assert {one.organization_remote_id for one in CrmLead.objects.all()} == {
            first,
            second.organization_remote_id,
        }
        assert not CrmNote.objects.get(meeting_id=meeting.pk).is_gone
        # The key before it again, of somebody who is in two organisations by now.
        crm.keep(KEY)
        assert CrmAccount.objects.get().organization_remote_id == first

    def test_stays_the_same_when_its_user_joins_another_one(self, crm):
        first = CrmAccount.objects.get().organization_remote_id
        crm.sandbox.store.add_close_key("api_x", email="alice@example.com", organization="Other")
        crm.keep(KEY)
        assert CrmAccount.objects.get().organization_remote_id == first


class TestKeyReplacedMeanwhile:
    def test_makes_no_lead_in_the_other_organisation_for_the_map_of_the_first(
        self, crm, user_link, clock
    ):
        """Somebody enters a key to another organisation between the search and the lead."""
        first = CrmAccount.objects.get().organization_remote_id
        adapter = crm.sandbox.adapter

        def after(request, status, body):
            if request.url.endswith("/data/search/"):
                del adapter.after
                crm.keep("api_elsewhere", organization="Elsewhere")

        adapter.after = after
        book(user_link)
        settle(clock, step=FEW)
        second = CrmAccount.objects.get().organization_remote_id
        (lead,) = crm.leads
        assert lead["organization"] == second
        assert CrmLead.objects.get(lead_remote_id=lead["id"]).organization_remote_id == second
        assert not CrmLead.objects.filter(organization_remote_id=first, state="ready").exists()
        assert [one.organization_remote_id for one in CrmNote.objects.all()] == [second]

    def test_account_read_before_opens_no_key_after(self, crm):
        before = CrmAccount.objects.get()
        crm.keep("api_elsewhere", organization="Elsewhere")
        calls = len(crm.sandbox.calls())
        with pytest.raises(UpstreamUnavailable):
            crm_accounts.client_for(before, reason=AccessReason.CRM_LEAD_FIND, actor=crm.actor)
        assert len(crm.sandbox.calls()) == calls

    @pytest.mark.django_db(transaction=True)
    def test_two_who_enter_a_first_key_at_once_are_both_answered(self, sandbox, workspace, actor):
        crm = Crm(sandbox, workspace, actor)
        keys = [f"api_key-{number}" for number in range(4)]
        for key in keys:
            sandbox.store.add_close_key(key, email="alice@example.com", organization="Acme")
        answers = at_once(
            4,
            lambda number: crm_accounts.keep_key(
                workspace=workspace, key=Secret(keys[number]), actor=actor
            ),
        )
        assert not [one for one in answers if isinstance(one, Exception)], answers
        account = CrmAccount.objects.get()
        client = crm_accounts.client_for(
            account, reason=AccessReason.CRM_STATUS_LIST, actor=crm.actor
        )
        assert client.account(client.lead_statuses()).organization_name == "Acme"
        assert account.key_tail[-1] in "0123"


class TestTroubles:
    @pytest.fixture
    def given_up(self, crm, user_link):
        """A meeting whose first note and whose change Close refused."""
        crm.sandbox.fault("close.notes.*", status=400, count=None)
        meeting = book(user_link)
        deliver_all()
        changes.cancel_meeting(meeting=meeting, doer=STAFF, now=datetime.now(UTC))
        deliver_all()
        assert [one.state for one in rows()] == ["failed", "failed"]
        return meeting

    def test_are_one_for_each_meeting(self, crm, given_up, user_link, workspace):
        other = book(user_link, start=NINE + HALF_HOUR)
        deliver_all()
        troubles = crm_upkeep.troubles_of(workspace)
        assert [one.email for one in troubles] == [ANN.email] * 2
        about = {rows(pk=one.message_id)[0].about_id for one in troubles}
        assert about == {given_up.pk, other.pk}

    def test_are_said_once_on_the_meetings_page(self, crm, given_up, sign_in, alice):
        page = sign_in(alice).get(f"/meetings/{given_up.pk}").text
        assert page.count("The CRM could not be told.") == 1

    def test_of_a_meeting_are_sent_again_together(self, crm, given_up, workspace):
        (trouble,) = crm_upkeep.troubles_of(workspace)
        crm_upkeep.send_one_again(workspace=workspace, message_id=trouble.message_id)
        assert crm_upkeep.waiting_in(workspace) == 1
        crm.sandbox.store.clear_faults()
        deliver_all()
        assert crm_upkeep.troubles_of(workspace) == []
        assert len(crm.notes) == 1
        assert crm.notes[0].startswith("Intro call: Cancelled")

    def test_are_over_once_a_later_change_was_written(self, crm, user_link, workspace):
        crm.sandbox.fault("close.notes.*", status=400)
        meeting = book(user_link)
        deliver_all()
        assert len(crm_upkeep.troubles_of(workspace)) == 1
        changes.cancel_meeting(meeting=meeting, doer=STAFF, now=datetime.now(UTC))
        deliver_all()
        assert len(crm.notes) == 1
        assert crm_upkeep.troubles_of(workspace) == []
        assert {one.state for one in rows()} == {"sent"}

    def test_stay_while_a_later_change_writes_nothing(self, crm, user_link, workspace):
        crm.sandbox.fault("close.leads.create", status=400)
        meeting = book(user_link)
        deliver_all()
        changes.cancel_meeting(meeting=meeting, doer=STAFF, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes == []
        assert len(crm_upkeep.troubles_of(workspace)) == 1


class TestWayToTheLead:
    def address(self, crm, settings):
        return f'href="{settings.CLOSE_APP_URL}/lead/{crm.leads[0]["id"]}/"'

    def test_stands_on_the_persons_page_and_with_the_meeting(
        self, crm, meeting, sign_in, alice, settings
    ):
        browser = sign_in(alice)
        for page in (f"/people/{meeting.prospect_id}", f"/meetings/{meeting.pk}"):
            text = browser.get(page).text
            assert self.address(crm, settings) in text
            assert "The lead in Close" in text

    def test_opens_the_lead_in_the_sandbox(self, crm, meeting, settings):
        raw = requests.Session()
        raw.mount(settings.CLOSE_APP_URL, crm.sandbox.adapter)
        shown = raw.get(f"{settings.CLOSE_APP_URL}/lead/{crm.leads[0]['id']}/")
        assert (shown.status_code, "Ann Other" in shown.text) == (200, True)

    def test_is_none_where_none_is_known(self, crm, user_link, sign_in, alice):
        crm.sandbox.fault("close.leads.create", status=400)
        meeting = book(user_link)
        deliver_all()
        browser = sign_in(alice)
        for page in (f"/people/{meeting.prospect_id}", f"/meetings/{meeting.pk}"):
            assert "The lead in Close" not in browser.get(page).text

    @pytest.mark.parametrize("how", ["forgotten", "elsewhere"])
    def test_is_none_where_the_key_does_not_lead(
        self, crm, meeting, sign_in, alice, workspace, actor, how
    ):
        if how == "forgotten":
            crm_accounts.forget_key(workspace=workspace, actor=actor)
        else:
            crm.keep("api_elsewhere", organization="Elsewhere")
        browser = sign_in(alice)
        for page in (f"/people/{meeting.prospect_id}", f"/meetings/{meeting.pk}"):
            assert "The lead in Close" not in browser.get(page).text

    def test_of_another_workspace_is_not_shown(
        self, crm, meeting, charlie, other_workspace, sign_in, clock
    ):
        crm.keep("api_theirs", organization="Acme", workspace=other_workspace)
        link = make_link(owner_of_user(charlie, other_workspace), slug="theirs")
        crm.sandbox.fault("close.*", status=500, count=None)
        theirs = book(link)
        deliver_all()
        assert "The lead in Close" not in sign_in(charlie).get(f"/meetings/{theirs.pk}").text
