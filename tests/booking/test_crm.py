"""Bookings in Close: one lead for an address, one note for a meeting, nothing lost or doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthTokenAccessLog, ServiceCredential
from booking.booker import Booker
from booking.enums import CrmLeadState, MessageKind, Party
from booking.models import CrmAccount, CrmLead, CrmNote, SalesMeeting
from booking.services import changes, crm_accounts, crm_leads, crm_upkeep
from booking.services.changes import Doer
from common import outbox
from common.errors import InvalidInput, NotFound, ReconnectNeeded, UpstreamUnavailable
from common.models import OutboxMessage
from common.secrets import Secret
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all, make_link, messages
from tests.booking.crm import KEY, Crm
from tests.factories import make_member, make_workspace
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

BEN = Booker(name="Ben Byrne", email="ben@tallship.example", timezone="Europe/Dublin")
DOER = Doer(Party.OWNER, task_actor("tests"), "Alice")


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    return made


def rows(**more):
    return messages(kind=MessageKind.CRM_LEAD, **more)


def settle(clock, rounds=12, step=timedelta(minutes=2)):
    """Let the worker go on for as long as anything waits."""
    for _ in range(rounds):
        deliver_all()
        if not OutboxMessage.objects.filter(state="pending").exists():
            return
        clock.shift(step)


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


class TestChanges:
    @pytest.fixture
    def meeting(self, crm, user_link):
        made = book(user_link)
        deliver_all()
        return made

    def test_move_and_cancel_change_the_one_note(self, crm, meeting, clock):
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        deliver_all()
        assert "10:00 \N{EN DASH} 10:30" in crm.notes[0]
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now, message="Ill")
        deliver_all()
        assert len(crm.notes) == 1
        assert crm.notes[0].startswith("Intro call: Cancelled. Ill\n")

    def test_no_show_and_back_are_told_each_time(self, crm, meeting, clock):
        clock.move_to(NINE + HALF_HOUR)
        for is_no_show, words in ((True, "did not come"), (False, "Confirmed"), (True, "did not")):
            changes.mark_no_show(
                meeting=meeting, doer=DOER, now=datetime.now(UTC), is_no_show=is_no_show
            )
            deliver_all()
            assert words in crm.notes[0]

    def test_hand_over_names_the_new_host(self, crm, meeting, bob_owner):
        changes.reassign_meeting(meeting=meeting, to=bob_owner, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert "With: Bob" in crm.notes[0]
        assert len(crm.leads) == len(crm.notes) == 1

    def test_what_was_outrun_is_not_written(self, crm, user_link):
        meeting = book(user_link)
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now)
        deliver_all()
        assert crm.notes[0].startswith("Intro call: Cancelled")
        assert len(crm.sandbox.calls("close.notes.create")) == 1
        assert crm.sandbox.calls("close.notes.update") == []

    def test_words_people_put_below_ours_stay(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        note["note"] += "\nCall her back on Friday"
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes[0].startswith("Intro call: Cancelled")
        assert crm.notes[0].endswith("\nCall her back on Friday")

    def test_note_that_lost_our_part_is_left_to_its_author(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        note["note"] = "Mine now"
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes == ["Mine now"]
        assert [one.state for one in rows()] == ["sent", "sent"]

    def test_note_deleted_in_close_is_not_written_again(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        crm.sandbox.store.drop("close_note", note["id"])
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        deliver_all()
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now)
        deliver_all()
        assert crm.notes == []
        assert CrmNote.objects.get().is_gone
        assert {one.state for one in rows()} == {"sent"}

    def test_meeting_of_before_the_key_is_left_alone(self, sandbox, workspace, actor, user_link):
        meeting = book(user_link)
        deliver_all()
        crm = Crm(sandbox, workspace, actor)
        crm.keep()
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.leads == []


class TestGone:
    def test_lead_deleted_in_close_is_made_anew_for_the_next_meeting(self, crm, user_link, clock):
        book(user_link)
        deliver_all()
        for kind in ("close_lead", "close_contact", "close_note"):
            for one in crm.sandbox.store.all(kind):
                crm.sandbox.store.drop(kind, one["id"])
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock)
        assert len(crm.leads) == len(crm.contacts) == len(crm.notes) == 1

    def test_lead_merged_away_is_found_where_its_contact_went(self, crm, user_link, clock):
        book(user_link)
        deliver_all()
        other = crm.add_lead("office@tallship.example")
        (old,) = [one for one in crm.leads if one["id"] != other["id"]]
        crm.sandbox.store.drop("close_lead", old["id"])
        for kind in ("close_contact", "close_note"):
            for one in crm.sandbox.store.all(kind):
                crm.sandbox.store.put(kind, one["id"], {**one, "lead": other["id"]})
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock)
        assert [one["id"] for one in crm.leads] == [other["id"]]
        assert len(crm.notes) == 2


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


class TestKey:
    def test_is_tried_sealed_and_logged(self, crm, workspace):
        sealed = ServiceCredential.objects.get(workspace=workspace, kind="close")
        assert KEY.encode() not in bytes(sealed.sealed)
        account = CrmAccount.objects.get()
        assert (account.organization_name, account.key_tail) == ("Acme", KEY[-4:])
        assert account.statuses[0]["label"] == "Potential"
        (row,) = OAuthTokenAccessLog.objects.filter(provider="close")
        assert (row.reason, row.outcome) == (AccessReason.OAUTH_CONNECT, "granted")

    @pytest.mark.parametrize(
        "key", ["short", "with space in it", "käse-schlüssel", "a:colon-in-it"]
    )
    def test_that_cannot_be_one_is_asked_nobody(self, sandbox, workspace, actor, key):
        with pytest.raises(InvalidInput) as refused:
            crm_accounts.keep_key(workspace=workspace, key=Secret(key), actor=actor)
        assert refused.value.field == "key"
        assert sandbox.calls() == []

    def test_that_close_does_not_know_is_not_kept(self, sandbox, workspace, actor):
        with pytest.raises(InvalidInput) as refused:
            crm_accounts.keep_key(workspace=workspace, key=Secret("api_unknown"), actor=actor)
        assert "api_unknown" not in refused.value.message
        assert not ServiceCredential.objects.exists()
        assert not CrmAccount.objects.exists()

    def test_is_not_kept_while_close_is_down(self, crm, workspace, actor):
        crm.sandbox.fault("close.statuses.list", status=500)
        crm.sandbox.store.add_close_key("api_another", email="a@b.example", organization="B")
        with pytest.raises(UpstreamUnavailable) as raised:
            crm_accounts.keep_key(workspace=workspace, key=Secret("api_another"), actor=actor)
        assert "Nothing was connected" in raised.value.message
        assert CrmAccount.objects.get().organization_name == "Acme"

    def test_that_is_refused_later_stops_nothing_but_close(self, crm, user_link, workspace, clock):
        crm.revoke()
        meeting = book(user_link)
        book(user_link, start=NINE + HALF_HOUR, booker=BEN)
        deliver_all()
        meeting.refresh_from_db()
        assert meeting.confirmation_sent_at is not None
        account = CrmAccount.objects.get()
        assert account.state == ConnectionState.RECONNECT_NEEDED
        told = [one for one in mail.outbox if "Close needs you" in one.subject]
        assert [one.to for one in told] == [["alice@example.com"]]
        assert [one.state for one in rows()] == ["failed", "failed"]
        # The second one was not even asked.
        assert len(crm.sandbox.calls("close.search")) == 1
        crm.keep("api_the-next-one")
        deliver_all()
        assert len(crm.leads) == len(crm.notes) == 2
        account.refresh_from_db()
        assert (account.state, account.last_error) == (ConnectionState.ACTIVE, "")
        assert account.last_good_at is not None

    def test_refusal_of_the_key_before_does_not_mark_the_one_after(self, crm, workspace):
        before = CrmAccount.objects.get()
        crm.keep("api_the-next-one")
        crm_accounts.note_trouble(before, ReconnectNeeded())
        assert CrmAccount.objects.get().state == ConnectionState.ACTIVE
        assert not OutboxMessage.objects.filter(kind=MessageKind.CRM_KEY_REFUSED).exists()

    def test_to_another_organisation_begins_another_map(self, crm, user_link):
        book(user_link)
        deliver_all()
        crm.keep("api_elsewhere", organization="Elsewhere")
        book(user_link, start=NINE + HALF_HOUR)
        deliver_all()
        assert len(crm.leads) == 2
        assert len({one["organization"] for one in crm.leads}) == 2

    def test_note_in_the_organisation_before_is_left(self, crm, user_link):
        meeting = book(user_link)
        deliver_all()
        crm.keep("api_elsewhere", organization="Elsewhere")
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes[0].startswith("Intro call: Confirmed")
        assert {one.state for one in rows()} == {"sent"}

    def test_forgotten_is_gone_with_what_waits(self, crm, user_link, workspace, actor):
        book(user_link)
        crm_accounts.forget_key(workspace=workspace, actor=actor)
        crm_accounts.forget_key(workspace=workspace, actor=actor)
        deliver_all()
        assert crm.leads == []
        assert not ServiceCredential.objects.exists()
        assert [one.state for one in rows()] == ["cancelled"]
        reasons = OAuthTokenAccessLog.objects.filter(provider="close").values_list(
            "reason", flat=True
        )
        assert list(reasons) == [AccessReason.OAUTH_CONNECT, AccessReason.OAUTH_REVOKE]

    def test_each_use_is_one_row_of_the_log_with_its_reason(self, crm, user_link, workspace):
        meeting = book(user_link)
        deliver_all()
        rows = OAuthTokenAccessLog.objects.filter(provider="close").order_by("seq")[1:]
        assert [(one.reason, one.target) for one in rows] == [
            (reason, f"meeting {meeting.pk}")
            for reason in ("crm.lead.find", "crm.lead.create", "crm.note.write")
        ]
        assert {one.workspace_id for one in rows} == {workspace.pk}

    def test_stands_in_no_log_line_row_or_message(self, crm, user_link, caplog, clock):
        caplog.set_level(0)
        crm.sandbox.fault("close.*", status=500, message=f"{KEY} {ANN.email}", count=3)
        crm.sandbox.fault("close.leads.create", status=400, message=KEY, reason="emails", skip=3)
        book(user_link)
        settle(clock)
        written = caplog.text + repr(list(OutboxMessage.objects.values()))
        written += repr(list(CrmAccount.objects.values()))
        assert KEY not in written
        assert ANN.email not in caplog.text
        assert ANN.email not in repr(list(OutboxMessage.objects.values()))


class TestWorkspaces:
    def test_each_has_a_key_a_map_and_a_close_of_its_own(self, crm, user_link, bob, clock):
        from workspaces.owners import owner_of_user

        other = make_workspace("Other", owner=bob)
        theirs = make_link(owner_of_user(bob, other), slug="theirs")
        book(theirs)
        deliver_all()
        assert crm.leads == []
        crm.keep("api_of-the-other", organization="Other", workspace=other)
        book(theirs, start=NINE + HALF_HOUR)
        book(user_link)
        deliver_all()
        assert len(crm.leads) == 2
        assert len({one["organization"] for one in crm.leads}) == 2
        assert CrmLead.objects.filter(email=ANN.email).count() == 2

    def test_nobody_decides_for_another(self, crm, user_link, clock, other_workspace):
        crm.sandbox.fault("close.leads.create", unreached=True)
        book(user_link)
        settle(clock)
        (row,), lead = rows(), CrmLead.objects.get()
        with pytest.raises(NotFound):
            crm_upkeep.send_one_again(workspace=other_workspace, message_id=row.pk)
        with pytest.raises(NotFound):
            crm_upkeep.make_unsure_lead(workspace=other_workspace, lead_id=lead.pk)
        assert crm_upkeep.troubles_of(other_workspace) == []
        lead.refresh_from_db()
        assert lead.state == CrmLeadState.UNSURE

    def test_only_owners_are_told_of_a_refused_key(self, crm, user_link, workspace, charlie):
        make_member(workspace, charlie, role=Role.ADMIN)
        crm.revoke()
        book(user_link)
        deliver_all()
        told = [one.to[0] for one in mail.outbox if "Close needs you" in one.subject]
        assert told == ["alice@example.com"]


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
