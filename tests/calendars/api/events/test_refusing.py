"""Who may use the route for events, people and programs, and what a provider refuses."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from audit.enums import ConnectionState
from calendars.models import CalendarShare
from tests.calendars.api.events.conftest import EVENTS, at, change, create, listed, remove, send
from tests.factories import make_calendar, make_connection, make_member, make_workspace
from workspaces.authentication import issue_service_token
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


# --- Errors of a provider, by their status ---


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        # Refused once, the token is renewed; refused again, a person has to act.
        ({"status": 401, "count": 2}, 409, "reconnect_needed"),
        ({"status": 403, "reason": "requiredAccessLevel"}, 403, "forbidden"),
        ({"status": 429, "reason": "rateLimitExceeded", "retry_after": "7"}, 429, "rate_limited"),
        ({"status": 500}, 503, "upstream_unavailable"),
        ({"body": "not json"}, 503, "upstream_unavailable"),
        ({"delay": 60}, 503, "upstream_unavailable"),
    ],
)
def test_providers_refusal_keeps_its_meaning(
    api, connect, user_owner, sandbox, fault, status, code
):
    calendar = connect(user_owner, "google").calendars.get()
    sandbox.fault("google.events.insert", **fault)
    answer = create(api, calendar)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 429:
        assert answer["Retry-After"] == "7"


def test_refused_token_flags_the_connection(api, connect, user_owner, sandbox):
    connection = connect(user_owner, "google")
    sandbox.store.revoke(sandbox.account(connection))
    assert create(api, connection.calendars.get()).json()["code"] == "reconnect_needed"
    connection.refresh_from_db()
    assert connection.state == ConnectionState.RECONNECT_NEEDED


def test_read_only_calendar_is_403(api, user_owner):
    calendar = make_calendar(make_connection(user_owner), is_writable=False)
    assert create(api, calendar).status_code == 403


# --- Who may ---


def test_stranger_gets_404_for_everything(sign_in, charlie, other_workspace, calendar, api):
    event_id = create(api, calendar).json()["eventId"]
    stranger = sign_in(charlie)
    assert listed(stranger, calendar=calendar.pk).status_code == 404
    assert create(stranger, calendar).status_code == 404
    assert change(stranger, event_id, {"title": "x"}).status_code == 404
    assert remove(stranger, event_id).status_code == 404
    assert listed(stranger).json() == []


def test_foreign_workspace_header_is_404(api, other_workspace, calendar):
    answer = api.get(EVENTS, headers={"X-Workspace": str(other_workspace.pk)})
    assert answer.status_code == 404


def test_member_of_two_workspaces_has_to_name_one(api, alice, calendar, workspace):
    make_member(make_workspace("Second"), alice)
    answer = listed(api)
    assert (answer.status_code, answer.json()["code"]) == (400, "workspace_required")
    query = urlencode({"timeMin": at(0), "timeMax": at(24)})
    named = api.get(f"{EVENTS}?{query}", headers={"X-Workspace": str(workspace.pk)})
    assert named.status_code == 200


def test_visitor_is_401(client, db):
    assert listed(client).status_code == 401


def test_auditor_is_403(api, workspace, alice):
    workspace.memberships.filter(user=alice).update(role=Role.AUDITOR)
    assert listed(api).status_code == 403


def test_session_needs_its_csrf_token(sign_in, alice, calendar):
    answer = create(sign_in(alice, enforce_csrf_checks=True), calendar)
    assert answer.status_code == 403


def test_colleague_sees_the_time_only(sign_in, bob, api, calendar):
    event_id = create(api, calendar, title="Salary").json()["eventId"]
    colleague = sign_in(bob)
    (seen,) = listed(colleague).json()
    assert (seen["title"], seen["masked"], seen["description"]) == ("Busy", True, "")
    assert (seen["start"], seen["end"]) == (at(9), at(10))
    assert change(colleague, event_id, {"title": "x"}).status_code == 404
    assert remove(colleague, event_id).status_code == 404
    assert create(colleague, calendar).status_code == 403


def test_shared_calendar_shows_details_but_not_private_events(sign_in, bob, api, calendar):
    CalendarShare.objects.create(calendar=calendar, level="details")
    create(api, calendar, title="Open")
    event_id = create(
        api, calendar, title="Doctor", visibility="private", start=at(12), end=at(13)
    ).json()["eventId"]
    colleague = sign_in(bob)
    assert [one["title"] for one in listed(colleague).json()] == ["Open", "Busy"]
    assert remove(colleague, event_id).status_code == 404


def test_calendar_shared_for_changes_can_be_changed(sign_in, bob, api, calendar, bob_membership):
    CalendarShare.objects.create(calendar=calendar, member=bob_membership, level="edit")
    event_id = create(api, calendar).json()["eventId"]
    assert change(sign_in(bob), event_id, {"title": "By Bob"}).status_code == 200


def test_clients_calendar_is_every_members(sign_in, bob, connect, client_owner):
    calendar = connect(client_owner, "google").calendars.get()
    event_id = create(sign_in(bob), calendar, visibility="private").json()["eventId"]
    assert listed(sign_in(bob)).json()[0]["title"] == "Board"
    assert remove(sign_in(bob), event_id).status_code == 200


# --- Programs ---


@pytest.fixture
def bearer(workspace, alice):
    def headers(*scopes):
        _, token = issue_service_token(
            workspace=workspace, acts_as=alice, name="robot", scopes=scopes
        )
        return {"Authorization": f"Bearer {token}"}

    return headers


def test_program_reads_and_writes_with_its_scopes(client, bearer, calendar):
    headers = bearer("calendar:read", "calendar:write")
    body = {"calendar": str(calendar.pk), "draft": {"start": at(9), "end": at(10)}}
    assert send(client, "post", body, headers=headers).status_code == 201
    query = urlencode({"timeMin": at(0), "timeMax": at(24)})
    assert len(client.get(f"{EVENTS}?{query}", headers=headers).json()) == 1


def test_program_without_the_scope_is_403(client, bearer, calendar):
    body = {"calendar": str(calendar.pk), "draft": {"start": at(9), "end": at(10)}}
    assert send(client, "post", body, headers=bearer("calendar:read")).status_code == 403


def test_wrong_token_is_401_and_no_fall_back_to_the_session(api):
    answer = api.get(EVENTS, headers={"Authorization": "Bearer mrd_wrong"})
    assert (answer.status_code, answer.json()["ok"]) == (401, False)
