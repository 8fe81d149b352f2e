"""The staff's side of a client's own pages: inviting, sending again, closing."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from common import outbox
from common.models import OutboxMessage, SentMail
from tests.booking.portal.conftest import entered, invite
from workspaces.models import ClientInvitation
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db


def test_member_invites_the_primary_contact(desk, northgate):
    address = reverse("booking:client_invite", args=[northgate.pk])
    assert 'value="desk@northgate.example"' in desk.get(address).text
    answer = desk.post(address, {"email": "desk@northgate.example"})
    assert answer.status_code == 302
    outbox.sweep()
    assert [message.to for message in mail.outbox] == [["desk@northgate.example"]]
    page = desk.get(reverse("booking:client_info", args=[northgate.pk])).text
    assert "not opened yet" in page
    assert "Not the primary contact" not in page


def test_card_says_opened_closed_and_sent_elsewhere(desk, membership, northgate, client):
    first = invite(membership, northgate, "other@northgate.example")
    entered(client, first)
    info = reverse("booking:client_info", args=[northgate.pk])
    page = desk.get(info).text
    assert "Opened once." in page
    assert "Not the primary contact" in page
    desk.post(reverse("booking:client_revoke", args=[northgate.pk, first.pk]))
    assert "Closed by Alice" in desk.get(info).text
    assert client.get("/client").status_code == 404


def test_failed_mail_is_seen(desk, invitation, northgate):
    OutboxMessage.objects.update(state="failed")
    page = desk.get(reverse("booking:client_info", args=[northgate.pk])).text
    assert "The mail was not sent" in page


def test_mail_that_came_back_is_seen_until_the_link_was_opened(desk, invitation, northgate):
    SentMail.objects.create(
        kind="workspaces.client_invitation",
        workspace_id=invitation.workspace_id,
        about_kind="client_invitation",
        about_id=invitation.pk,
        recipient=invitation.email,
        key_digest="k",
        message_id="k@meridian.example",
        state="bounced",
        detail="The mailbox is full.",
    )
    info = reverse("booking:client_info", args=[northgate.pk])
    assert "The mail did not arrive. The mailbox is full." in desk.get(info).text
    ClientInvitation.objects.update(opened_at=timezone.now())
    assert "did not arrive" not in desk.get(info).text


def test_sending_again_makes_a_new_link(desk, invitation, northgate):
    desk.post(reverse("booking:client_invite_again", args=[northgate.pk, invitation.pk]))
    newest = ClientInvitation.objects.order_by("-created_at").first()
    assert newest.pk != invitation.pk
    assert newest.email == invitation.email


def test_sending_is_limited(desk, northgate, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    address = reverse("booking:client_invite", args=[northgate.pk])
    statuses = [
        desk.post(address, {"email": "desk@northgate.example"}).status_code for _ in range(6)
    ]
    assert statuses == [302] * 5 + [422]
    assert ClientInvitation.objects.count() == 5


def test_another_workspaces_client_cannot_be_invited(charlie_membership, northgate):
    from common.errors import NotFound

    with pytest.raises(NotFound):
        invite(charlie_membership, northgate)
    assert not ClientInvitation.objects.exists()


def test_owner_of_member_is_untouched_by_the_clients_hours(visitor, alice, workspace):
    before = owner_of_user(alice, workspace).availability
    visitor.post("/client/hours", {"zone": "Asia/Tokyo"})
    assert owner_of_user(alice, workspace).availability == before
