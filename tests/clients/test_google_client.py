"""Google's own Python client against the sandbox, and our adapter on what it made."""

from __future__ import annotations

import json
import secrets
from datetime import date, timedelta

import httplib2
import pytest
from authlib.integrations.requests_client import OAuth2Session
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from calendars.enums import EventStatus, Response
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost, EventGone
from common.spans import Span
from conferencing.enums import Conference
from tests.clients.conftest import EMAIL, HOOK, at

SCOPES = [
    "openid",
    "email",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.readonly",
]
BASELINE = baseline_cursor(Span(at(1), at(28)))
WEEKLY = "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4"


@pytest.fixture
def account(outside):
    return outside.store.add_account("google", email=EMAIL, timezone="Europe/Berlin")


@pytest.fixture
def granted(outside, account):
    """What the token endpoint gave for a code, with PKCE and offline access."""
    verifier = secrets.token_urlsafe(48)
    with OAuth2Session(
        "a-stranger", "s3cret", redirect_uri="https://app.example/back", scope=SCOPES,
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_post",
    ) as session:  # fmt: skip
        session.trust_env, session.verify = False, str(outside.authority)
        address, state = session.create_authorization_url(
            outside.endpoints["GOOGLE_AUTH_URL"],
            code_verifier=verifier,
            access_type="offline",
            prompt="consent",
        )
        back = outside.consent(address)
        return session.fetch_token(
            outside.endpoints["GOOGLE_TOKEN_URL"],
            authorization_response=back,
            state=state,
            code_verifier=verifier,
        )


@pytest.fixture
def credentials(outside, granted):
    return Credentials(
        token=granted["access_token"],
        refresh_token=granted["refresh_token"],
        token_uri=outside.endpoints["GOOGLE_TOKEN_URL"],
        client_id="a-stranger",
        client_secret="s3cret",
        scopes=SCOPES,
    )


@pytest.fixture
def client(outside, credentials):
    """The Calendar API as its discovery document, which ships with the package, describes it."""
    http = httplib2.Http(ca_certs=str(outside.authority), proxy_info=None)
    with build(
        "calendar",
        "v3",
        http=AuthorizedHttp(credentials, http=http),
        client_options={"api_endpoint": outside.endpoints["GOOGLE_API_URL"] + "/"},
        static_discovery=True,
    ) as service:
        yield service


@pytest.fixture
def mine(ours, account):
    return ours(account)


def timed(title, start, end=None, zone="Europe/Berlin", **more):
    end = end or start + timedelta(hours=1)
    return {
        "summary": title,
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
        **more,
    }


def insert(client, body, **options):
    return client.events().insert(calendarId="primary", body=body, **options).execute()


def listed(client, **options):
    """Every page of a list, as the client's own `list_next` walks them; and the last answer."""
    request = client.events().list(calendarId="primary", **options)
    items = []
    while request is not None:
        answer = request.execute()
        items += answer["items"]
        request = client.events().list_next(request, answer)
    return items, answer


def refused(call):
    """Status and reason of the error that Google's client makes of a refusal."""
    with pytest.raises(HttpError) as caught:
        call.execute()
    body = json.loads(caught.value.content)
    return caught.value.status_code, body["error"]["errors"][0]["reason"]


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


# --- Series ---


def occurrences(client, series_id, **options):
    call = client.events().instances(calendarId="primary", eventId=series_id, **options)
    return call.execute()["items"]


def test_a_series_keeps_its_wall_time_over_the_change_of_clocks(client, mine):
    """The last Sunday of March 2027 is the 28th: UTC shifts, nine o'clock does not."""
    series = insert(client, timed("Stand-up", at(15, 9), recurrence=[WEEKLY]))
    walls = [one["start"]["dateTime"] for one in occurrences(client, series["id"])]
    assert walls == [
        "2027-03-15T09:00:00+01:00", "2027-03-22T09:00:00+01:00",
        "2027-03-29T09:00:00+02:00", "2027-04-05T09:00:00+02:00",
    ]  # fmt: skip
    seen = mine.events(at(1), at(30, month=4))
    assert [(event.start.wall, event.series_remote_id) for event in seen] == [
        (f"{wall[:19]}", series["id"]) for wall in walls
    ]


def test_one_occurrence_is_changed_and_one_deleted(client, mine):
    series = insert(client, timed("Stand-up", at(1, 9), recurrence=[WEEKLY]))
    first, second, *_ = occurrences(client, series["id"])
    moved = timed("Stand-up, late", at(2, 16))
    client.events().patch(calendarId="primary", eventId=first["id"], body=moved).execute()
    client.events().delete(calendarId="primary", eventId=second["id"]).execute()
    seen = mine.events(at(1), at(28))
    assert [(event.title, event.start.at) for event in seen] == [
        ("Stand-up, late", at(2, 16)), ("Stand-up", at(15, 9)), ("Stand-up", at(22, 9)),
    ]  # fmt: skip
    # A moved occurrence is still found by the time that its series had for it.
    found = mine.provider.get_occurrence(mine.calendar, series["id"], at(1, 9))
    assert (found.remote_id, found.start.at) == (first["id"], at(2, 16))
    shown = occurrences(client, series["id"], showDeleted=True)
    gone = [one for one in shown if one["status"] == "cancelled"]
    assert [one["originalStartTime"]["dateTime"] for one in gone] == ["2027-03-08T09:00:00+01:00"]


def test_a_series_of_ours_is_changed_by_the_client_and_ended(client, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Yoga", start=at(1, 18), end=at(1, 19), timezone="Europe/Berlin",
            recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO",),
        ),
    )  # fmt: skip
    got = client.events().get(calendarId="primary", eventId=made.remote_id).execute()
    assert got["recurrence"] == ["RRULE:FREQ=WEEKLY;BYDAY=MO"]
    ended = {"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270315T170000Z"]}
    client.events().patch(calendarId="primary", eventId=made.remote_id, body=ended).execute()
    starts = [event.start.at for event in mine.events(at(1), at(28))]
    assert starts == [at(1, 18), at(8, 18), at(15, 18)]
    client.events().delete(calendarId="primary", eventId=made.remote_id).execute()
    assert mine.events(at(1), at(28)) == []


def test_all_day_series_have_dates_for_names(client, mine):
    body = {"summary": "Bins", "start": {"date": "2027-03-02"}, "end": {"date": "2027-03-03"}}
    series = insert(client, {**body, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})
    found = occurrences(client, series["id"])
    assert [one["id"] for one in found] == [f"{series['id']}_20270302", f"{series['id']}_20270309"]
    assert [one["originalStartTime"] for one in found] == [
        {"date": "2027-03-02"}, {"date": "2027-03-09"},
    ]  # fmt: skip
    assert [event.start.on for event in mine.events(at(1), at(28))] == [
        date(2027, 3, 2), date(2027, 3, 9),
    ]  # fmt: skip


# --- Lists, pages, sync ---


def test_pages_come_in_order_and_whole(client):
    for day in range(1, 8):
        insert(client, timed(f"Day {day}", at(day, 9)))
    items, answer = listed(
        client, singleEvents=True, orderBy="startTime", maxResults=3,
        timeMin=at(2).isoformat(), timeMax=at(7).isoformat(),
    )  # fmt: skip
    assert [item["summary"] for item in items] == [f"Day {day}" for day in range(2, 7)]
    assert "nextPageToken" not in answer


def test_a_sync_token_tells_what_changed_and_nothing_else(client, mine):
    kept = insert(client, timed("Kept", at(1, 9)))
    gone = insert(client, timed("Gone", at(2, 9)))
    series = insert(client, timed("Stand-up", at(1, 9), recurrence=[WEEKLY]))
    items, answer = listed(client, maxResults=1)
    assert {item["id"] for item in items} == {kept["id"], gone["id"], series["id"]}
    items, again = listed(client, syncToken=answer["nextSyncToken"])
    assert items == []
    event = mine.event("Kept")
    mine.provider.update_event(mine.calendar, event.remote_id, EventDraft(title="Kept, renamed"))
    mine.provider.delete_event(mine.calendar, gone["id"])
    third = mine.provider.get_occurrence(mine.calendar, series["id"], at(15, 9))
    mine.provider.delete_event(mine.calendar, third.remote_id)
    items, last = listed(client, syncToken=again["nextSyncToken"], maxResults=1)
    told = {item["id"]: (item["status"], item.get("summary")) for item in items}
    assert told.pop(kept["id"]) == ("confirmed", "Kept, renamed")
    assert told.pop(gone["id"])[0] == "cancelled"
    assert told.pop(third.remote_id)[0] == "cancelled"
    # Google may tell of the series beside its deleted occurrence.
    assert set(told) <= {series["id"]}
    assert listed(client, syncToken=last["nextSyncToken"])[0] == []


def test_our_cursor_follows_what_the_client_does(client, mine):
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    made = insert(client, timed("New", at(2, 9)))
    changes = mine.provider.changes(mine.calendar, cursor)
    assert [(event.title, event.status) for event in changes.events] == [
        ("New", EventStatus.CONFIRMED)
    ]
    client.events().delete(calendarId="primary", eventId=made["id"]).execute()
    changes = mine.provider.changes(mine.calendar, changes.cursor)
    assert [(event.remote_id, event.status) for event in changes.events] == [
        (made["id"], EventStatus.CANCELLED)
    ]


def test_a_lost_token_is_a_410_for_both(outside, client, account, mine):
    _, answer = listed(client)
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    outside.store.forget_sync(outside.store.primary_calendar(account))
    call = client.events().list(calendarId="primary", syncToken=answer["nextSyncToken"])
    assert refused(call) == (410, "fullSyncRequired")
    with pytest.raises(CursorLost):
        mine.provider.changes(mine.calendar, cursor)


def test_a_sync_token_goes_with_no_filter(client):
    _, answer = listed(client)
    call = client.events().list(
        calendarId="primary", syncToken=answer["nextSyncToken"], timeMin=at(1).isoformat()
    )
    assert refused(call)[0] == 400


# --- Free and busy, channels ---


def test_busy_spans_are_the_same_for_both(client, mine):
    insert(client, timed("One", at(1, 9), at(1, 10)))
    insert(client, timed("Two", at(1, 10), at(1, 11)))
    insert(client, timed("Free", at(1, 13), at(1, 14), transparency="transparent"))
    body = {
        "timeMin": at(1).isoformat(), "timeMax": at(2).isoformat(),
        "timeZone": "Europe/Berlin", "items": [{"id": EMAIL}, {"id": "nobody@finch.example"}],
    }  # fmt: skip
    found = client.freebusy().query(body=body).execute()["calendars"]
    assert found[EMAIL]["busy"] == [
        {"start": "2027-03-01T09:00:00+01:00", "end": "2027-03-01T11:00:00+01:00"}
    ]
    assert found["nobody@finch.example"]["errors"][0]["reason"] == "notFound"
    day = Span(at(1), at(2))
    spans = {(b.span.start, b.span.end) for b in mine.provider.busy([mine.calendar], day)}
    assert spans == {(at(1, 9), at(1, 11))}


def test_a_channel_is_opened_told_of_changes_and_stopped(outside, client):
    outside.store.set_setting("push", True)
    wish = {"id": "channel-1", "type": "web_hook", "address": HOOK, "token": "t0p"}
    channel = client.events().watch(calendarId="primary", body=wish).execute()
    insert(client, timed("New", at(2, 9)))
    states = [one.headers["X-Goog-Resource-State"] for one in outside.sent]
    assert states == ["sync", "exists"]
    assert outside.sent[1].headers["X-Goog-Channel-Token"] == "t0p"
    # The notice names the resource by the same address as the answer to the watch.
    assert outside.sent[1].headers["X-Goog-Resource-URI"] == channel["resourceUri"]
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
    assert client.channels().stop(body=stop).execute() == ""
    insert(client, timed("Newer", at(2, 11)))
    assert len(outside.sent) == 2
