"""Google's events as ours, and what is no event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.enums import ConferenceState
from calendars.providers.account import RemoteAccount
from calendars.providers.base import UNSET, EventDraft, RemoteCalendar
from calendars.providers.google.adapter import GoogleCalendar
from calendars.providers.google.mapping import read_event
from calendars.providers.reading import Reply
from common.errors import (
    BadReply,
)
from common.secrets import Secret
from conferencing.enums import Conference
from tests.calendars.providers.contract import at, draft

API = "https://www.googleapis.com/calendar/v3"
CALENDAR = RemoteCalendar("cal/1@group", "Team", "Europe/Berlin")
EVENTS = f"{API}/calendars/cal%2F1%40group/events"
HOLIDAYS = "en.usa#holiday@group.v.calendar.google.com"


def event(**fields):
    timed = {"start": {"dateTime": "2026-03-02T09:00:00+01:00"}}
    timed["end"] = {"dateTime": "2026-03-02T10:00:00+01:00"}
    return read_event(Reply({"id": "e1", **timed, **fields}), CALENDAR)


def test_event_without_a_zone_is_in_its_calendars():
    read = event()

    assert (read.start.timezone, read.start.wall) == ("Europe/Berlin", "2026-03-02T09:00:00")


def test_event_in_an_unknown_zone_is_in_its_calendars():
    start = {"dateTime": "2026-03-02T08:00:00Z", "timeZone": "Moon/Tycho"}

    assert event(start=start).start.wall == "2026-03-02T09:00:00"


def test_cancelled_occurrence_may_hold_nothing_else():
    original = {"dateTime": "2026-03-02T09:00:00+01:00", "timeZone": "Europe/Berlin"}

    read = read_event(
        Reply({"id": "e1_x", "status": "cancelled", "originalStartTime": original}), CALENDAR
    )

    assert (read.start, read.end) == (None, None)
    assert read.original_start_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_calendar_that_shows_only_busy_gives_events_without_a_title():
    read = event(visibility="private")

    assert (read.title, read.is_busy) == ("", True)


@pytest.mark.parametrize(
    ("solution", "uri", "kind"),
    [
        ({"key": {"type": "hangoutsMeet"}}, "https://meet.google.com/abc", Conference.MEET),
        (
            {"key": {"type": "addOn"}, "name": "Zoom Meeting"},
            "https://us02web.zoom.us/j/1",
            Conference.ZOOM,
        ),
        (
            {"key": {"type": "addOn"}, "name": "Microsoft Teams"},
            "https://teams.microsoft.com/l/1",
            Conference.TEAMS,
        ),
        (
            {"key": {"type": "addOn"}, "name": "Webex"},
            "https://acme.webex.com/1",
            Conference.NONE,
        ),
    ],
)
def test_conference_of_an_add_on_is_known_by_its_name(solution, uri, kind):
    entries = [
        {"entryPointType": "phone", "uri": "tel:+1"},
        {"entryPointType": "video", "uri": uri},
    ]

    read = event(conferenceData={"conferenceSolution": solution, "entryPoints": entries})

    assert (read.conference.kind, read.conference.url) == (kind, uri)
    assert read.conference.state is ConferenceState.READY


def test_zoom_link_that_somebody_typed_is_found():
    url = "https://acme.zoom.us/j/123?pwd=x"

    assert event(location=url).conference.url == url
    assert event(description=f'<a href="{url}">Join</a>').conference.url == url
    assert event(description="https://acme.zoom.us/s/123?zak=host").conference is None


@pytest.mark.parametrize(
    "broken",
    [
        {"start": None},
        {"start": {"date": "2026-13-01"}},
        {"start": {"dateTime": "2026-03-02T09:00:00"}},
        {"start": {"dateTime": 7}},
        {"status": "sideways"},
        {"attendees": [None]},
        {"recurrence": [7]},
        {"reminders": {"useDefault": False, "overrides": [{"minutes": "5"}]}},
        {"id": ""},
        {"updated": "yesterday"},
        {"start": {"date": "0000-00-00"}},
        {"end": {"dateTime": "9999-12-31T23:59:59-12:00"}},
    ],
)
def test_event_that_is_none_is_a_bad_reply(broken):
    with pytest.raises(BadReply):
        event(**broken)


def test_draft_leaves_out_what_was_not_given():
    always = {"notify", "idempotency_key", "private_properties", "asks_again"}
    assert EventDraft().given() == always
    assert EventDraft(title=None).title is not UNSET


def test_private_properties_travel(sandbox, settings):
    account = sandbox.store.add_account("google", email="ann@example.com")
    token = Secret(sandbox.store.token_for(account))
    google = GoogleCalendar(
        RemoteAccount(token, settings.GOOGLE_API_URL, time_limit=timedelta(seconds=5))
    )
    calendar = google.list_calendars()[0]

    made = google.create_event(
        calendar, draft(private_properties={"meridianMeeting": "m1"}, start=at(2, 9))
    )

    kept = sandbox.store.get("event", f"{calendar.remote_id}/{made.remote_id}")["body"]
    assert kept["extendedProperties"] == {"private": {"meridianMeeting": "m1"}}
