"""What could not be sent: who sees which of it, and what they do with it."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.models import OutsideInvitation
from booking.services import invited
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage
from tests.booking.staff import test_meetings
from tests.factories import make_member, make_user
from workspaces.enums import Role
from workspaces.models import Invitation

pytestmark = pytest.mark.django_db
PAGE = "/meetings/unsent"
REASON = "The mail server refused the address."
_days = itertools.count(1)


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def make_meeting(owner, name="Dev Patel", **fields):
    """On a day of its own."""
    start = timezone.now() + timedelta(days=next(_days))
    return test_meetings.make_meeting(owner, name, start=start, **fields)


def fail(meeting=None, *, kind="booking.notification", step="booked", workspace=None, **more):
    message = outbox.enqueue(
        kind=kind,
        payload={"owner_kind": "client", "step": step, **more.pop("payload", {})},
        dedupe_key=uuid.uuid4().hex,
        workspace_id=meeting.workspace_id if meeting else workspace.pk,
        about_id=meeting.pk if meeting else None,
    )
    values = {
        "state": OutboxState.FAILED,
        "last_error": REASON,
        "failing_since_at": timezone.now() - timedelta(minutes=5),
        **more,
    }
    OutboxMessage.objects.filter(pk=message.pk).update(**values)
    return message


def do(browser, what, *messages, **options):
    data = {"do": what, "message": [one.pk for one in messages]}
    return browser.post(PAGE, data, **options)


def state(message):
    message.refresh_from_db()
    return message.state


def test_page_says_what_for_whom_which_meeting_why_and_since_when(browser, client_owner):
    meeting = make_meeting(client_owner, "Bea Lind")
    fail(meeting)
    fail(meeting, kind="booking.calendar_event", step="follow", last_error="Google is away.")
    text = browser.get(PAGE).text
    assert "Confirmation and notice" in text
    assert "Change of the calendar event" in text
    assert text.count("Bea Lind") >= 2
    assert reverse("booking:meeting_detail", args=[meeting.pk]) in text
    assert REASON in text
    assert "Google is away." in text


def test_invitation_is_named_by_its_address(browser, workspace):
    invitation = Invitation.objects.create(
        workspace=workspace, email="new@x.example", token_hash="h", expires_at=timezone.now()
    )
    fail(
        kind="workspaces.invitation",
        workspace=workspace,
        payload={"invitation_id": str(invitation.pk)},
    )
    text = browser.get(PAGE).text
    assert "Invitation of a member" in text
    assert "new@x.example" in text


def make_invitation(owner, title="Board meeting"):
    start = timezone.now() + timedelta(days=next(_days))
    return OutsideInvitation.objects.create(
        workspace=owner.workspace,
        **{f"{owner.kind.value}_id": owner.id},
        uid=uuid.uuid4().hex,
        organizer="org@elsewhere.example",
        sender="org@elsewhere.example",
        guest="us@inbound.example",
        sequence=0,
        stamped_at=start,
        title=title,
        start_at=start,
        end_at=start + timedelta(hours=1),
        timezone="UTC",
        received_at=timezone.now(),
    )


def fail_invitation(owner, title, step="reply"):
    invitation = make_invitation(owner, title)
    invited.enqueue(invitation, step, "1")
    message = OutboxMessage.objects.get(about_id=invitation.pk)
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=OutboxState.FAILED, last_error=REASON, failing_since_at=timezone.now()
    )
    return message


def test_invitations_from_outside_are_their_owners_and_the_clients(
    sign_in, alice, bob, client_owner, user_owner, bob_owner
):
    clients = fail_invitation(client_owner, "Board meeting")
    alices = fail_invitation(user_owner, "Salary talk", step="event")
    bobs = fail_invitation(bob_owner, "Job interview", step="new")
    text = sign_in(bob).get(PAGE).text
    assert "Answer to an invitation · Board meeting" in text
    assert "Notice of an invitation · Job interview" in text
    assert "Salary talk" not in text
    do(sign_in(bob), "again", clients, alices, bobs)
    assert [state(one) for one in (clients, alices, bobs)] == ["pending", "failed", "pending"]
    OutboxMessage.objects.update(state=OutboxState.FAILED)
    text = sign_in(alice).get(PAGE).text
    assert "Event of an invitation · Salary talk" in text
    assert "Notice of an invitation · Bob" in text
    assert "Job interview" not in text


def test_every_registered_kind_has_words_of_its_own():
    from common.outbox import handlers

    kinds = [kind for kind in handlers._handlers if not kind.startswith("tests.")]
    assert len(kinds) > 20
    assert [kind for kind in kinds if not handlers._handlers[kind].words] == []


def test_colleagues_own_meeting_is_told_without_its_guest(browser, bob_owner):
    """Roles give no exception to what is a colleague's own."""
    meeting = make_meeting(bob_owner, "Secret Guest", title="Secret title")
    message = fail(meeting)
    text = browser.get(PAGE).text
    assert "A guest of Bob" in text
    assert "Secret" not in text
    assert str(meeting.pk) not in text
    do(browser, "again", message)
    assert state(message) == OutboxState.PENDING


def test_member_sees_clients_and_own_meetings_and_nothing_else(
    sign_in, bob, workspace, bob_owner, user_owner, client_owner
):
    own, clients = fail(make_meeting(bob_owner, "Mine")), fail(make_meeting(client_owner, "Theirs"))
    alices = fail(make_meeting(user_owner, "Alices"))
    general = fail(kind="workspaces.invitation", workspace=workspace)
    browser = sign_in(bob)
    text = browser.get(PAGE).text
    assert "Mine" in text
    assert "Theirs" in text
    assert "Alices" not in text
    assert "Invitation" not in text
    do(browser, "again", own, alices, general)
    do(browser, "dismiss", clients, alices, general)
    assert state(own) == OutboxState.PENDING
    assert state(clients) == OutboxState.CANCELLED
    assert {state(alices), state(general)} == {OutboxState.FAILED}


@pytest.mark.parametrize("what", ["again", "dismiss", "back"])
def test_other_workspaces_messages_are_out_of_reach(browser, other_workspace, what):
    was = OutboxState.CANCELLED if what == "back" else OutboxState.FAILED
    message = fail(kind="workspaces.invitation", workspace=other_workspace, state=was)
    assert REASON not in browser.get(PAGE).text
    do(browser, what, message)
    assert state(message) == was


def test_auditors_and_strangers_have_no_such_page(sign_in, workspace, client):
    auditor = make_user("Oda", email="oda@x.example")
    make_member(workspace, auditor, role=Role.AUDITOR)
    message = fail(kind="workspaces.invitation", workspace=workspace)
    assert sign_in(auditor).get(PAGE).status_code == 404
    assert do(sign_in(auditor), "again", message).status_code == 404
    assert client.get(PAGE).status_code == 302
    assert do(client, "again", message).status_code == 302
    assert state(message) == OutboxState.FAILED


def test_nothing_changes_on_get_or_without_a_token(sign_in, alice, workspace):
    message = fail(kind="workspaces.invitation", workspace=workspace)
    browser = sign_in(alice, enforce_csrf_checks=True)
    browser.get(PAGE, {"do": "again", "message": message.pk})
    assert do(browser, "again", message).status_code == 403
    assert state(message) == OutboxState.FAILED


def test_aside_back_and_again_without_scripts(browser, client_owner):
    first, second = (fail(make_meeting(client_owner, name)) for name in ("Ann", "Ben"))
    page = do(browser, "dismiss", first, second, follow=True).text
    assert "2 messages were put aside." in page
    assert "Nothing to send again" in page
    assert "Put back" in page
    page = do(browser, "back", first, follow=True).text
    assert "One message is in the list again." in page
    assert "Ann" in page
    page = do(browser, "again", first, second, follow=True).text
    assert "One message is being tried again." in page
    assert (state(first), state(second)) == (OutboxState.PENDING, OutboxState.CANCELLED)
    assert first.last_error == ""


def test_second_press_changes_nothing_and_is_no_trouble(browser, client_owner):
    message = fail(make_meeting(client_owner))
    for what in ("dismiss", "back", "again"):
        do(browser, what, message)
        was = state(message)
        assert "That is done already." in do(browser, what, message, follow=True).text
        assert state(message) == was


def test_what_somebody_else_was_faster_with_is_said(browser, client_owner):
    message = fail(make_meeting(client_owner))
    do(browser, "dismiss", message)
    assert "Somebody was faster" in do(browser, "again", message, follow=True).text
    assert "Choose what to do" in do(browser, "explode", message, follow=True).text
    assert browser.post(PAGE, {"do": "again", "message": "7"}).status_code == 404


def test_what_has_to_be_done_cannot_be_put_aside(browser, workspace):
    message = fail(kind="booking.erasure", workspace=workspace)
    assert "Put aside" not in browser.get(PAGE).text
    assert "cannot be put aside" in do(browser, "dismiss", message, follow=True).text
    assert state(message) == OutboxState.FAILED


def test_it_is_linked_with_a_count_only_when_there_is_something(
    browser, sign_in, bob, workspace, client_owner, user_owner
):
    assert PAGE not in browser.get("/meetings").text
    fail(make_meeting(client_owner))
    fail(make_meeting(user_owner))
    mine, calendar = browser.get("/meetings").text, browser.get("/calendar").text
    assert mine.count(f'href="{PAGE}"') == 2  # beside the list and in the sidebar
    assert f'href="{PAGE}"' in calendar
    assert '<span class="count">2</span>' in calendar
    bobs = sign_in(bob).get("/meetings").text
    assert bobs.count(f'href="{PAGE}"') == 1
    assert '<span class="badge danger">1</span>' in bobs


def test_long_list_says_how_many_there_are(browser, workspace, monkeypatch):
    monkeypatch.setattr("booking.unsent.SHOWN", 2)
    for _ in range(3):
        fail(kind="workspaces.invitation", workspace=workspace)
    text = browser.get(PAGE).text
    assert "The latest 2 of 3." in text
    assert "Send 2 again" in text


def test_list_needs_no_query_for_each_row(
    browser, client_owner, bob_owner, django_assert_max_num_queries
):
    fail(make_meeting(client_owner))
    fail(make_meeting(bob_owner))
    browser.get(PAGE)
    with django_assert_max_num_queries(30) as few:
        browser.get(PAGE)
    for owner in (client_owner, bob_owner):
        for _ in range(3):
            fail(make_meeting(owner))
    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)
