"""Meet links and push channels of Google events."""

from __future__ import annotations

import pytest

EVENTS = "/calendars/primary/events"
VERSION = {"conferenceDataVersion": "1"}


def draft(request_id="r1", **fields):
    kind = {"type": "hangoutsMeet"}
    return {
        "summary": "Call",
        "start": {"dateTime": "2026-11-23T09:00:00Z"},
        "end": {"dateTime": "2026-11-23T10:00:00Z"},
        "conferenceData": {
            "createRequest": {"requestId": request_id, "conferenceSolutionKey": kind}
        },
        **fields,
    }


def insert(google, params=VERSION, **fields):
    return google.api("POST", EVENTS, json=draft(**fields), params=params).json()


def get(google, made):
    return google.api("GET", f"{EVENTS}/{made['id']}").json()


def state(event):
    return event["conferenceData"]["createRequest"]["status"]["statusCode"]


def test_link_is_pending_first_and_there_on_a_later_read(google, web):
    made = insert(google)
    assert state(made) == "pending"
    assert "hangoutLink" not in made
    assert "entryPoints" not in made["conferenceData"]
    later = get(google, made)
    assert state(later) == "success"
    link = later["hangoutLink"]
    assert later["conferenceData"]["entryPoints"][0]["uri"] == link
    assert link.endswith(later["conferenceData"]["conferenceId"])
    assert "This would be the Google Meet room" in web.get(link, timeout=10).text


def test_link_can_stay_pending_for_some_reads(google, store):
    store.set_setting("meet", {"mode": "pending", "reads": 2})
    made = insert(google)
    assert [state(get(google, made)) for _ in range(3)] == ["pending", "pending", "success"]


def test_link_can_be_there_at_once(google, store):
    store.set_setting("meet", {"mode": "immediate"})
    assert insert(google)["hangoutLink"].startswith("https://sandbox.test/meet/")


def test_link_can_fail_and_a_new_request_id_tries_again(google, store):
    store.set_setting("meet", {"mode": "failure"})
    made = insert(google)
    assert state(get(google, made)) == "failure"
    store.set_setting("meet", {"mode": "immediate"})
    address = f"{EVENTS}/{made['id']}"
    again = {"conferenceData": draft("r1")["conferenceData"]}
    assert state(google.api("PATCH", address, json=again, params=VERSION).json()) == "failure"
    fresh = {"conferenceData": draft("r2")["conferenceData"]}
    assert state(google.api("PATCH", address, json=fresh, params=VERSION).json()) == "success"


def test_without_the_version_the_conference_is_ignored(google):
    assert "conferenceData" not in insert(google, params=None)


def test_conference_survives_a_change_and_null_takes_it_away(google):
    made = insert(google)
    link = get(google, made)["hangoutLink"]
    address = f"{EVENTS}/{made['id']}"
    assert google.api("PATCH", address, json={"summary": "x"}).json()["hangoutLink"] == link
    ignored = google.api("PATCH", address, json={"conferenceData": None}).json()
    assert ignored["hangoutLink"] == link
    gone = google.api("PATCH", address, json={"conferenceData": None}, params=VERSION).json()
    assert "hangoutLink" not in gone
    assert "conferenceData" not in gone


def test_settled_link_reaches_an_incremental_sync(google, store):
    store.set_setting("meet", {"mode": "pending", "reads": 1})
    token = google.api("GET", EVENTS).json()["nextSyncToken"]
    insert(google)
    first = google.api("GET", EVENTS, params={"syncToken": token}).json()
    assert state(first["items"][0]) == "pending"
    second = google.api("GET", EVENTS, params={"syncToken": first["nextSyncToken"]}).json()
    assert state(second["items"][0]) == "success"


def test_occurrence_changed_while_the_link_is_pending_gets_it_too(google, store):
    store.set_setting("meet", {"mode": "pending", "reads": 2})
    zone = {"timeZone": "UTC"}
    made = insert(
        google,
        start={"dateTime": "2026-11-23T09:00:00Z", **zone},
        end={"dateTime": "2026-11-23T10:00:00Z", **zone},
        recurrence=["RRULE:FREQ=DAILY;COUNT=3"],
    )
    one = {"id": f"{made['id']}_20261124T090000Z"}
    changed = google.api("PATCH", f"{EVENTS}/{one['id']}", json={"summary": "x"}).json()
    assert state(changed) == "pending"
    assert [state(get(google, one)) for _ in range(3)][-1] == "success"


def test_calendar_without_meet_refuses_it(google, store, amara):
    calendar = store.add_calendar(amara, name="Plain", meet=False)
    answer = google.api("POST", f"/calendars/{calendar['id']}/events", json=draft(), params=VERSION)
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["reason"] == "invalid"


def channel(**fields):
    return {
        "id": "channel-1",
        "type": "web_hook",
        "address": "https://meridian.test/push",
        "token": "secret",
        **fields,
    }


def test_channel_is_opened_for_a_week_and_stopped(google, store):
    made = google.api("POST", f"{EVENTS}/watch", json=channel()).json()
    week_ahead = (store.now().timestamp() + 604800) * 1000
    assert int(made["expiration"]) == week_ahead
    assert made["token"] == "secret"
    stop = {"id": made["id"], "resourceId": made["resourceId"]}
    wrong = google.api("POST", "/channels/stop", json={**stop, "resourceId": "x"})
    assert wrong.status_code == 404
    assert google.api("POST", "/channels/stop", json=stop).status_code == 204
    assert google.api("POST", "/channels/stop", json=stop).status_code == 404
    assert store.all("channel") == []


@pytest.mark.parametrize(
    "fields",
    [{"address": "http://meridian.test/push"}, {"id": ""}, {"type": "pigeon"}, {"expiration": "1"}],
)
def test_channel_that_cannot_work_is_refused(google, fields):
    assert google.api("POST", f"{EVENTS}/watch", json=channel(**fields)).status_code == 400


def test_channel_id_is_used_once(google):
    assert google.api("POST", f"{EVENTS}/watch", json=channel()).status_code == 200
    assert google.api("POST", f"{EVENTS}/watch", json=channel()).status_code == 400


def test_channel_lives_as_long_as_asked(google, store):
    made = google.api("POST", f"{EVENTS}/watch", json=channel(params={"ttl": "60"})).json()
    assert int(made["expiration"]) == (store.now().timestamp() + 60) * 1000
