"""Google's own client against the sandbox: consent, calendars, events, Meet."""

from __future__ import annotations

from datetime import date

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request

from calendars.enums import Response
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import EventGone
from conferencing.enums import Conference
from tests.clients.conftest import EMAIL, at
from tests.clients.google.conftest import SCOPES, insert, refused, timed

# --- Consent and tokens ---


def test_the_code_brings_what_was_consented_to(granted):
    assert set(granted["scope"].split()) == set(SCOPES)
    assert granted["expires_in"] == 3599
    assert granted["id_token"]


def test_an_expired_token_is_renewed_by_the_client_itself(outside, client, credentials, granted):
    outside.store.advance(3600)
    found = client.calendarList().list().execute()
    assert [entry["id"] for entry in found["items"]] == [EMAIL]
    assert credentials.token != granted["access_token"]
    # Google gives no new refresh token; the old one stays.
    assert credentials.refresh_token == granted["refresh_token"]


def test_a_withdrawn_consent_ends_the_refresh(outside, account, credentials):
    outside.store.revoke(account)
    with outside.web() as session, pytest.raises(RefreshError, match="invalid_grant"):
        credentials.refresh(Request(session=session))


def test_an_unticked_scope_is_refused_by_its_reason(outside, client, credentials, account):
    credentials.token = outside.store.token_for(account, [SCOPES[3]])
    call = client.events().insert(calendarId="primary", body=timed("No", at(1, 9)))
    assert refused(call) == (403, "insufficientPermissions")


# --- Calendars ---


def test_calendars_are_listed_with_their_pages(outside, client, account):
    for number in range(3):
        outside.store.add_calendar(account, name=f"More {number}", role="reader")
    request = client.calendarList().list(maxResults=2)
    found = []
    while request is not None:
        answer = request.execute()
        found += answer["items"]
        request = client.calendarList().list_next(request, answer)
    assert [(c["summary"], c["accessRole"]) for c in found] == [
        (EMAIL, "owner"), ("More 0", "reader"), ("More 1", "reader"), ("More 2", "reader"),
    ]  # fmt: skip
    assert found[0]["timeZone"] == "Europe/Berlin"


# --- Events, both ways ---


def test_what_the_client_makes_is_read_by_our_adapter(client, mine):
    guests = [
        {"email": "bea@elsewhere.example", "displayName": "Bea"},
        {"email": "cy@elsewhere.example", "optional": True},
    ]
    body = timed(
        "Review", at(2, 9), at(2, 10), zone="America/New_York",
        location="Room 4", description="<b>All</b> of it", attendees=guests,
        reminders={"useDefault": False, "overrides": [{"method": "popup", "minutes": 25}]},
        visibility="private", transparency="transparent",
    )  # fmt: skip
    made = insert(client, body, sendUpdates="all")
    event = mine.event("Review")
    assert (event.remote_id, event.etag, event.ical_uid) == (
        made["id"], made["etag"], made["iCalUID"],
    )  # fmt: skip
    assert (event.start.at, event.end.at) == (at(2, 9), at(2, 10))
    assert (event.start.timezone, event.start.wall) == ("America/New_York", "2027-03-02T03:00:00")
    assert (event.location, event.description) == ("Room 4", "<b>All</b> of it")
    assert (event.visibility, event.is_busy, event.reminders) == ("private", False, (25,))
    assert {(one.email, one.name, one.is_optional, one.response) for one in event.attendees} == {
        ("bea@elsewhere.example", "Bea", False, Response.NEEDS_ACTION),
        ("cy@elsewhere.example", "", True, Response.NEEDS_ACTION),
    }
    assert event.is_organizer


def test_what_our_adapter_makes_is_read_by_the_client(client, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Ours", description="Bring <i>tea</i>", location="Kitchen", start=at(3, 14),
            end=at(3, 15), timezone="Asia/Kathmandu", reminders=(5,), visibility="private",
            attendees=(Attendee(email="bea@elsewhere.example", name="Bea"),), busy=True,
            idempotency_key="0123456789abcdef0123456789abcdef",
        ),
    )  # fmt: skip
    got = client.events().get(calendarId="primary", eventId=made.remote_id).execute()
    assert (got["id"], got["summary"], got["location"]) == (
        "0123456789abcdef0123456789abcdef", "Ours", "Kitchen",
    )  # fmt: skip
    assert got["start"]["timeZone"] == "Asia/Kathmandu"
    assert got["start"]["dateTime"] == "2027-03-03T14:00:00+01:00"
    assert [guest["email"] for guest in got["attendees"]] == ["bea@elsewhere.example"]
    assert got["reminders"] == {
        "useDefault": False, "overrides": [{"method": "popup", "minutes": 5}],
    }  # fmt: skip
    assert got["visibility"] == "private"
    assert got["etag"] == made.etag


def test_all_day_is_dates_with_an_exclusive_end_both_ways(client, mine):
    body = {"summary": "Fair", "start": {"date": "2027-03-08"}, "end": {"date": "2027-03-10"}}
    insert(client, body)
    event = mine.event("Fair")
    assert event.is_all_day
    assert (event.start.on, event.end.on) == (date(2027, 3, 8), date(2027, 3, 10))
    ours = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Away", start=date(2027, 3, 11), end=date(2027, 3, 12), all_day=True,
            timezone="Europe/Berlin",
        ),
    )  # fmt: skip
    got = client.events().get(calendarId="primary", eventId=ours.remote_id).execute()
    assert (got["start"], got["end"]) == ({"date": "2027-03-11"}, {"date": "2027-03-12"})


def test_a_patch_changes_only_what_it_names(client, mine):
    made = insert(client, timed("Plan", at(4, 9), location="Hall"))
    patched = (
        client.events()
        .patch(calendarId="primary", eventId=made["id"], body={"summary": "Plan B"})
        .execute()
    )
    assert (patched["summary"], patched["location"]) == ("Plan B", "Hall")
    event = mine.event("Plan B")
    changed = mine.provider.update_event(
        mine.calendar, event.remote_id, EventDraft(location="Attic"), etag=event.etag
    )
    got = client.events().get(calendarId="primary", eventId=made["id"]).execute()
    assert (got["summary"], got["location"], got["etag"]) == ("Plan B", "Attic", changed.etag)


def test_an_older_etag_is_refused(client, mine):
    """The client sends If-Match as a header of its request."""
    made = insert(client, timed("Plan", at(4, 9)))
    event = mine.event("Plan")
    mine.provider.update_event(mine.calendar, event.remote_id, EventDraft(location="Attic"))
    call = client.events().patch(calendarId="primary", eventId=made["id"], body={"summary": "Late"})
    call.headers["If-Match"] = made["etag"]
    assert refused(call) == (412, "conditionNotMet")


def test_a_put_replaces_the_whole_event(client, mine):
    made = insert(client, timed("Plan", at(4, 9), location="Hall"))
    body = timed("Plan", at(4, 11))
    client.events().update(calendarId="primary", eventId=made["id"], body=body).execute()
    event = mine.event("Plan")
    assert (event.start.at, event.location) == (at(4, 11), "")


def test_deleted_is_gone_for_both(client, mine):
    made = insert(client, timed("Gone", at(4, 9)))
    assert client.events().delete(calendarId="primary", eventId=made["id"]).execute() == ""
    with pytest.raises(EventGone):
        mine.provider.get_event(mine.calendar, made["id"])
    call = client.events().delete(calendarId="primary", eventId=made["id"])
    assert refused(call) == (410, "deleted")
    # The id stays burnt: a second event cannot have it.
    again = client.events().insert(calendarId="primary", body=timed("x", at(4, 9), id=made["id"]))
    assert refused(again) == (409, "duplicate")


def test_an_event_moves_to_another_calendar(outside, client, account, mine):
    other = outside.store.add_calendar(account, name="Other")
    made = insert(client, timed("Plan", at(4, 9)))
    moved = (
        client.events()
        .move(calendarId="primary", eventId=made["id"], destination=other["id"])
        .execute()
    )
    assert moved["id"] == made["id"]
    assert mine.events(at(1), at(28)) == []


def test_an_answer_to_an_invitation_is_read_both_ways(client, mine):
    guests = [{"email": EMAIL}, {"email": "bea@elsewhere.example"}]
    made = insert(client, timed("Invite", at(5, 9), attendees=guests))
    guests[0]["responseStatus"] = "tentative"
    client.events().patch(
        calendarId="primary", eventId=made["id"], body={"attendees": guests}
    ).execute()
    assert mine.event("Invite").response == Response.TENTATIVE


# --- Meet ---


def test_a_meet_link_that_the_client_asked_for_is_read_by_us(client, mine):
    wanted = {"requestId": "r-1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    body = timed("Call", at(5, 9), conferenceData={"createRequest": wanted})
    made = insert(client, body, conferenceDataVersion=1)
    request = made["conferenceData"]["createRequest"]
    assert request["status"]["statusCode"] == "pending"
    got = client.events().get(calendarId="primary", eventId=made["id"]).execute()
    video = [
        entry["uri"]
        for entry in got["conferenceData"]["entryPoints"]
        if entry["entryPointType"] == "video"
    ]
    event = mine.event("Call")
    assert (event.conference.kind, [event.conference.url]) == (Conference.MEET, video)
    assert got["hangoutLink"] == video[0]


def test_without_the_version_a_conference_is_ignored(client):
    wanted = {"requestId": "r-1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    made = insert(client, timed("Call", at(5, 9), conferenceData={"createRequest": wanted}))
    assert "conferenceData" not in made


def test_a_meet_link_of_ours_is_read_by_the_client(client, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Call", start=at(5, 9), end=at(5, 10), timezone="Europe/Berlin",
            conference=Conference.MEET,
        ),
    )  # fmt: skip
    got = client.events().get(calendarId="primary", eventId=made.remote_id).execute()
    assert got["conferenceData"]["conferenceSolution"]["key"]["type"] == "hangoutsMeet"
    assert got["hangoutLink"] == mine.event("Call").conference.url
