"""What is connected, and what the plan holds."""

from __future__ import annotations

import pytest

from calendars.models import Calendar, CalendarShare
from common import outbox
from conferencing.plans import matrix
from tests.factories import make_calendar, make_connection
from workspaces.authentication import issue_service_token
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

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


def test_capabilities_tell_of_each_calendar_before_the_click(
    sign_in, alice, workspace, connect, user_owner, client_owner
):
    mine, clients = connect(user_owner, "google"), connect(client_owner, "outlook")
    found = sign_in(alice).get(CAPABILITIES).json()["calendars"]
    assert [one["id"] for one in found] == [
        str(mine.calendars.get().pk), str(clients.calendars.get().pk),
    ]  # fmt: skip
    google, outlook = ({c["conference"]: c for c in one["conferences"]} for one in found)
    assert [key for key, one in google.items() if one["allowed"]] == ["none", "auto", "meet"]
    assert [key for key, one in outlook.items() if one["allowed"]] == ["none", "auto", "teams"]
    assert google["teams"]["reason"] == "Teams needs an Outlook calendar."
    assert (google["zoom"]["code"], google["zoom"]["allowed"]) == ("reconnect_needed", False)
    connect(user_owner, "zoom")
    found = sign_in(alice).get(CAPABILITIES).json()["calendars"]
    allowed = [{c["conference"]: c["allowed"] for c in one["conferences"]} for one in found]
    assert [one["zoom"] for one in allowed] == [True, False]


def test_capabilities_tell_what_can_be_connected(sign_in, alice, workspace, connect, user_owner):
    browser = sign_in(alice)
    connect(user_owner, "google")
    for tier, allowed in (("free", []), ("standard", ["google", "outlook"])):
        workspace.tier = tier
        workspace.save()
        found = {one["provider"]: one for one in browser.get(CAPABILITIES).json()["connect"]}
        assert [name for name, one in found.items() if one["allowed"]] == allowed
        assert found["zoom"]["tier"] == "advanced"
    workspace.tier = "free"
    workspace.save()
    found = {one["provider"]: one for one in browser.get(CAPABILITIES).json()["connect"]}
    assert (found["google"]["tier"], found["outlook"]["tier"]) == ("standard", "standard")
    assert "is connected. More accounts are on Standard." in found["outlook"]["reason"]


def test_capabilities_say_why_a_calendar_can_only_be_read(
    sign_in, alice, user_owner, bob_owner, workspace
):
    make_calendar(make_connection(user_owner), "Mine")
    make_calendar(make_connection(user_owner, provider="outlook"), "Beyond")
    make_calendar(make_connection(user_owner, provider="ics"), "Feed", is_writable=False)
    make_calendar(make_connection(bob_owner), "Bob's")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    names = {str(one.pk): one.name for one in Calendar.objects.all()}
    answer = sign_in(alice).get(CAPABILITIES).json()
    found = {names[one["id"]]: one for one in answer["calendars"]}
    can = {name: (one["writable"], bool(one["conferences"])) for name, one in found.items()}
    no = (False, False)
    assert can == {"Mine": (True, True), "Beyond": no, "Feed": no, "Bob's": no}
    assert found["Mine"]["reason"] == ""
    assert "is paused: the plan connects one calendar account." in found["Beyond"]["reason"]
    assert found["Feed"]["reason"] == "Feed can only be read."
    assert found["Bob's"]["reason"] == "Bob shares it to be seen only."


@pytest.mark.parametrize("count", [1, 3])
def test_capabilities_ask_as_often_for_three_calendars(
    sign_in, alice, user_owner, client_owner, count, django_assert_num_queries
):
    browser = sign_in(alice)
    for _ in range(count):
        make_calendar(make_connection(user_owner))
        make_calendar(make_connection(client_owner, provider="outlook"))
    with django_assert_num_queries(9):
        assert len(browser.get(CAPABILITIES).json()["calendars"]) == 2 * count
