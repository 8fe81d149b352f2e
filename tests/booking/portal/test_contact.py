"""The primary contact changes: whoever was it is shut out of the client's own page."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import reverse

from common.models import OutboxMessage
from tests.booking.conftest import deliver_all
from tests.booking.portal.conftest import entered, invite, link_of, pages, said
from tests.factories import make_client
from workspaces.enums import AccessEnd
from workspaces.models import ClientInvitation, ClientVisit

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(sign_in, alice):
    return sign_in(alice)


@pytest.fixture
def visitor(membership, northgate):
    invitation = invite(membership, northgate)
    return invitation, entered(Browser(), invitation)


def save(staff, client, email):
    url = reverse("booking:client_edit", args=[client.pk])
    sent = {"name": client.name, "timezone": client.timezone, "primary_contact_name": "Orla"}
    return staff.post(url, {**sent, "primary_contact_email": email, "preferred_conference": ""})


def test_former_contact_is_shut_out_at_once_and_staff_are_told(staff, visitor, northgate):
    invitation, browser = visitor
    assert browser.get(pages()[0]).status_code == 200
    answer = save(staff, northgate, "new@northgate.example")
    assert answer.status_code in {204, 302, 303}
    (message,) = said(answer)
    assert "desk@northgate.example had is closed" in message
    invitation.refresh_from_db()
    assert invitation.ended_because == AccessEnd.CONTACT_GONE
    assert (invitation.ended_at is not None, invitation.ended_by_name) == (True, "Alice")
    assert all(browser.get(page).status_code != 200 for page in pages())
    assert Browser().post(link_of(invitation)).status_code == 404
    assert ClientVisit.objects.get().invitation_id == invitation.pk
    card = staff.get(reverse("booking:client_info", args=[northgate.pk])).content.decode()
    assert "Closed when Alice changed the primary contact" in card


def test_link_that_was_not_mailed_yet_is_not_mailed(staff, membership, northgate, mailoutbox):
    invite(membership, northgate)
    save(staff, northgate, "new@northgate.example")
    deliver_all()
    assert OutboxMessage.objects.filter(kind="workspaces.client_invitation", state="sent").exists()
    assert [one.to for one in mailoutbox] == []


@pytest.mark.parametrize("email", ["desk@northgate.example", "Desk@Northgate.example"])
def test_the_same_contact_keeps_the_link(staff, visitor, northgate, email):
    _invitation, browser = visitor
    assert said(save(staff, northgate, email)) == ["Northgate is saved."]
    assert browser.get(pages()[0]).status_code == 200


def test_links_of_others_and_of_other_clients_stay(staff, membership, workspace, northgate):
    southgate = make_client(workspace, "Southgate", primary_contact_email="desk@northgate.example")
    kept = [
        invite(membership, northgate, "colleague@northgate.example"),
        invite(membership, southgate, "desk@northgate.example"),
    ]
    save(staff, northgate, "new@northgate.example")
    assert not ClientInvitation.objects.filter(
        pk__in=[one.pk for one in kept], ended_at__isnull=False
    ).exists()


def test_client_that_had_no_contact_closes_nothing(staff, membership, northgate):
    type(northgate).objects.filter(pk=northgate.pk).update(primary_contact_email="")
    kept = invite(membership, northgate, "somebody@northgate.example")
    assert said(save(staff, northgate, "new@northgate.example")) == ["Northgate is saved."]
    kept.refresh_from_db()
    assert kept.ended_at is None


def test_staff_choose_what_the_client_reads(staff, northgate):
    url = reverse("booking:client_edit", args=[northgate.pk])
    assert '<option value="en" selected>English</option>' in staff.get(url).text
    sent = {"name": "Northgate", "timezone": "Europe/Berlin", "language": "fr"}
    assert staff.post(url, sent).status_code == 302
    northgate.refresh_from_db()
    assert northgate.language == "fr"
    assert (
        "<dd>Français</dd>" in staff.get(reverse("booking:client_info", args=[northgate.pk])).text
    )
    save(staff, northgate, "desk@northgate.example")
    assert staff.post(url, {**sent, "language": "tlh"}).status_code == 422
    northgate.refresh_from_db()
    assert northgate.language == "fr"
