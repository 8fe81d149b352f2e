"""Events and occurrences are changed and deleted over the API, through the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from audit.enums import AccessReason, Outcome
from calendars.models import CalendarShare, Event
from tests.calendars.api.events.conftest import (
    EVENTS,
    at,
    change,
    create,
    listed,
    reasons,
    remove,
    since,
)
from tests.factories import make_calendar, make_connection

pytestmark = pytest.mark.django_db


# --- Change ---


@pytest.fixture(autouse=True)
def _clock(time_machine):
    """The week that its dates are written for."""
    time_machine.move_to("2026-11-20T12:00:00Z", tick=True)


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
