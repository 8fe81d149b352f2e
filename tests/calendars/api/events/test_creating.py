"""Events are made over the API, through the sandbox, with the conference the plan has."""

from __future__ import annotations

from uuid import uuid4

import pytest

from audit.enums import AccessReason, Outcome
from tests.calendars.api.events.conftest import EVENTS, at, create, listed, reasons, send, since
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db


# --- Create ---


def test_create_makes_the_event_at_the_provider_and_answers_it(api, calendar, connection, sandbox):
    answer = create(api, calendar, description="Quarterly", location="Room 4")
    body = answer.json()
    assert (answer.status_code, body["ok"]) == (201, True)
    assert body["event"]["id"] == body["eventId"]
    assert body["event"]["title"] == "Board"
    assert (body["event"]["start"], body["event"]["end"]) == (at(9), at(10))
    assert len(sandbox.events(connection)) == 1
    assert [one["title"] for one in listed(api).json()] == ["Board"]


def test_create_leaves_one_log_row(api, calendar):
    before = len(reasons())
    create(api, calendar)
    assert since(before) == [(AccessReason.EVENT_CREATE, Outcome.GRANTED)]


def test_create_with_its_own_conference(api, calendar, provider):
    kind = {"google": "meet", "outlook": "teams"}[provider]
    conference = create(api, calendar, conference=kind).json()["event"]["conference"]
    assert conference["kind"] == kind
    assert conference["state"] in {"ready", "pending"}


def test_create_with_auto_takes_the_hosts_own(api, calendar, provider):
    answer = create(api, calendar, conference="auto").json()
    assert answer["event"]["conference"]["kind"] == {"google": "meet", "outlook": "teams"}[provider]


def test_create_with_zoom_puts_the_link_into_the_event(api, calendar, connect, user_owner, sandbox):
    connect(user_owner, "zoom")
    before = len(reasons())
    conference = create(api, calendar, conference="zoom").json()["event"]["conference"]
    assert (conference["kind"], conference["state"]) == ("zoom", "ready")
    assert conference["joinUrl"].startswith("http")
    assert since(before) == [
        (AccessReason.ZOOM_MEETING_CREATE, Outcome.GRANTED),
        (AccessReason.EVENT_CREATE, Outcome.GRANTED),
    ]


def test_create_twice_with_one_key_makes_one_event(api, calendar, connection, sandbox):
    key = str(uuid4())
    first, second = (create(api, calendar, idempotencyKey=key).json() for _ in range(2))
    assert first["eventId"] == second["eventId"]
    assert len(sandbox.events(connection)) == 1


def test_create_again_after_a_lost_answer_makes_one_event(api, calendar, connection, sandbox):
    operation = (
        "google.events.insert" if connection.provider == "google" else "microsoft.events.create"
    )
    sandbox.fault(operation, lost=True)
    lost = create(api, calendar, idempotencyKey="the-callers-own-key")
    assert (lost.status_code, lost.json()["code"]) == (503, "upstream_unavailable")
    assert create(api, calendar, idempotencyKey="the-callers-own-key").status_code == 201
    assert len(sandbox.events(connection)) == 1


def test_create_all_day(api, calendar):
    event = create(api, calendar, allDay=True, start="2026-12-24", end="2026-12-27").json()["event"]
    assert (event["allDay"], event["start"], event["end"]) == (True, "2026-12-24", "2026-12-27")


def test_create_in_a_zone_reads_the_wall_clock(api, calendar):
    event = create(
        api, calendar, start="2027-01-04T09:00:00", end="2027-01-04T10:00:00",
        timeZone="America/New_York",
    ).json()["event"]  # fmt: skip
    assert event["start"] == "2027-01-04T14:00:00Z"


def test_create_of_a_series_answers_its_rule_and_asks_for_its_occurrences(
    api, calendar, copy_events, connection
):
    answer = create(api, calendar, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    assert answer.status_code == 201
    copy_events(connection)
    found = listed(api, timeMax=at(0, days=30)).json()
    assert [one["inSeries"] for one in found] == [True, True, True]


def test_create_with_guests_invites_them(api, calendar):
    guest = {"email": "ann@example.org", "name": "Ann", "optional": True}
    event = create(api, calendar, attendees=[guest]).json()["event"]
    ann = next(one for one in event["attendees"] if one["email"] == "ann@example.org")
    assert ann["response"] in {"needs_action", ""}


def test_silent_invitation_is_refused_where_the_provider_always_mails(api, calendar, provider):
    answer = create(api, calendar, attendees=[{"email": "ann@example.org"}], notify=False)
    assert answer.status_code == (201 if provider == "google" else 400)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"start": None}, "draft.start"),
        ({"start": "soon"}, "draft.start"),
        ({"start": "2026-12-01T09:00:00"}, "draft.start"),
        ({"end": "2020-12-01T09:00:00Z"}, "end"),
        ({"end": "2026-12-24"}, "end"),
        ({"timeZone": "Mars/Base"}, "draft.timeZone"),
        ({"title": "x" * 2000}, "draft.title"),
        ({"attendees": [{"email": "nobody"}]}, "draft.attendees.0.email"),
        ({"attendees": "ann@example.org"}, "draft.attendees"),
        ({"recurrence": ["FREQ=DAILY"]}, "draft.recurrence"),
        ({"recurrence": ["RRULE:FREQ=SOMETIMES"]}, "draft.recurrence"),
        ({"reminders": [-1]}, "draft.reminders"),
        ({"visibility": "secret"}, "draft.visibility"),
        ({"busy": "perhaps"}, "draft.busy"),
        ({"conference": "carrier pigeon"}, "draft.conference"),
        ({"titel": "Board"}, "draft.titel"),
        ({"allDay": True}, "start"),
        ({"start": "9999-12-31T23:00:00Z", "end": "9999-12-31T23:30:00Z"}, "start"),
    ],
)  # fmt: skip
def test_bad_draft_names_its_field(api, connect, user_owner, draft, field):
    calendar = connect(user_owner, "google").calendars.get()
    answer = create(api, calendar, **draft)
    body = answer.json()
    assert (answer.status_code, body["ok"], body["code"]) == (400, False, "invalid")
    assert body["field"].startswith(field)
    assert body["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "calendar"),
        ({"calendar": "x", "draft": {}}, "calendar"),
        ({"calendar": str(uuid4())}, "draft"),
        ({"calendar": str(uuid4()), "draft": []}, "draft"),
        ({"calendar": str(uuid4()), "draft": {}, "provider": "icloud"}, "provider"),
        ([], ""),
    ],
)
def test_bad_body_names_its_field(api, body, field):
    answer = send(api, "post", body)
    assert answer.status_code == 400
    assert answer.json().get("field", "") == field


def test_body_that_is_no_json_is_400(api):
    answer = api.post(EVENTS, "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_provider_that_is_not_the_calendars_is_400(api, calendar, provider):
    other = {"google": "outlook", "outlook": "google"}[provider]
    body = {
        "calendar": str(calendar.pk),
        "provider": other,
        "draft": {"start": at(1), "end": at(2)},
    }
    assert send(api, "post", body).json()["field"] == "provider"


# --- Plans and routes ---


def test_conference_outside_the_plan_is_402_and_names_the_tier(api, calendar, workspace):
    workspace.tier = Tier.STANDARD
    workspace.save()
    answer = create(api, calendar, conference="zoom")
    body = answer.json()
    assert (answer.status_code, body["code"], body["tier"]) == (402, "plan_required", "advanced")


def test_conference_of_the_other_provider_is_400(api, calendar, provider):
    other = {"google": "teams", "outlook": "meet"}[provider]
    answer = create(api, calendar, conference=other)
    assert (answer.status_code, answer.json()["field"]) == (400, "conference")


def test_zoom_that_is_not_connected_is_409(api, calendar):
    answer = create(api, calendar, conference="zoom")
    assert (answer.status_code, answer.json()["code"]) == (409, "reconnect_needed")


def test_preferred_zoom_that_is_missing_falls_back_and_says_so(api, calendar, user_owner):
    user_owner.profile.preferred_conference = "zoom"
    user_owner.profile.save()
    conference = create(api, calendar, conference="auto").json()["event"]["conference"]
    assert "because Zoom is not connected" in conference["reason"]


def test_refused_conference_creates_nothing(api, calendar, connection, sandbox):
    create(api, calendar, conference="zoom")
    assert sandbox.events(connection) == []


def test_zoom_meeting_goes_again_when_the_event_is_refused(api, connect, user_owner, sandbox):
    connect(user_owner, "zoom")
    calendar = connect(user_owner, "google").calendars.get()
    sandbox.fault("google.events.insert", status=403, reason="forbidden")
    assert create(api, calendar, conference="zoom").status_code == 403
    assert len(sandbox.calls("zoom.meetings.delete")) == 1
