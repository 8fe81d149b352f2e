"""Members: roles, the end of a membership, invitations and their mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from audit.enums import ConnectionState
from audit.models import OAuthToken
from audit.services import vault
from calendars.models import UserCalendarConnection
from common import outbox
from common.enums import OutboxState
from common.errors import Conflict, Forbidden, NotFound
from common.models import OutboxMessage, SentMail
from common.oauth import TokenSet
from common.secrets import Secret
from sandbox.server.resend.access import SIGNING_SECRET
from tests.factories import make_connection, make_member, make_user
from tests.resend import tell
from workspaces.authentication import hash_token
from workspaces.enums import Role
from workspaces.models import Membership
from workspaces.owners import owner_of_user
from workspaces.services import invitations, members

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
PAGE = "/members"


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def admin_membership(workspace):
    return make_member(workspace, make_user("Ada"), role=Role.ADMIN)


def invite(by, email="new@x.example", role=Role.MEMBER, now=NOW):
    return invitations.invite(by=by, email=email, role=role, now=now)


def deliver_all():
    for message in OutboxMessage.objects.filter(state=OutboxState.PENDING):
        outbox.deliver(message.pk)


# --- Roles ---


def test_owner_gives_any_role(membership, bob_membership):
    members.change_role(by=membership, membership_id=bob_membership.pk, role=Role.OWNER)
    bob_membership.refresh_from_db()
    assert bob_membership.role == Role.OWNER


def test_last_owner_stays_owner(membership):
    with pytest.raises(Conflict):
        members.change_role(by=membership, membership_id=membership.pk, role=Role.MEMBER)
    with pytest.raises(Conflict):
        members.end_membership(by=membership, membership_id=membership.pk)
    membership.refresh_from_db()
    assert membership.role == Role.OWNER


def test_admin_makes_and_unmakes_no_owner(admin_membership, membership, bob_membership):
    for target, role in ((bob_membership, Role.OWNER), (membership, Role.MEMBER)):
        with pytest.raises(Forbidden):
            members.change_role(by=admin_membership, membership_id=target.pk, role=role)
    with pytest.raises(Forbidden):
        members.end_membership(by=admin_membership, membership_id=membership.pk)
    with pytest.raises(Forbidden):
        invite(admin_membership, role=Role.OWNER)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.AUDITOR])
def test_others_change_nobody(workspace, bob_membership, role):
    other = make_member(workspace, make_user("Other"), role=role)
    with pytest.raises(Forbidden):
        members.change_role(by=other, membership_id=bob_membership.pk, role=Role.ADMIN)
    with pytest.raises(Forbidden):
        members.end_membership(by=other, membership_id=bob_membership.pk)
    with pytest.raises(Forbidden):
        invite(other)


def test_role_that_was_taken_meanwhile_gives_no_right(workspace, membership, admin_membership):
    Membership.objects.filter(pk=admin_membership.pk).update(role=Role.MEMBER)
    target = make_member(workspace, make_user("Target"))
    with pytest.raises(Forbidden):
        members.end_membership(by=admin_membership, membership_id=target.pk)


def test_member_of_another_workspace_is_not_found(membership, charlie_membership):
    with pytest.raises(Membership.DoesNotExist):
        members.end_membership(by=membership, membership_id=charlie_membership.pk)


def test_end_of_a_membership_pauses_connections_there_and_erases_tokens(
    workspace, other_workspace, membership, bob, bob_membership
):
    make_member(other_workspace, bob)
    tokens = TokenSet(Secret("access"), Secret("refresh"), NOW, frozenset())
    here = make_connection(owner_of_user(bob, workspace))
    elsewhere = make_connection(owner_of_user(bob, other_workspace))
    for connection in (here, elsewhere):
        vault.store_tokens(connection=connection, tokens=tokens)
    members.end_membership(by=membership, membership_id=bob_membership.pk)
    deliver_all()
    states = dict(UserCalendarConnection.objects.values_list("pk", "state"))
    assert states == {here.pk: ConnectionState.PAUSED, elsewhere.pk: ConnectionState.ACTIVE}
    assert [row.connection_id for row in OAuthToken.objects.all()] == [elsewhere.pk]


# --- Invitations ---


def test_invited_person_becomes_a_member_once(workspace, membership, charlie):
    invitation = invite(membership, email="Charlie@Elsewhere.example", role=Role.AUDITOR)
    token = invitations.token_of(invitation)
    joined = invitations.accept(token=token, user=charlie, now=NOW + timedelta(days=1))
    assert (joined.workspace, joined.role) == (workspace, Role.AUDITOR)
    with pytest.raises(NotFound):
        invitations.accept(token=token, user=charlie, now=NOW + timedelta(days=1))


def test_invitation_is_for_its_address_only(membership, bob, charlie):
    token = invitations.token_of(invite(membership, email="somebody@else.example"))
    with pytest.raises(Forbidden):
        invitations.accept(token=token, user=charlie, now=NOW)


@pytest.mark.parametrize("age", [timedelta(days=7), timedelta(days=30)])
def test_invitation_runs_out(membership, charlie, age):
    token = invitations.token_of(invite(membership, email=charlie.email))
    with pytest.raises(NotFound):
        invitations.accept(token=token, user=charlie, now=NOW + age)


def test_withdrawn_or_replaced_invitation_opens_nothing(membership, charlie):
    first = invite(membership, email=charlie.email)
    second = invite(membership, email=charlie.email)
    invitations.withdraw(by=membership, invitation_id=second.pk)
    for gone in (first, second):
        with pytest.raises(NotFound):
            invitations.accept(token=invitations.token_of(gone), user=charlie, now=NOW)


def test_member_is_not_invited_again(membership, bob):
    with pytest.raises(Conflict):
        invite(membership, email=bob.email.upper())


def test_token_stands_in_the_mail_only(membership):
    invitation = invite(membership)
    token = invitations.token_of(invitation)
    message = OutboxMessage.objects.get()
    assert message.payload == {"invitation_id": str(invitation.pk)}
    assert invitation.token_hash == hash_token(token)
    deliver_all()
    (sent,) = mail.outbox
    assert sent.to == ["new@x.example"]
    for body in (sent.body, sent.alternatives[0].content):
        assert f"http://testserver/invitations/{token}" in body


def test_mail_after_a_new_secret_key_carries_a_link_that_opens(membership, charlie, settings):
    invitation = invite(membership, email=charlie.email)
    settings.SECRET_KEY = "another-" + "y" * 50
    deliver_all()
    token = mail.outbox[0].body.split("/invitations/")[1].split()[0]
    assert invitations.open_invitation(token=token, now=NOW) == invitation


def test_withdrawn_invitation_is_not_mailed(membership):
    invitations.withdraw(by=membership, invitation_id=invite(membership).pk)
    deliver_all()
    assert mail.outbox == []


# --- Clients and profile ---


def test_invitation_that_came_back_says_so_and_why(browser, membership, settings, time_machine):
    time_machine.move_to(NOW, tick=False)  # an invitation is shown for a week
    settings.RESEND_SIGNING_SECRET = SIGNING_SECRET
    invite(membership)
    deliver_all()
    assert "did not arrive" not in browser.get(PAGE).text
    SentMail.objects.update(remote_id="re-1")
    assert tell("email.bounced", email_id="re-1").status_code == 204
    page = browser.get(PAGE).text
    assert "The mail did not arrive" in page
    assert "The receiving server sent it back." in page
