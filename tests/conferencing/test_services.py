"""Zoom meetings of an owner: wished for once, made once, and gone without a fuss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState, Outcome
from audit.errors import TokenDenied
from audit.models import OAuthTokenAccessLog
from common.errors import PlanRequired, ReconnectNeeded, UpstreamUnavailable
from conferencing import services
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.usage import Wish
from tests.rivals import at_once
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 12, 14, 8, tzinfo=UTC)


@pytest.fixture
def make(actor):
    def made(owner, key="k1", **fields):
        fields = {
            "topic": "Board",
            "start": NINE,
            "duration": timedelta(hours=1),
            "timezone_name": "Europe/Berlin",
            "is_series": False,
            **fields,
        }
        return services.create_zoom_meeting(owner=owner, intent_key=key, actor=actor, **fields)

    return made


def test_meeting_is_made_in_the_owners_account(connect, owner, make, sandbox):
    connection = connect(owner, "zoom")
    meeting = make(owner)
    assert (meeting.connection, meeting.workspace) == (connection, owner.workspace)
    assert meeting.remote_id.isdigit()
    assert services.zoom_meeting_at(owner.workspace.pk, meeting.join_url) == meeting


def test_same_wish_twice_is_one_meeting(connect, user_owner, make, sandbox):
    connect(user_owner, "zoom")
    assert make(user_owner) == make(user_owner)
    assert len(sandbox.calls("zoom.meetings.create")) == 1


def test_wish_is_kept_when_the_answer_fails_and_made_by_the_next_try(
    connect, user_owner, make, sandbox
):
    connect(user_owner, "zoom")
    sandbox.fault("zoom.meetings.create", status=503)
    with pytest.raises(UpstreamUnavailable):
        make(user_owner)
    assert ZoomMeeting.objects.get().remote_id == ""
    assert make(user_owner).remote_id
    assert ZoomMeeting.objects.count() == 1


def test_deleted_meeting_can_be_wished_for_again(connect, user_owner, make, actor):
    connect(user_owner, "zoom")
    first = make(user_owner)
    assert services.end_zoom_meeting(meeting=first, actor=actor)
    assert services.zoom_meeting_at(user_owner.workspace.pk, first.join_url) is None
    again = make(user_owner)
    assert (again.pk, again.deleted_at) == (first.pk, None)
    assert again.remote_id != first.remote_id


def test_deleting_what_is_gone_is_done_and_what_is_down_is_left(
    connect, user_owner, make, actor, sandbox
):
    connect(user_owner, "zoom")
    meeting = make(user_owner)
    sandbox.fault("zoom.meetings.delete", status=503)
    assert not services.end_zoom_meeting(meeting=meeting, actor=actor)
    assert services.end_zoom_meeting(meeting=meeting, actor=actor)
    assert services.end_zoom_meeting(meeting=meeting, actor=actor)


def test_every_call_is_logged_with_its_own_reason(connect, user_owner, make, actor):
    connect(user_owner, "zoom")
    before = OAuthTokenAccessLog.objects.count()
    meeting = make(user_owner)
    wish = Wish("New", NINE, timedelta(hours=1), "Europe/Berlin")
    services.update_zoom_meeting(meeting=meeting, wish=wish, actor=actor)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    reasons = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", flat=True)[before:]
    assert list(reasons) == [
        AccessReason.ZOOM_MEETING_CREATE,
        AccessReason.ZOOM_MEETING_UPDATE,
        AccessReason.ZOOM_MEETING_DELETE,
    ]


def test_owner_without_zoom_is_told(user_owner, bob_owner, connect, make):
    connect(user_owner, "zoom")
    with pytest.raises(ReconnectNeeded):
        make(bob_owner)
    assert not services.has_zoom(bob_owner)
    assert services.has_zoom(user_owner)


def test_account_that_refuses_its_token_is_flagged(connect, user_owner, make, sandbox):
    connection = connect(user_owner, "zoom")
    sandbox.store.revoke(sandbox.account(connection))
    with pytest.raises(ReconnectNeeded):
        make(user_owner)
    assert ZoomConnection.objects.get().state == ConnectionState.RECONNECT_NEEDED
    assert not services.has_zoom(user_owner)


@pytest.mark.parametrize(("tier", "fine"), [(t, t in {"advanced", "enterprise"}) for t in Tier])
def test_plan_decides_on_zoom(tier, fine):
    if fine:
        services.check_zoom_plan(tier)
        return
    with pytest.raises(PlanRequired) as refused:
        services.check_zoom_plan(tier)
    assert refused.value.tier == Tier.ADVANCED


@pytest.mark.django_db(transaction=True)
def test_one_wish_of_several_callers_at_once_is_one_meeting(connect, user_owner, make, sandbox):
    connect(user_owner, "zoom")
    made = at_once(6, lambda number: make(user_owner))
    assert len({meeting.join_url for meeting in made}) == 1
    assert len(sandbox.calls("zoom.meetings.create")) == 1
    reasons = OAuthTokenAccessLog.objects.values_list("reason", flat=True)
    assert list(reasons).count(AccessReason.ZOOM_MEETING_CREATE) == 1


def test_account_of_another_workspace_is_denied_at_the_vault(
    connect, user_owner, make, other_workspace
):
    """The rows say another workspace than the account: the vault refuses, whoever let it pass."""
    connection = connect(user_owner, "zoom")
    meeting = make(user_owner)
    ZoomMeeting.objects.filter(pk=meeting.pk).update(workspace=other_workspace)
    meeting = ZoomMeeting.objects.select_related("connection").get()
    row = OAuthTokenAccessLog.objects.filter(reason=AccessReason.ZOOM_MEETING_DELETE)
    with pytest.raises(TokenDenied):
        services.end_zoom_meeting(meeting=meeting, actor=task_actor("tests"))
    assert row.get().outcome == Outcome.DENIED
    assert row.get().workspace_id == connection.workspace_id
