"""Graph's events as ours, what is no event, and the part of a body that Teams writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from calendars.enums import ConferenceState, EventStatus, Response, Visibility
from calendars.providers.base import RemoteCalendar
from calendars.providers.microsoft.body import with_blob, without_blob
from calendars.providers.microsoft.mapping import read_event
from calendars.providers.reading import Reply
from common.errors import (
    BadReply,
)
from conferencing.enums import Conference

API = "https://graph.microsoft.com/v1.0"
CALENDAR = RemoteCalendar("AAMk=", "Calendar", "Europe/Berlin")
VIEW = f"{API}/me/calendars/AAMk%3D/calendarView"


def event(**fields):
    timed = {"start": {"dateTime": "2026-03-02T08:00:00.0000000", "timeZone": "UTC"}}
    timed["end"] = {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"}
    zones = {"originalStartTimeZone": "W. Europe Standard Time"}
    zones["originalEndTimeZone"] = "W. Europe Standard Time"
    return read_event(Reply({"id": "e1", **timed, **zones, **fields}), CALENDAR)


def test_windows_zone_becomes_the_calendars_own_when_it_is_one_of_its():
    rome = replace(CALENDAR, timezone="Europe/Rome")
    read = event()
    near = read_event(
        Reply(
            {
                "id": "e1",
                "start": {"dateTime": "2026-03-02T08:00:00", "timeZone": "UTC"},
                "end": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
                "originalStartTimeZone": "W. Europe Standard Time",
            }
        ),
        rome,
    )

    assert (read.start.timezone, read.start.wall) == ("Europe/Berlin", "2026-03-02T09:00:00")
    assert near.start.timezone == "Europe/Rome"


def test_zone_that_nobody_knows_becomes_the_calendars():
    assert event(originalStartTimeZone="tzone://Microsoft/Custom").start.timezone == (
        "Europe/Berlin"
    )


def test_answer_in_another_zone_than_asked_is_understood():
    start = {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "W. Europe Standard Time"}

    assert event(start=start).start.at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def all_day(first, last, zone="W. Europe Standard Time", calendar=CALENDAR):
    times = {"start": {"dateTime": first, "timeZone": "UTC"}}
    times["end"] = {"dateTime": last, "timeZone": "UTC"}
    named = {"originalStartTimeZone": zone, "originalEndTimeZone": zone}
    return read_event(Reply({"id": "e1", "isAllDay": True, **times, **named}), calendar)


def test_all_day_event_keeps_its_date_whether_shifted_or_not():
    plain = all_day("2026-03-02T00:00:00.0000000", "2026-03-03T00:00:00.0000000")
    shifted = all_day("2026-03-01T23:00:00.0000000", "2026-03-02T23:00:00.0000000")

    for read in (plain, shifted):
        assert (read.start.on, read.end.on) == (date(2026, 3, 2), date(2026, 3, 3))
        assert read.start.at == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_all_day_event_of_a_calendar_without_a_zone_lies_in_its_own():
    """Graph tells no calendar's zone: the event's has to do, or Sydney's day is at night."""
    unknown = RemoteCalendar("c", "Calendar")

    read = all_day(
        "2026-03-02T00:00:00", "2026-03-03T00:00:00", "AUS Eastern Standard Time", unknown
    )

    assert read.start.at == datetime(2026, 3, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "busy", "status"),
    [
        ("free", False, EventStatus.CONFIRMED),
        ("workingElsewhere", False, EventStatus.CONFIRMED),
        ("tentative", True, EventStatus.TENTATIVE),
        ("busy", True, EventStatus.CONFIRMED),
        ("oof", True, EventStatus.CONFIRMED),
        ("unknown", True, EventStatus.CONFIRMED),
        ("somethingNew", True, EventStatus.CONFIRMED),
    ],
)
def test_show_as_decides_what_takes_time(shown, busy, status):
    read = event(showAs=shown)

    assert (read.is_busy, read.status) == (busy, status)


@pytest.mark.parametrize(
    ("answered", "response"),
    [
        ("none", Response.NONE),
        ("organizer", Response.NONE),
        ("notResponded", Response.NEEDS_ACTION),
        ("accepted", Response.ACCEPTED),
        ("tentativelyAccepted", Response.TENTATIVE),
        ("declined", Response.DECLINED),
    ],
)
def test_own_response(answered, response):
    assert event(responseStatus={"response": answered}).response == response


@pytest.mark.parametrize("sensitivity", ["personal", "private", "confidential"])
def test_every_kind_of_secrecy_is_private(sensitivity):
    assert event(sensitivity=sensitivity).visibility == Visibility.PRIVATE
    assert event(sensitivity="normal").visibility == Visibility.DEFAULT


def test_cancelled_event_needs_no_times():
    read = read_event(Reply({"id": "e1", "isCancelled": True}), CALENDAR)

    assert (read.status, read.start) == (EventStatus.CANCELLED, None)


@pytest.mark.parametrize(
    ("fields", "kind", "state"),
    [
        ({"onlineMeetingProvider": "teamsForBusiness"}, Conference.TEAMS, ConferenceState.PENDING),
        (
            {"onlineMeetingProvider": "unknown", "onlineMeeting": {"joinUrl": "https://t/1"}},
            Conference.TEAMS,
            ConferenceState.READY,
        ),
        (
            {
                "onlineMeetingProvider": "skypeForBusiness",
                "onlineMeeting": {"joinUrl": "https://s/1"},
            },
            Conference.NONE,
            ConferenceState.READY,
        ),
    ],
)
def test_online_meeting_is_ready_when_its_link_is_there(fields, kind, state):
    conference = event(isOnlineMeeting=True, **fields).conference

    assert (conference.kind, conference.state) == (kind, state)


@pytest.mark.parametrize(
    "broken",
    [
        {"start": None},
        {"start": {"dateTime": "2026-03-02T08:00:00", "timeZone": "Moon/Tycho"}},
        {"start": {"dateTime": "2026-03-02T08:00:00Z", "timeZone": "UTC"}},
        {"start": {"dateTime": "soon", "timeZone": "UTC"}},
        {"attendees": [None]},
        {"attendees": [{"emailAddress": "guest@example.org"}]},
        {"isAllDay": "yes"},
        {"recurrence": {"pattern": {"type": "hourly"}, "range": {"type": "noEnd"}}},
        {"isReminderOn": True, "reminderMinutesBeforeStart": "5"},
        {"lastModifiedDateTime": "yesterday"},
        {"originalStart": "yesterday"},
        {"end": {"dateTime": "9999-12-31T23:59:59", "timeZone": "Hawaiian Standard Time"}},
        {"id": ""},
    ],
)
def test_event_that_is_none_is_a_bad_reply(broken):
    with pytest.raises(BadReply):
        event(**broken)


# --- The part of the body that Teams writes ---

OLD_BLOB = (
    '<div style="width:100%"><span style="white-space:nowrap">'
    + "_" * 80
    + '</span></div><div><a href="https://teams.microsoft.com/l/1">Join</a></div>'
)
NEW_BLOB = '<div class="me-email-text" lang="en-US"><a href="https://teams/l/1">Join</a></div>'


@pytest.mark.parametrize("blob", [OLD_BLOB, NEW_BLOB])
def test_blob_is_kept_and_the_text_before_it_replaced(blob):
    former = f"<html><head></head><body><div>Old text</div><br>{blob}</body></html>"

    body = with_blob("New <text>", former)

    assert body == f"<div>New &lt;text&gt;</div><br>\n{blob}"
    assert with_blob("Newer", body) == f"<div>Newer</div><br>\n{blob}"


def test_body_without_a_known_blob_is_kept_whole():
    former = "<html><body><p>Old</p><a href='https://t/1'>Join</a></body></html>"

    assert with_blob("New", former).endswith("<p>Old</p><a href='https://t/1'>Join</a>")


@pytest.mark.parametrize(
    "text",
    [
        "Agenda\n\n" + "_" * 80 + "\nMicrosoft Teams meeting\nJoin: https://t/1",
        "Agenda\nMicrosoft Teams meetingJoin the meeting now",
        "Agenda\n" + "_" * 40 + "\nMicrosoft Teams-Besprechung",
    ],
)
def test_text_of_a_body_ends_before_the_blob(text):
    assert without_blob(text) == "Agenda"
