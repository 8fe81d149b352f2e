"""A workspace's own Zoom account: its key, who hosts with it, and what Zoom refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthToken, OAuthTokenAccessLog, ServiceCredential
from calendars.services import connections
from common.errors import (
    Conflict,
    InvalidInput,
    PlanRequired,
    ReconnectNeeded,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.secrets import Secret
from conferencing import services
from conferencing.models import ZoomConnection
from conferencing.services import server
from tests.rivals import at_once
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 12, 14, 8, tzinfo=UTC)


@pytest.fixture
def company(sandbox):
    """Alice and Bob in one Zoom account, Charlie in another."""
    for email in ("alice@example.com", "bob@example.com", "charlie@elsewhere.example"):
        sandbox.store.add_account("zoom", email=email)
    sandbox.store.set_setting("zoom.clients", {"app": "right"})
    return sandbox.store.get("account", "zoom:alice@example.com")["tid"]


@pytest.fixture
def keep(workspace, company, actor):
    def kept(secret="right", account_id=company, client_id="app"):
        server.keep_server_key(
            workspace=workspace,
            account_id=account_id,
            client_id=client_id,
            client_secret=Secret(secret),
            actor=actor,
        )

    return kept


@pytest.fixture
def hosting(keep, user_owner, actor):
    keep()
    return server.host_with_server_key(owner=user_owner, email="alice@example.com", actor=actor)


def make(owner, actor, key="k1"):
    return services.create_zoom_meeting(
        owner=owner,
        intent_key=key,
        topic="Board",
        start=NINE,
        duration=timedelta(hours=1),
        timezone_name="Europe/Berlin",
        is_series=False,
        actor=actor,
    )


def reasons():
    return list(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", flat=True))


def test_member_hosts_with_the_account_of_their_address(hosting, user_owner, actor, sandbox):
    meeting = make(user_owner, actor)
    (record,) = sandbox.store.all("meeting")
    assert record["account"] == "zoom:alice@example.com"
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    assert sandbox.store.all("meeting") == []


def test_each_member_hosts_their_own_meetings(hosting, user_owner, bob_owner, actor, sandbox):
    server.host_with_server_key(owner=bob_owner, email="bob@example.com", actor=actor)
    make(user_owner, actor)
    make(bob_owner, actor)
    hosts = {record["account"] for record in sandbox.store.all("meeting")}
    assert hosts == {"zoom:alice@example.com", "zoom:bob@example.com"}


def test_lost_answer_is_found_again_with_the_key_too(clock, hosting, user_owner, actor, sandbox):
    sandbox.fault("zoom.meetings.create", lost=True)
    with pytest.raises(UpstreamUnavailable):
        make(user_owner, actor)
    assert make(user_owner, actor).remote_id
    assert len(sandbox.store.all("meeting")) == 1


def test_token_is_taken_anew_when_it_runs_out(hosting, user_owner, actor, sandbox):
    OAuthToken.objects.update(expires_at=timezone.now())
    before = len(sandbox.calls("zoom.token"))
    make(user_owner, actor)
    make(user_owner, actor, "k2")
    assert len(sandbox.calls("zoom.token")) == before + 1
    assert reasons()[-4:] == [
        AccessReason.TOKEN_REFRESH,
        AccessReason.CREDENTIAL_USE,
        AccessReason.ZOOM_MEETING_CREATE,
        AccessReason.ZOOM_MEETING_CREATE,
    ]


@pytest.mark.django_db(transaction=True)
def test_token_is_taken_anew_by_one_of_several(hosting, user_owner, actor, sandbox):
    OAuthToken.objects.update(expires_at=timezone.now())
    before = len(sandbox.calls("zoom.token"))
    at_once(4, lambda number: make(user_owner, actor, f"k{number}"))
    assert len(sandbox.calls("zoom.token")) == before + 1
    assert len(sandbox.store.all("meeting")) == 4


def test_key_is_sealed_and_in_no_row(keep, workspace):
    keep("right")
    row = ServiceCredential.objects.get(workspace=workspace)
    assert b"right" not in bytes(row.sealed)
    assert b"app" not in bytes(row.sealed)
    assert "right" not in " ".join(str(vars(one)) for one in OAuthTokenAccessLog.objects.all())


@pytest.mark.parametrize("wrong", [{"secret": "wrong"}, {"account_id": "no"}, {"client_id": "no"}])
def test_wrong_key_is_refused_and_not_kept(keep, workspace, wrong):
    with pytest.raises(InvalidInput) as refused:
        keep(**wrong)
    assert refused.value.field == "account_id"
    assert "Copy them again" in refused.value.message
    assert not server.has_server_key(workspace)


def test_key_without_a_scope_is_refused_and_the_scope_named(keep, workspace, sandbox):
    sandbox.store.set_setting(
        "zoom.server_scopes",
        "meeting:write:meeting meeting:update:meeting meeting:delete:meeting meeting:read:meeting "
        "user:read:user",
    )
    with pytest.raises(InvalidInput) as refused:
        keep()
    assert "lacks meeting:read:list_meetings:admin." in refused.value.message
    assert not server.has_server_key(workspace)


def test_scope_taken_away_later_is_named(hosting, user_owner, actor, sandbox):
    sandbox.store.set_setting("zoom.server_scopes", "user:read:user meeting:read:meeting")
    OAuthToken.objects.update(expires_at=timezone.now())
    with pytest.raises(UpstreamForbidden) as refused:
        make(user_owner, actor)
    assert "meeting:write:meeting:admin is missing" in refused.value.message
    assert "Ask whoever runs Zoom" in refused.value.message


def test_zoom_that_is_down_is_no_wrong_key(keep, workspace, sandbox):
    sandbox.fault("zoom.token", status=503)
    with pytest.raises(UpstreamUnavailable) as refused:
        keep()
    assert "Try again" in refused.value.message


@pytest.mark.parametrize("email", ["nobody@example.com", "charlie@elsewhere.example"])
def test_who_is_not_in_the_account_is_told(keep, user_owner, actor, email):
    keep()
    with pytest.raises(InvalidInput) as refused:
        server.host_with_server_key(owner=user_owner, email=email, actor=actor)
    assert email in refused.value.message
    assert "Ask whoever runs Zoom there" in refused.value.message
    assert not ZoomConnection.objects.exists()


def test_key_that_is_refused_later_is_said_and_a_new_one_brings_all_back(
    hosting, keep, user_owner, actor, sandbox
):
    sandbox.store.set_setting("zoom.clients", {"app": "changed"})
    OAuthToken.objects.update(expires_at=timezone.now())
    with pytest.raises(ReconnectNeeded) as refused:
        make(user_owner, actor)
    assert "An administrator of the workspace has to enter it again" in refused.value.message
    hosting.refresh_from_db()
    assert hosting.state == ConnectionState.RECONNECT_NEEDED
    assert hosting.last_error == refused.value.message
    keep("changed")
    assert make(user_owner, actor).remote_id


def test_plan_gates_the_key_and_hosting(keep, workspace, user_owner, actor):
    keep()
    workspace.tier = "standard"
    workspace.save()
    with pytest.raises(PlanRequired):
        keep()
    with pytest.raises(PlanRequired):
        server.host_with_server_key(owner=user_owner, email="alice@example.com", actor=actor)


def test_hosting_needs_a_key_and_no_account_of_ones_own(connect, keep, user_owner, actor, sandbox):
    with pytest.raises(Conflict):
        server.host_with_server_key(owner=user_owner, email="alice@example.com", actor=actor)
    keep()
    sandbox.store.set_setting("zoom.clients", {"app": "right", "zoom-client": "zoom-secret"})
    connect(user_owner, "zoom")
    with pytest.raises(Conflict):
        server.host_with_server_key(owner=user_owner, email="alice@example.com", actor=actor)


def test_key_opens_no_other_workspace(keep, other_workspace, charlie_membership, actor, charlie):
    keep()

    stranger = owner_of_user(charlie, other_workspace)
    with pytest.raises(Conflict):
        server.host_with_server_key(owner=stranger, email="alice@example.com", actor=actor)


def test_disconnecting_a_member_leaves_the_key_and_the_others(
    hosting, workspace, bob_owner, actor, sandbox
):
    other = server.host_with_server_key(owner=bob_owner, email="bob@example.com", actor=actor)
    assert connections.disconnect(connection=hosting, actor=actor) == ""
    assert sandbox.calls("zoom.revoke") == []
    assert server.has_server_key(workspace)
    assert make(bob_owner, actor).connection == other


def test_forgetting_the_key_ends_the_accounts_that_hosted_with_it(
    hosting, workspace, user_owner, actor
):
    assert server.drop_server_key(workspace=workspace, actor=actor) == 1
    assert not server.has_server_key(workspace)
    assert not services.has_zoom(user_owner)
    assert not OAuthToken.objects.exists()
