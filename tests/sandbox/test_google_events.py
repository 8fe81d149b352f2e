"""Google events: create, read, change, delete, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

EVENTS = "/calendars/primary/events"
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
READONLY = ["https://www.googleapis.com/auth/calendar.readonly"]


def draft(**fields):
    zone = "Europe/London"
    event = {
        "summary": "Stand-up",
        "start": {"dateTime": "2026-11-23T09:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-11-23T09:30:00", "timeZone": zone},
    }
    return event | fields


def insert(google, expect=200, params=None, **fields):
    answer = google.api("POST", EVENTS, json=draft(**fields), params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


def reason(answer):
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def test_insert_then_get_gives_the_same_event(google):
    made = insert(google, description="Daily", location="Room 2")
    got = google.api("GET", f"{EVENTS}/{made['id']}").json()
    assert got == made
    assert got["start"] == {"dateTime": "2026-11-23T09:00:00Z", "timeZone": "Europe/London"}
    assert got["organizer"] == {"email": "amara@finch.example", "self": True}
    assert (got["status"], got["sequence"], got["summary"]) == ("confirmed", 0, "Stand-up")


def test_insert_all_day_keeps_dates(google):
    made = insert(google, start={"date": "2026-11-23"}, end={"date": "2026-11-25"})
    assert (made["start"], made["end"]) == ({"date": "2026-11-23"}, {"date": "2026-11-25"})


def test_insert_clients_id_twice_is_409_and_the_id_stays_burnt(google):
    made = insert(google, id="0123456789abcdefv")
    assert made["id"] == "0123456789abcdefv"
    again = google.api("POST", EVENTS, json=draft(id="0123456789abcdefv"))
    assert reason(again) == (409, "duplicate")
    assert google.api("DELETE", f"{EVENTS}/{made['id']}").status_code == 204
    again = google.api("POST", EVENTS, json=draft(id="0123456789abcdefv"))
    assert reason(again) == (409, "duplicate")


@pytest.mark.parametrize("bad", ["abc", "has-dash", "UPPER", "wxyz0", "a" * 1025])
def test_insert_malformed_id_is_refused(google, bad):
    assert reason(google.api("POST", EVENTS, json=draft(id=bad))) == (400, "invalid")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"end": {}}, "required"),
        ({"start": {"dateTime": "2026-11-23T09:00:00"}}, "required"),
        ({"end": {"date": "2026-11-23"}}, "invalid"),
        ({"end": {"dateTime": "2026-11-23T08:00:00Z"}}, "timeRangeEmpty"),
        ({"start": {"dateTime": "2026-11-23T09:00:00", "timeZone": "Mars/Base"}}, "invalid"),
        ({"attendees": [{"email": "nobody"}]}, "invalid"),
        ({"recurrence": ["DTSTART:20261123T090000Z"]}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=NEVER"]}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=DAILY;UNTIL=20261130T000000"]}, "invalid"),
        ({"id": "abcde", "iCalUID": "x@y"}, "invalid"),
        (
            {
                "reminders": {
                    "useDefault": False,
                    "overrides": [{"method": "popup", "minutes": 1}] * 6,
                }
            },
            "invalid",
        ),
    ],
)
def test_insert_bad_draft_is_400(google, fields, expected):
    assert reason(google.api("POST", EVENTS, json=draft(**fields))) == (400, expected)


def test_insert_recurring_without_zone_is_refused(google):
    timed = {"dateTime": "2026-11-23T09:00:00Z"}, {"dateTime": "2026-11-23T10:00:00Z"}
    body = draft(start=timed[0], end=timed[1], recurrence=["RRULE:FREQ=DAILY"])
    assert reason(google.api("POST", EVENTS, json=body)) == (400, "required")


def test_patch_changes_only_what_is_sent_and_null_clears(google):
    made = insert(google, description="Daily", location="Room 2")
    body = {"summary": "New", "location": None}
    patched = google.api("PATCH", f"{EVENTS}/{made['id']}", json=body).json()
    assert patched["summary"] == "New"
    assert "location" not in patched
    assert patched["description"] == "Daily"
    assert patched["etag"] != made["etag"]
    assert patched["sequence"] == 0


def test_patch_of_time_raises_the_sequence(google):
    made = insert(google)
    body = {"end": {"dateTime": "2026-11-23T10:00:00Z"}}
    patched = google.api("PATCH", f"{EVENTS}/{made['id']}", json=body).json()
    assert patched["sequence"] == 1
    assert patched["end"] == {"dateTime": "2026-11-23T10:00:00Z", "timeZone": "Europe/London"}


def test_patch_timed_to_all_day_needs_the_time_cleared(google):
    made = insert(google)
    half = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    assert reason(google.api("PATCH", f"{EVENTS}/{made['id']}", json=half)) == (400, "invalid")
    whole = {k: {**v, "dateTime": None, "timeZone": None} for k, v in half.items()}
    patched = google.api("PATCH", f"{EVENTS}/{made['id']}", json=whole)
    assert patched.json()["start"] == {"date": "2026-11-23"}


def test_patch_replaces_attendees_wholly(google):
    made = insert(google, attendees=[{"email": "a@x.example"}, {"email": "b@x.example"}])
    body = {"attendees": [{"email": "c@x.example"}]}
    patched = google.api("PATCH", f"{EVENTS}/{made['id']}", json=body).json()
    assert [guest["email"] for guest in patched["attendees"]] == ["c@x.example"]
    assert patched["attendees"][0]["responseStatus"] == "needsAction"


def test_patch_merges_extended_properties(google):
    made = insert(google, extendedProperties={"private": {"a": "1", "b": "2"}})
    body = {"extendedProperties": {"private": {"b": None, "c": "3"}}}
    patched = google.api("PATCH", f"{EVENTS}/{made['id']}", json=body).json()
    assert patched["extendedProperties"] == {"private": {"a": "1", "c": "3"}}


def test_put_resets_what_is_not_sent(google):
    made = insert(google, description="Daily", location="Room 2")
    put = google.api("PUT", f"{EVENTS}/{made['id']}", json=draft(summary="Other")).json()
    assert put["summary"] == "Other"
    assert "location" not in put
    assert "description" not in put


def test_if_match_of_an_older_version_is_412(google):
    made = insert(google)
    address = f"{EVENTS}/{made['id']}"
    fresh = {"If-Match": made["etag"]}
    assert google.api("PATCH", address, json={"summary": "1"}, headers=fresh).status_code == 200
    stale = google.api("PATCH", address, json={"summary": "2"}, headers=fresh)
    assert reason(stale) == (412, "conditionNotMet")
    assert stale.json()["error"]["errors"][0]["location"] == "If-Match"
    assert reason(google.api("DELETE", address, headers=fresh)) == (412, "conditionNotMet")
    assert google.api("GET", address).json()["summary"] == "1"


def test_if_none_match_of_the_current_version_is_304(google):
    made = insert(google)
    headers = {"If-None-Match": made["etag"]}
    assert google.api("GET", f"{EVENTS}/{made['id']}", headers=headers).status_code == 304


def test_delete_twice_is_410_and_of_an_unknown_event_404(google):
    made = insert(google)
    address = f"{EVENTS}/{made['id']}"
    assert google.api("DELETE", address).status_code == 204
    assert reason(google.api("DELETE", address)) == (410, "deleted")
    assert reason(google.api("DELETE", f"{EVENTS}/neverwas")) == (404, "notFound")
    assert google.api("GET", address).json()["status"] == "cancelled"
    assert reason(google.api("PATCH", address, json={"summary": "x"})) == (410, "deleted")


def test_deleted_event_comes_back_by_status_confirmed(google):
    made = insert(google)
    address = f"{EVENTS}/{made['id']}"
    google.api("DELETE", address)
    back = google.api("PATCH", address, json={"status": "confirmed"}).json()
    assert (back["status"], back["summary"]) == ("confirmed", "Stand-up")


def test_unknown_calendar_is_404(google):
    assert reason(google.api("GET", "/calendars/nobody@x.example/events")) == (404, "notFound")


def test_calendar_id_with_special_signs_is_found(google, store, amara):
    name = "en.uk#holiday@group.v.calendar.google.com"
    store.add_calendar(amara, name="Holidays", id=name, role="reader")
    answer = google.api("GET", "/calendars/en.uk%23holiday%40group.v.calendar.google.com/events")
    assert answer.json()["summary"] == "Holidays"


def test_reader_may_not_write(google, store, amara):
    calendar = store.add_calendar(amara, name="Theirs", role="reader")
    answer = google.api("POST", f"/calendars/{calendar['id']}/events", json=draft())
    assert reason(answer) == (403, "requiredAccessLevel")


def test_free_busy_reader_sees_times_alone(google, store, amara):
    calendar = store.add_calendar(amara, name="Theirs", role="freeBusyReader")
    made = store.add_event(calendar, title="Secret", start=START, end=START + timedelta(hours=1))
    shown = google.api("GET", f"/calendars/{calendar['id']}/events").json()["items"]
    assert [event["id"] for event in shown] == [made["body"]["id"]]
    assert "summary" not in shown[0]
    assert shown[0]["start"]["dateTime"] == "2026-11-23T09:00:00Z"


def test_reader_sees_private_events_as_busy(google, store, amara):
    calendar = store.add_calendar(amara, name="Theirs", role="reader")
    fields = {"start": START, "end": START + timedelta(hours=1)}
    store.add_event(calendar, title="Secret", private=True, **fields)
    store.add_event(calendar, title="Open", **fields)
    shown = google.api("GET", f"/calendars/{calendar['id']}/events").json()["items"]
    assert sorted(event.get("summary", "-") for event in shown) == ["-", "Open"]


def test_scope_of_the_token_is_enforced_per_call(google, store, amara):
    google.token = store.token_for(amara, READONLY)
    assert google.api("GET", EVENTS).status_code == 200
    refused = google.api("POST", EVENTS, json=draft())
    assert reason(refused) == (403, "insufficientPermissions")
    assert refused.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    google.token = store.token_for(amara, ["https://www.googleapis.com/auth/calendar.events"])
    body = {"timeMin": "2026-11-23T00:00:00Z", "timeMax": "2026-11-24T00:00:00Z"}
    assert reason(google.api("POST", "/freeBusy", json=body)) == (403, "insufficientPermissions")


def test_unknown_token_is_401(google):
    google.token = "nonsense"
    assert reason(google.api("GET", EVENTS)) == (401, "authError")


def test_guest_may_answer_but_not_change_the_event(google, store, amara):
    record = store.add_event(
        store.primary_calendar(amara),
        title="Board",
        start=START,
        end=START + timedelta(hours=1),
        organizer="boss@x.example",
    )
    address = f"{EVENTS}/{record['body']['id']}"
    refused = google.api("PATCH", address, json={"summary": "Mine now"})
    assert reason(refused) == (403, "forbiddenForNonOrganizer")
    me = [{"email": "amara@finch.example", "responseStatus": "accepted"}]
    answered = google.api("PATCH", address, json={"attendees": me}).json()
    assert answered["attendees"][0]["responseStatus"] == "accepted"
    assert answered["attendees"][0]["self"] is True


@pytest.mark.parametrize(("updates", "mails"), [("all", 1), ("none", 0), (None, 0)])
def test_guests_are_mailed_only_when_asked(google, store, updates, mails):
    params = {"sendUpdates": updates} if updates else None
    insert(google, params=params, attendees=[{"email": "guest@x.example"}])
    sent = store.all("mail")
    assert [mail["to"] for mail in sent] == [["guest@x.example"]] * mails


def test_move_takes_the_event_to_another_calendar(google, store, amara):
    made = insert(google)
    other = store.add_calendar(amara, name="Studio")
    moved = google.api(
        "POST", f"{EVENTS}/{made['id']}/move", params={"destination": other["id"]}
    ).json()
    assert moved["id"] == made["id"]
    assert moved["organizer"]["displayName"] == "Studio"
    assert google.api("GET", f"{EVENTS}/{made['id']}").json()["status"] == "cancelled"
    assert google.api("GET", f"/calendars/{other['id']}/events").json()["items"] == [moved]


def test_import_keeps_the_uid(google):
    made = google.api("POST", f"{EVENTS}/import", json=draft(iCalUID="abc@x.example")).json()
    assert made["iCalUID"] == "abc@x.example"


def test_body_that_is_no_json_is_a_parse_error(google):
    headers = {"Content-Type": "text/plain"}
    google.adapter.before = lambda request: None
    assert reason(google.api("POST", EVENTS, data="{", headers=headers)) == (400, "parseError")
