"""The key to Close: tried, sealed, refused, changed, and each workspace's its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthTokenAccessLog, ServiceCredential
from booking.booker import Booker
from booking.enums import CrmLeadState, MessageKind
from booking.models import CrmAccount, CrmLead
from booking.services import changes, crm_accounts, crm_upkeep
from common.errors import InvalidInput, NotFound, ReconnectNeeded, UpstreamUnavailable
from common.models import OutboxMessage
from common.secrets import Secret
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all, make_link
from tests.booking.crm.conftest import DOER, KEY, rows, settle
from tests.factories import make_member, make_workspace
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

BEN = Booker(name="Ben Byrne", email="ben@tallship.example", timezone="Europe/Dublin")


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
