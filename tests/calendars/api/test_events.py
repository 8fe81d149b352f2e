"""The one route for events, with its four methods, through the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, CalendarShare, Event
from tests.factories import make_calendar, make_connection, make_event, make_member, make_workspace
from workspaces.authentication import issue_service_token
from workspaces.enums import Role, Tier

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/calendar/events"


def at(hours, *, days=1):
    """A whole hour of a day near today, as the API writes it."""
    moment = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{moment + timedelta(days=days, hours=hours):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def connection(connect, user_owner, provider):
    return connect(user_owner, provider)


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


def send(api, method, body, **options):
    return getattr(api, method)(
        EVENTS, json.dumps(body), content_type="application/json", **options
    )


def listed(api, **query):
    query = {"timeMin": at(0), "timeMax": at(24), **query}
    return api.get(f"{EVENTS}?{urlencode(query)}")


def create(api, calendar, **draft):
    draft = {"title": "Board", "start": at(9), "end": at(10), **draft}
    return send(api, "post", {"calendar": str(calendar.pk), "draft": draft})


def change(api, event_id, draft, **more):
    return send(api, "patch", {"event": event_id, "draft": draft, **more})


def remove(api, event_id, **query):
    return api.delete(f"{EVENTS}?{urlencode({'event': event_id, **query})}")


def reasons():
    return list(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome"))


def since(count):
    """The log rows after the first so many."""
    return reasons()[count:]


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


# --- Change ---


@pytest.fixture
def event_id(api, calendar):
    return create(api, calendar, description="Bring numbers", location="Room 4").json()["eventId"]


def test_change_sends_only_what_was_given(api, event_id, connection, sandbox):
    answer = change(api, event_id, {"title": "Board, moved", "start": at(11), "end": at(12)})
    event = answer.json()["event"]
    assert answer.status_code == 200
    assert (event["title"], event["start"], event["end"]) == ("Board, moved", at(11), at(12))
    assert (event["description"].strip(), event["location"]) == ("Bring numbers", "Room 4")
    assert [one["title"] for one in listed(api).json()] == ["Board, moved"]


def test_change_with_null_clears(api, event_id):
    event = change(api, event_id, {"description": None, "location": None}).json()["event"]
    assert (event["description"].strip(), event["location"]) == ("", "")


def test_change_of_the_start_alone_keeps_the_end(api, event_id):
    event = change(api, event_id, {"start": at(8)}).json()["event"]
    assert (event["start"], event["end"]) == (at(8), at(10))


def test_change_that_would_end_before_it_starts_is_400(api, event_id):
    assert change(api, event_id, {"start": at(12)}).json()["field"] == "start"


def test_change_leaves_one_log_row(api, event_id):
    before = len(reasons())
    change(api, event_id, {"title": "Other"})
    assert since(before) == [(AccessReason.EVENT_UPDATE, Outcome.GRANTED)]


def remote_id(event_id):
    return Event.objects.get(pk=event_id).remote_id


def rename_upstream(sandbox, connection, event_id, title):
    field = {"google": "summary", "outlook": "subject"}[connection.provider]
    sandbox.store.change_event(sandbox.calendar(connection), remote_id(event_id), {field: title})


def test_change_with_an_old_etag_is_412(api, event_id, connection, sandbox):
    etag = Event.objects.get(pk=event_id).etag
    rename_upstream(sandbox, connection, event_id, "Theirs")
    answer = change(api, event_id, {"location": "Room 5"}, etag=etag)
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    theirs = answer.json()["theirs"]
    assert (theirs["id"], theirs["title"]) == (event_id, "Theirs")
    assert theirs == listed(api).json()[0]
    again = change(api, event_id, {"location": "Room 5"}, etag=theirs["etag"])
    assert (again.status_code, again.json()["event"]["title"]) == (200, "Theirs")


def test_what_became_private_meanwhile_is_412_without_its_details(
    sign_in, bob, api, event_id, connection, sandbox
):
    CalendarShare.objects.create(calendar=Event.objects.get(pk=event_id).calendar, level="edit")
    etag = Event.objects.get(pk=event_id).etag
    secret = {
        "google": {"visibility": "private", "summary": "Secret"},
        "outlook": {"sensitivity": "private", "subject": "Secret"},
    }[connection.provider]
    sandbox.store.change_event(sandbox.calendar(connection), remote_id(event_id), secret)
    answer = change(sign_in(bob), event_id, {"location": "Room 5"}, etag=etag)
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    assert "theirs" not in answer.json()
    assert "Secret" not in answer.text


def test_change_of_what_changed_elsewhere_is_412_and_shows_theirs(
    api, event_id, connection, sandbox
):
    rename_upstream(sandbox, connection, event_id, "Theirs")
    answer = change(api, event_id, {"title": "Mine"})
    assert answer.status_code == 412
    assert [one["title"] for one in listed(api).json()] == ["Theirs"]


def test_change_of_something_else_goes_through(api, event_id, connection, sandbox):
    rename_upstream(sandbox, connection, event_id, "Theirs")
    event = change(api, event_id, {"location": "Room 5"}).json()["event"]
    assert (event["title"], event["location"]) == ("Theirs", "Room 5")


def test_change_of_a_gone_event_is_410_and_leaves_the_list(api, event_id, connection, sandbox):
    sandbox.store.delete_event(sandbox.calendar(connection), remote_id(event_id))
    answer = change(api, event_id, {"title": "Too late"})
    assert (answer.status_code, answer.json()["code"]) == (410, "event_gone")
    assert listed(api).json() == []
    assert change(api, event_id, {"title": "Again"}).status_code == 410


def test_change_with_the_wrong_calendar_is_400(api, event_id, other_calendar_of_mine):
    answer = change(api, event_id, {"title": "x"}, calendar=str(other_calendar_of_mine.pk))
    assert answer.json()["field"] == "calendar"


@pytest.fixture
def other_calendar_of_mine(user_owner):
    return make_calendar(make_connection(user_owner))


def test_change_to_zoom_and_away_follows_the_zoom_meeting(
    api, event_id, connect, user_owner, sandbox
):
    connect(user_owner, "zoom")
    event = change(api, event_id, {"conference": "zoom"}).json()["event"]
    url = event["conference"]["joinUrl"]
    assert url in event["description"]
    event = change(api, event_id, {"description": "New words"}).json()["event"]
    assert event["conference"]["joinUrl"] == url
    change(api, event_id, {"start": at(13), "end": at(14)})
    assert len(sandbox.calls("zoom.meetings.update")) == 1
    event = change(api, event_id, {"conference": "none"}).json()["event"]
    assert event["conference"] is None
    assert url not in event["description"]
    assert len(sandbox.calls("zoom.meetings.delete")) == 1


# --- Series ---


@pytest.fixture
def occurrences(api, calendar, connection, copy_events):
    create(
        api, calendar, start="2026-12-07T09:00:00", end="2026-12-07T10:00:00",
        timeZone="Europe/Berlin", recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"],
    )  # fmt: skip
    copy_events(connection, now=datetime(2026, 11, 20, tzinfo=UTC))
    return weekly(api)


def weekly(api):
    return listed(api, timeMin="2026-12-01T00:00:00Z", timeMax="2027-01-01T00:00:00Z").json()


def test_change_of_one_occurrence_leaves_the_others(api, occurrences, connection, copy_events):
    change(api, occurrences[1]["id"], {"title": "Special"})
    copy_events(connection)
    assert [one["title"] for one in weekly(api)] == ["Board", "Special", "Board"]
    assert [one["id"] for one in weekly(api)] == [one["id"] for one in occurrences]


def test_change_of_all_moves_every_occurrence(api, occurrences, connection, copy_events):
    draft = {"start": "2026-12-14T10:30:00Z", "end": "2026-12-14T11:00:00Z", "title": "Later"}
    assert change(api, occurrences[1]["id"], draft, scope="all").status_code == 200
    copy_events(connection)
    assert [(one["title"], one["start"]) for one in weekly(api)] == [
        ("Later", "2026-12-07T10:30:00Z"),
        ("Later", "2026-12-14T10:30:00Z"),
        ("Later", "2026-12-21T10:30:00Z"),
    ]


def test_delete_of_one_occurrence_leaves_the_others(api, occurrences, connection, copy_events):
    remove(api, occurrences[0]["id"])
    copy_events(connection)
    assert [one["id"] for one in weekly(api)] == [one["id"] for one in occurrences[1:]]


def test_delete_of_all_empties_the_series(api, occurrences, connection, copy_events):
    remove(api, occurrences[1]["id"], scope="all")
    assert weekly(api) == []
    copy_events(connection)
    assert weekly(api) == []


# --- Delete ---


def test_delete_removes_it_here_and_there(api, event_id, connection, sandbox):
    before = len(reasons())
    answer = remove(api, event_id)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert since(before) == [(AccessReason.EVENT_DELETE, Outcome.GRANTED)]
    assert sandbox.events(connection) == []
    assert listed(api).json() == []


def test_delete_again_is_done(api, event_id):
    remove(api, event_id)
    before = len(reasons())
    assert remove(api, event_id).json() == {"ok": True}
    assert since(before) == []


def test_delete_of_what_is_gone_upstream_is_done(api, event_id, connection, sandbox):
    sandbox.store.delete_event(sandbox.calendar(connection), remote_id(event_id))
    assert remove(api, event_id).json() == {"ok": True}
    assert listed(api).json() == []


def test_delete_takes_the_zoom_meeting_along(api, calendar, connect, user_owner, sandbox):
    connect(user_owner, "zoom")
    event_id = create(api, calendar, conference="zoom").json()["eventId"]
    remove(api, event_id)
    assert len(sandbox.calls("zoom.meetings.delete")) == 1


@pytest.mark.parametrize(("query", "field"), [({}, "event"), ({"event": "x"}, "event")])
def test_delete_without_a_good_event_is_400(api, query, field):
    answer = api.delete(f"{EVENTS}?{urlencode(query)}")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_unknown_event_is_404(api):
    assert remove(api, uuid4()).status_code == 404
    assert change(api, str(uuid4()), {"title": "x"}).status_code == 404


# --- List ---


def test_list_reads_a_new_calendar_at_once(api, connection, sandbox):
    begins = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(
        days=1
    )
    sandbox.store.add_event(
        sandbox.calendar(connection), title="There before", start=begins,
        end=begins + timedelta(hours=1),
    )  # fmt: skip
    answer = listed(api)
    assert [one["title"] for one in answer.json()] == ["There before"]
    assert "X-Meridian-Stale" not in answer


def test_list_beyond_the_mirror_is_read_live(api, connection, sandbox, copy_events):
    copy_events(connection)
    begins = datetime(2030, 1, 7, 9, tzinfo=UTC)
    sandbox.store.add_event(
        sandbox.calendar(connection), title="Far", start=begins, end=begins + timedelta(hours=1)
    )
    found = listed(api, timeMin="2030-01-01T00:00:00Z", timeMax="2030-02-01T00:00:00Z").json()
    assert [one["title"] for one in found] == ["Far"]


def test_list_is_empty_when_the_provider_fails_and_nothing_is_copied(api, connection, sandbox):
    sandbox.fault("*", status=503, count=None)
    answer = listed(api)
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer["X-Meridian-Stale"] == "never"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429, "retry_after": "30"},
        {"status": 401},
        {"delay": 60},
        {"body": "<html>", "content_type": "text/html"},
        {"body": "[]"},
    ],
)
def test_list_shows_the_last_copy_when_the_provider_fails(
    api, event_id, connection, sandbox, copy_events, fault
):
    copy_events(connection)
    sandbox.fault("*", count=None, **fault)
    with pytest.raises(Exception):  # noqa: B017 -- whichever; the list is what counts
        copy_events(connection)
    answer = listed(api)
    assert [one["title"] for one in answer.json()] == ["Board"]
    assert answer["X-Meridian-Stale"]


def test_list_says_since_when_an_old_copy_stands(api, event_id, connection, copy_events):
    copy_events(connection)
    old = timezone.now().replace(microsecond=0) - timedelta(seconds=90)
    Calendar.objects.update(synced_at=old)
    assert listed(api)["X-Meridian-Stale"] == f"{old:%Y-%m-%dT%H:%M:%SZ}"


def test_list_from_the_mirror_is_logged_once_in_ten_minutes(api, connection, copy_events):
    copy_events(connection)
    before = len(reasons())
    for _ in range(3):
        listed(api)
    assert since(before) == [(AccessReason.EVENTS_LIST, Outcome.MIRROR)]


def test_list_by_provider_and_calendar(api, connection, calendar, copy_events, provider):
    copy_events(connection)
    create(api, calendar)
    other = {"google": "outlook", "outlook": "google"}[provider]
    assert len(listed(api, provider=provider).json()) == 1
    assert listed(api, provider=other).json() == []
    assert len(listed(api, calendar=calendar.pk).json()) == 1
    assert listed(api, calendar=calendar.pk, provider=other).json()["field"] == "provider"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"timeMin": ""}, "timeMin"),
        ({"timeMin": "2026-12-01T00:00:00"}, "timeMin"),
        ({"timeMax": "yesterday"}, "timeMax"),
        ({"timeMax": at(0, days=-3)}, "timeMax"),
        ({"timeMax": at(0, days=900)}, "timeMax"),
        ({"provider": "icloud"}, "provider"),
        ({"calendar": "primary"}, "calendar"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_query_names_its_field(api, query, field):
    answer = listed(api, **query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_missing_times_are_400(api):
    assert api.get(EVENTS).json()["field"] == "timeMin"


def window():
    now = timezone.now()
    return {"window_from": now - timedelta(days=9), "window_until": now + timedelta(days=99)}


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_database_as_often_for_three_calendars_as_for_one(
    api, user_owner, count, django_assert_max_num_queries
):
    for _ in range(count):
        calendar = make_calendar(make_connection(user_owner), **window())
        make_event(calendar, start=datetime.fromisoformat(at(9)))
    listed(api)
    with django_assert_max_num_queries(12):
        assert len(listed(api).json()) == count


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
