from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from common.errors import Forbidden, InvalidInput, NotFound, WorkspaceRequired
from tests.factories import make_member
from workspaces.authentication import (
    ServiceTokenAuthentication,
    issue_service_token,
    membership_of,
)
from workspaces.models import ServiceToken

SCOPE = "calendar:read"


@pytest.fixture
def issued(workspace, alice):
    return issue_service_token(workspace=workspace, acts_as=alice, name="sync", scopes=[SCOPE])


def call(token="", user=None, **headers):
    request = APIRequestFactory().get("/", headers=headers)
    if token:
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        request.user, request.auth = ServiceTokenAuthentication().authenticate(request)
    else:
        request.user, request.auth = user, None
    return request


def test_a_token_is_its_workspace_and_only_a_hash_is_kept(issued, workspace, alice):
    row, token = issued
    membership = membership_of(call(token), scope=SCOPE)
    assert (membership.workspace, membership.user) == (workspace, alice)
    assert token not in str(list(ServiceToken.objects.values()))
    row.refresh_from_db()
    assert row.last_used_at is not None


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
    ids=["revoked", "expired"],
)
def test_a_dead_token_is_refused(issued, change):
    row, token = issued
    ServiceToken.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(AuthenticationFailed):
        call(token)


def test_an_unknown_token_is_refused(db):
    with pytest.raises(AuthenticationFailed):
        call("mrd_guess")


def test_a_token_of_somebody_deactivated_is_refused(issued, alice):
    alice.is_active = False
    alice.save()
    with pytest.raises(AuthenticationFailed):
        call(issued[1])


def test_a_token_of_somebody_who_left_reaches_nothing(issued, membership):
    membership.delete()
    with pytest.raises(NotFound):
        membership_of(call(issued[1]), scope=SCOPE)


def test_a_token_does_only_what_its_scopes_say(issued):
    with pytest.raises(Forbidden, match="calendar:write"):
        membership_of(call(issued[1]), scope="calendar:write")


def test_a_token_does_not_reach_another_workspace(issued, other_workspace, alice):
    make_member(other_workspace, alice)
    request = call(issued[1], **{"X-Workspace": str(other_workspace.pk)})
    with pytest.raises(NotFound):
        membership_of(request, scope=SCOPE)


def test_a_session_in_one_workspace_needs_no_header(membership, alice):
    assert membership_of(call(user=alice), scope=SCOPE).pk == membership.pk


def test_a_session_in_two_workspaces_has_to_name_one(membership, other_workspace, alice):
    make_member(other_workspace, alice)
    with pytest.raises(WorkspaceRequired):
        membership_of(call(user=alice), scope=SCOPE)
    request = call(user=alice, **{"X-Workspace": str(other_workspace.pk)})
    assert membership_of(request, scope=SCOPE).workspace == other_workspace


def test_a_session_does_not_reach_a_workspace_of_others(membership, other_workspace, alice):
    request = call(user=alice, **{"X-Workspace": str(other_workspace.pk)})
    with pytest.raises(NotFound):
        membership_of(request, scope=SCOPE)


def test_a_workspace_that_is_no_id_is_named(membership, alice):
    with pytest.raises(InvalidInput) as refused:
        membership_of(call(user=alice, **{"X-Workspace": "acme"}), scope=SCOPE)
    assert refused.value.field == "X-Workspace"
