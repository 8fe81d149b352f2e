"""What is connected, and what the plan holds."""

from __future__ import annotations

import pytest

from calendars.models import CalendarShare
from conferencing.plans import matrix
from tests.factories import make_calendar, make_connection
from workspaces.authentication import issue_service_token
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db

CALENDARS = "/api/v1/calendar/calendars"
CAPABILITIES = "/api/v1/calendar/capabilities"


def test_connected_calendars_are_listed(sign_in, alice, connect, user_owner, client_owner):
    mine, theirs = connect(user_owner, "google"), connect(client_owner, "outlook")
    found = sign_in(alice).get(CALENDARS).json()
    assert [(one["provider"], one["ownerKind"], one["owner"]) for one in found] == [
        ("google", "user", "Alice"),
        ("outlook", "client", "Northgate"),
    ]
    assert [one["connection"]["id"] for one in found] == [str(mine.pk), str(theirs.pk)]
    assert {(one["sight"], one["writable"], one["booking"]) for one in found} == {
        ("full", True, True)
    }


def test_colleagues_calendar_is_busy_only_until_shared(sign_in, bob, user_owner):
    calendar = make_calendar(make_connection(user_owner))
    browser = sign_in(bob)
    (one,) = browser.get(CALENDARS).json()
    assert (one["sight"], one["writable"]) == ("busy", False)
    CalendarShare.objects.create(calendar=calendar, level="edit")
    (one,) = browser.get(CALENDARS).json()
    assert (one["sight"], one["writable"]) == ("edit", True)


def test_no_token_or_scope_is_told(sign_in, alice, connect, user_owner, sandbox):
    connect(user_owner, "google")
    text = sign_in(alice).get(CALENDARS).content.decode()
    tokens = [key for kind in ("access", "refresh") for key, _ in sandbox.store.items(kind)]
    assert tokens
    assert not any(token in text for token in tokens)


def test_former_members_calendars_are_not_listed(sign_in, alice, bob_owner, bob_membership):
    make_calendar(make_connection(bob_owner))
    assert len(sign_in(alice).get(CALENDARS).json()) == 1
    bob_membership.delete()
    assert sign_in(alice).get(CALENDARS).json() == []


def test_stranger_sees_none(sign_in, charlie, other_workspace, user_owner):
    make_calendar(make_connection(user_owner))
    assert sign_in(charlie).get(CALENDARS).json() == []


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_often_for_three_as_for_one(
    sign_in, alice, user_owner, count, django_assert_num_queries
):
    browser = sign_in(alice)
    for _ in range(count):
        make_calendar(make_connection(user_owner))
    with django_assert_num_queries(5):
        assert len(browser.get(CALENDARS).json()) == count


@pytest.mark.parametrize("path", [CALENDARS, CAPABILITIES])
def test_visitor_is_401(client, db, path):
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("path", [CALENDARS, CAPABILITIES])
def test_program_needs_the_scope(client, workspace, alice, path):
    def get(*scopes):
        _, token = issue_service_token(
            workspace=workspace, acts_as=alice, name="robot", scopes=scopes
        )
        return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code

    assert (get("calendar:read"), get("calendar:write"), get()) == (200, 403, 403)


@pytest.mark.parametrize("tier", list(Tier))
def test_capabilities_say_what_the_plan_holds(sign_in, alice, workspace, tier):
    workspace.tier = tier
    workspace.save()
    found = sign_in(alice).get(CAPABILITIES).json()
    assert (found["tier"], found["matrix"]) == (tier, matrix())
    for key in ("conferencing", "plans"):
        assert [one["allowed"] for one in found[key]] == [
            row["tiers"][tier] for row in matrix()[key]
        ]
        assert all(bool(one["reason"]) != one["allowed"] for one in found[key])


def test_capabilities_name_the_tier_that_would_do(sign_in, alice, workspace):
    workspace.tier = Tier.FREE
    workspace.save()
    found = sign_in(alice).get(CAPABILITIES).json()["conferencing"]
    zoom = next(one for one in found if one["feature"] == "zoom")
    assert (zoom["allowed"], zoom["tier"]) == (False, "advanced")
    assert zoom["reason"] == "Zoom is on the Advanced plan."
