"""/control and the pages that people read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

BASE = "https://sandbox.test"
EVENTS = "/calendars/primary/events"


def control(web, method, path, payload=None):
    return web.request(method, f"{BASE}/control/{path}", json=payload, timeout=10)


def account(web, provider="google", **fields):
    body = {"provider": provider, "email": "amara@finch.example", **fields}
    return control(web, "POST", "accounts", body).json()["id"]


def test_account_calendar_and_event_are_made_changed_and_deleted(web):
    owner = account(web, timezone="Europe/London")
    calendar = control(web, "POST", "calendars", {"account": owner, "name": "Studio"}).json()["id"]
    body = {"calendar": calendar, "title": "Call", "attendees": ["a@x.example"]}
    body |= {"start": "2026-11-23T09:00:00+00:00", "end": "2026-11-23T10:00:00+00:00"}
    made = control(web, "POST", "events", body).json()
    event_id = made["body"]["id"]
    patch = {"calendar": calendar, "patch": {"summary": "Changed"}}
    assert control(web, "PATCH", f"events/{event_id}", patch).json()["summary"] == "Changed"
    state = control(web, "GET", "state").json()
    assert [c["name"] for c in state["calendars"]] == ["amara@finch.example", "Studio"]
    assert state["events"][0]["body"]["summary"] == "Changed"
    control(web, "DELETE", f"events/{event_id}", {"calendar": calendar})
    state = control(web, "GET", "state").json()
    assert state["events"][0]["body"]["status"] == "cancelled"


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_event_goes_to_the_default_calendar_with_dates_and_rules(web, provider):
    owner = account(web, provider)
    body = {"account": owner, "title": "Away", "start": "2026-11-23", "end": "2026-11-24"}
    body["recurrence"] = ["RRULE:FREQ=WEEKLY;BYDAY=MO"]
    assert control(web, "POST", "events", body).status_code == 201


def test_token_lets_one_act_as_the_account(web):
    owner = account(web)
    token = control(web, "POST", "token", {"account": owner}).json()["access_token"]
    address = f"{BASE}/google/calendar/v3/users/me/calendarList"
    answer = web.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.json()["items"][0]["id"] == "amara@finch.example"
    assert control(web, "POST", "revoke", {"account": owner}).json() == {"revoked": 1}
    answer = web.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 401


def test_state_and_log_hold_no_token(web, google, store):
    google.api("GET", EVENTS)
    for path in ("state", "log"):
        assert google.token not in control(web, "GET", path).text
    assert "PRIVATE KEY" not in control(web, "GET", "state").text


def test_log_tells_method_path_operation_and_status(web, google):
    google.api("GET", EVENTS, params={"q": "secret"})
    entry = control(web, "GET", "log").json()["requests"][-1]
    assert entry == {
        "at": "2026-11-20T12:00:00+00:00",
        "method": "GET",
        "path": "/google/calendar/v3/calendars/primary/events",
        "operation": "google.events.list",
        "status": 200,
        "account": "amara@finch.example",
        "fault": None,
    }
    control(web, "DELETE", "log", {})
    assert control(web, "GET", "log").json() == {"requests": []}


def test_faults_settings_clock_and_cursors_are_set_over_http(web, google, store, amara):
    fault = {"operation": "google.events.list", "status": 500}
    assert control(web, "POST", "faults", fault).status_code == 201
    assert google.api("GET", EVENTS).status_code == 500
    control(web, "POST", "faults", {**fault, "count": None})
    assert len(control(web, "GET", "faults").json()["faults"]) == 1
    control(web, "DELETE", "faults", {})
    token = google.api("GET", EVENTS).json()["nextSyncToken"]
    control(web, "POST", "forget-sync", {"account": amara["id"]})
    assert google.api("GET", EVENTS, params={"syncToken": token}).status_code == 410
    control(web, "POST", "settings", {"meet": {"mode": "failure"}})
    assert store.setting("meet") == {"mode": "failure"}
    moved = control(web, "POST", "advance", {"seconds": 3600}).json()
    assert moved["now"] == "2026-11-20T13:00:00+00:00"
    assert google.api("GET", EVENTS).status_code == 401


@pytest.mark.parametrize(
    ("path", "payload", "status"),
    [
        ("accounts", {"provider": "yahoo", "email": "a@b.example"}, 400),
        ("accounts", {"provider": "google", "email": "a@b.example", "timezone": "Mars"}, 400),
        ("accounts", {"provider": "google", "email": "a@b.example", "colour": "red"}, 400),
        ("calendars", {"account": "google:nobody@x.example", "name": "x"}, 404),
        ("events", {"calendar": "none", "title": "x"}, 404),
        ("faults", {"status": 500}, 400),
        ("settings", {"signing_key": "mine"}, 400),
    ],
)
def test_nonsense_is_refused(web, path, payload, status):
    assert control(web, "POST", path, payload).status_code == status


def test_form_posts_are_refused_so_that_no_web_page_can_make_them(web):
    answer = web.post(f"{BASE}/control/reset", data={"a": "b"}, timeout=10)
    assert answer.status_code == 415
    plain = web.post(f"{BASE}/control/reset", data=json.dumps({}), timeout=10)
    assert plain.status_code == 415


def test_reset_forgets_all_but_the_signing_key(web, store):
    account(web)
    keys = web.get(f"{BASE}/google/oauth2/v3/certs", timeout=10).json()
    control(web, "POST", "reset", {})
    assert store.all("account") == []
    assert store.all("event") == []
    assert web.get(f"{BASE}/google/oauth2/v3/certs", timeout=10).json() == keys


def test_front_page_shows_this_week_and_next_of_every_account(web, store, amara, office, zoom):
    monday = datetime(2026, 11, 16, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    mine, work = store.primary_calendar(amara), store.primary_calendar(office)
    store.add_event(mine, title="<Dentist>", start=monday, end=monday + hour, conference=True)
    for title, days in (("Next week", 7), ("Last Friday", -3), ("Later on", 14)):
        start = monday + days * 24 * hour
        store.add_event(mine, title=title, start=start, end=start + hour)
    store.add_event(
        mine,
        title="Yoga",
        start=monday - 28 * 24 * hour,
        end=monday - 28 * 24 * hour + hour,
        recurrence=["RRULE:FREQ=WEEKLY"],
        timezone="UTC",
    )
    store.add_event(work, title="Fair", start=date(2026, 11, 18), end=date(2026, 11, 19))
    page = web.get(f"{BASE}/", timeout=10)
    assert page.status_code == 200
    assert "Mon 16 Nov 09:00" in page.text
    assert "&lt;Dentist&gt;" in page.text
    assert f'href="{BASE}/meet/' in page.text
    assert page.text.count("Yoga") == 2
    assert "Wed 18 Nov" in page.text
    assert "Fair" in page.text
    assert "Next week" in page.text
    assert "Last Friday" not in page.text
    assert "Later on" not in page.text
    assert "Zoom: amara@finch.example" in page.text
    assert "Set-Cookie" not in page.headers


def test_links_in_answers_lead_to_pages(google, web):
    body = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    link = google.api("POST", EVENTS, json=body).json()["htmlLink"]
    assert web.get(link, timeout=10).status_code == 200


def test_unknown_address_is_404_and_a_wrong_method_405(web):
    assert web.get(f"{BASE}/nowhere", timeout=10).status_code == 404
    assert web.delete(f"{BASE}/google/token", timeout=10).status_code == 405
    assert web.head(f"{BASE}/", timeout=10).status_code == 200


def test_healthz_answers(web):
    assert web.get(f"{BASE}/healthz", timeout=10).json() == {"ok": True}
