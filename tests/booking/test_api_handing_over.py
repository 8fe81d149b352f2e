"""One's own meeting is given away over the API, and the same is asked for again."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from booking.enums import ChangeKind
from booking.models import MeetingChange
from booking.services.changes import (
    Doer,
    Party,
    cancel_meeting,
    move_meeting,
    reassign_meeting,
)
from tests.booking.conftest import NOW, book
from tests.booking.test_api_meetings import booker_of, post
from tests.booking.test_changes import STAFF, TEN
from tests.factories import make_member, make_user
from workspaces.authentication import issue_service_token
from workspaces.enums import Role
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calling(workspace):
    def made(user, where=None):
        _row, token = issue_service_token(
            workspace=where or workspace,
            acts_as=user,
            name="test",
            scopes=["booking:read", "booking:write"],
        )
        return Browser(headers={"Authorization": f"Bearer {token}"})

    return made


@pytest.fixture
def given(user_link, alice, bob, calling):
    """Alice gave her meeting to Bob."""
    meeting = book(user_link)
    answer = post(calling(alice), meeting, "reassign", user_id=str(bob.pk))
    assert (answer.status_code, answer.json()["user_id"]) == (200, str(bob.pk))
    meeting.refresh_from_db()
    return meeting


def test_asked_again_it_is_done_and_changes_nothing(given, alice, bob, calling):
    type(given).objects.update(conference_url="https://meet.example/bobs", conference="meet")
    for _time in range(2):
        answer = post(calling(alice), given, "reassign", user_id=str(bob.pk))
        assert (answer.status_code, answer.json()["user_id"]) == (200, str(bob.pk))
        assert "bobs" not in answer.content.decode()
    again = type(given).objects.get()
    assert again.sequence == given.sequence
    (change,) = MeetingChange.objects.all()
    assert change.kind == ChangeKind.REASSIGNED


def test_it_is_no_way_to_look_at_a_colleagues_meeting(given, alice, bob, calling):
    caller = calling(alice)
    address = f"/api/v1/booking/meetings/{given.pk}"
    assert caller.get(address).status_code == 404
    assert post(caller, given, "cancel").status_code == 404
    assert post(caller, given, "reassign", user_id=str(alice.pk)).status_code == 404
    assert post(caller, given, "reassign", client_id=str(alice.pk)).status_code == 404
    move_meeting(meeting=given, start=TEN, doer=STAFF, now=NOW)
    assert post(caller, given, "reassign", user_id=str(bob.pk)).status_code == 404


def test_nobody_else_hears_of_it(given, alice, bob, workspace, calling, charlie, other_workspace):
    admin = make_user("Erin")
    make_member(workspace, admin, role=Role.ADMIN)
    body = {"user_id": str(bob.pk)}
    for stranger in (calling(admin), calling(charlie, other_workspace), booker_of(given)):
        assert post(stranger, given, "reassign", **body).status_code in {403, 404}
    assert post(calling(admin), given, "reassign", **body).status_code == 404
    assert post(Browser(), given, "reassign", **body).status_code == 401
    # Nor does the former owner once they work here no more.
    type(alice.memberships.get()).objects.filter(user=alice).update(role=Role.AUDITOR)
    assert post(calling(alice), given, "reassign", **body).status_code == 403


def test_what_somebody_else_took_from_its_owner_is_not_theirs_to_ask_for(
    user_link, alice, bob, calling
):
    """A hand-over by another than its owner leaves nothing behind for the former one."""
    meeting = book(user_link)
    to = owner_of_user(bob, user_link.workspace)
    reassign_meeting(meeting=meeting, to=to, doer=STAFF, now=NOW)
    assert post(calling(alice), meeting, "reassign", user_id=str(bob.pk)).status_code == 404


def test_the_new_owner_asks_and_hears_all_of_it(given, bob, calling):
    answer = post(calling(bob), given, "reassign", user_id=str(bob.pk))
    assert (answer.status_code, answer.json()["sequence"]) == (200, given.sequence)


def test_a_cancelled_one_is_not_told_to_its_former_owner(given, alice, bob, calling, actor):
    doer = Doer(Party.OWNER, actor, "Bob")
    cancel_meeting(meeting=given, doer=doer, now=NOW)
    assert post(calling(alice), given, "reassign", user_id=str(bob.pk)).status_code == 404
