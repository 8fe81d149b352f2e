"""Lists of Google events and calendars: windows, pages, filters, sync tokens, free/busy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

EVENTS = "/calendars/primary/events"
DAY = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def calendar(store, amara):
    return store.primary_calendar(amara)


@pytest.fixture
def five(store, calendar):
    """Five events of an hour at 9 on five days."""
    return [
        store.add_event(
            calendar,
            title=f"Event {n}",
            start=DAY + timedelta(days=n, hours=9),
            end=DAY + timedelta(days=n, hours=10),
        )["body"]["id"]
        for n in range(5)
    ]


def listed(google, **params):
    answer = google.api("GET", EVENTS, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page):
    return [item["id"] for item in page["items"]]


def reason(answer):
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def test_window_bounds_are_exclusive(google, five):
    touching = listed(google, timeMin="2026-11-23T10:00:00Z", timeMax="2026-11-24T09:00:00Z")
    assert ids(touching) == []
    inside = listed(google, timeMin="2026-11-23T09:59:00Z", timeMax="2026-11-24T09:01:00Z")
    assert ids(inside) == five[:2]


def test_bound_without_offset_is_refused(google):
    google.adapter.before = lambda request: None
    answer = google.api("GET", EVENTS, params={"timeMin": "2026-11-23T10:00:00"})
    assert reason(answer) == (400, "badRequest")


def test_empty_range_is_refused(google):
    params = {"timeMin": "2026-11-24T00:00:00Z", "timeMax": "2026-11-24T00:00:00Z"}
    assert reason(google.api("GET", EVENTS, params=params)) == (400, "timeRangeEmpty")


def test_order_by_start_needs_single_events(google):
    assert reason(google.api("GET", EVENTS, params={"orderBy": "startTime"})) == (400, "badRequest")


def test_pages_hold_every_event_once(google, five):
    first = listed(google, maxResults=2)
    assert "nextSyncToken" not in first
    second = listed(google, maxResults=2, pageToken=first["nextPageToken"])
    third = listed(google, maxResults=2, pageToken=second["nextPageToken"])
    assert ids(first) + ids(second) + ids(third) == five
    assert "nextPageToken" not in third
    assert third["nextSyncToken"]


def test_first_page_may_be_empty_without_being_the_last(google, store, five):
    store.set_setting("google.empty_first_page", True)
    first = listed(google)
    assert ids(first) == []
    assert ids(listed(google, pageToken=first["nextPageToken"])) == five


def test_page_token_of_another_kind_is_refused(google, five):
    answer = google.api("GET", EVENTS, params={"pageToken": "nonsense"})
    assert reason(answer) == (400, "invalid")


@pytest.mark.parametrize("order", [{}, {"singleEvents": "true", "orderBy": "startTime"}])
def test_what_is_deleted_between_two_pages_takes_nothing_else_along(
    google, store, calendar, five, order
):
    """Pages began at a number: the event after the deleted one's page was never listed."""
    first = listed(google, maxResults=2, **order)
    store.delete_event(calendar, ids(first)[0])
    second = listed(google, maxResults=2, pageToken=first["nextPageToken"], **order)
    third = listed(google, maxResults=2, pageToken=second["nextPageToken"], **order)
    assert [*ids(first), *ids(second), *ids(third)] == five


def test_time_zone_of_the_answer_can_be_chosen(google, five):
    page = listed(google, timeZone="America/New_York")
    assert page["timeZone"] == "America/New_York"
    assert page["items"][0]["start"]["dateTime"] == "2026-11-23T04:00:00-05:00"


def test_filters_by_text_uid_and_extended_property(google, five):
    google.api("PATCH", f"{EVENTS}/{five[1]}", json={"extendedProperties": {"private": {"m": "7"}}})
    assert ids(listed(google, q="event 3")) == [five[3]]
    assert ids(listed(google, privateExtendedProperty="m=7")) == [five[1]]
    assert ids(listed(google, privateExtendedProperty="m=8")) == []
    uid = google.api("GET", f"{EVENTS}/{five[2]}").json()["iCalUID"]
    assert ids(listed(google, iCalUID=uid)) == [five[2]]


def test_deleted_events_show_when_asked(google, five):
    google.api("DELETE", f"{EVENTS}/{five[0]}")
    assert ids(listed(google)) == five[1:]
    shown = listed(google, showDeleted="true")
    assert shown["items"][0]["status"] == "cancelled"
    assert "summary" not in shown["items"][0]


def test_sync_token_gives_only_what_changed(google, store, calendar, five):
    token = listed(google)["nextSyncToken"]
    assert ids(listed(google, syncToken=token)) == []
    store.change_event(calendar, five[2], {"summary": "Changed"})
    store.delete_event(calendar, five[0])
    added = store.add_event(calendar, title="New", start=DAY, end=DAY + timedelta(hours=1))
    page = listed(google, syncToken=token)
    assert ids(page) == [five[2], five[0], added["body"]["id"]]
    assert [item["status"] for item in page["items"]] == ["confirmed", "cancelled", "confirmed"]
    assert ids(listed(google, syncToken=page["nextSyncToken"])) == []


def test_sync_token_keeps_its_window(google, store, calendar, five):
    window = {"timeMin": "2026-11-23T00:00:00Z", "timeMax": "2026-11-30T00:00:00Z"}
    token = listed(google, **window)["nextSyncToken"]
    far = DAY + timedelta(days=90)
    store.add_event(calendar, title="Far", start=far, end=far + timedelta(hours=1))
    assert ids(listed(google, syncToken=token)) == []


def test_sync_token_pages(google, store, calendar, five):
    token = listed(google)["nextSyncToken"]
    for event_id in five[:3]:
        store.change_event(calendar, event_id, {"summary": "Changed"})
    first = listed(google, syncToken=token, maxResults=2)
    rest = listed(google, syncToken=token, maxResults=2, pageToken=first["nextPageToken"])
    assert ids(first) + ids(rest) == five[:3]
    assert rest["nextSyncToken"]


def test_lost_sync_token_is_410(google, store, calendar, five):
    token = listed(google)["nextSyncToken"]
    store.forget_sync(calendar)
    lost = google.api("GET", EVENTS, params={"syncToken": token})
    assert reason(lost) == (410, "fullSyncRequired")
    unknown = google.api("GET", EVENTS, params={"syncToken": "nonsense"})
    assert reason(unknown) == (410, "fullSyncRequired")


def test_sync_token_beside_a_window_is_refused(google, five):
    token = listed(google)["nextSyncToken"]
    params = {"syncToken": token, "timeMin": "2026-11-23T00:00:00Z"}
    assert reason(google.api("GET", EVENTS, params=params)) == (400, "badRequest")


def test_single_sync_tells_of_occurrences_that_a_shorter_rule_lost(google, store, calendar):
    series = store.add_event(
        calendar,
        title="Daily",
        start=DAY + timedelta(hours=9),
        end=DAY + timedelta(hours=10),
        recurrence=["RRULE:FREQ=DAILY;COUNT=4"],
    )["body"]["id"]
    token = listed(google, singleEvents="true")["nextSyncToken"]
    store.change_event(calendar, series, {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]})
    page = listed(google, singleEvents="true", syncToken=token)
    states = {item["id"].rpartition("_")[2]: item["status"] for item in page["items"]}
    assert states == {
        "20261123T090000Z": "confirmed",
        "20261124T090000Z": "confirmed",
        "20261125T090000Z": "cancelled",
        "20261126T090000Z": "cancelled",
    }


def test_calendar_list_has_roles_colours_and_the_primary_first(google, store, amara):
    store.add_calendar(amara, name="Studio", color="#123456")
    store.add_calendar(amara, name="Theirs", role="reader", meet=False)
    store.add_calendar(amara, name="Hidden", hidden=True)
    items = google.api("GET", "/users/me/calendarList").json()["items"]
    assert [item["summary"] for item in items] == ["amara@finch.example", "Studio", "Theirs"]
    assert items[0]["primary"] is True
    assert [item["accessRole"] for item in items] == ["owner", "owner", "reader"]
    assert items[1]["backgroundColor"] == "#123456"
    assert items[2]["conferenceProperties"] == {"allowedConferenceSolutionTypes": []}
    writable = google.api("GET", "/users/me/calendarList", params={"minAccessRole": "writer"})
    assert len(writable.json()["items"]) == 2


def test_calendar_list_pages(google, store, amara):
    for number in range(4):
        store.add_calendar(amara, name=f"Calendar {number}")
    address = "/users/me/calendarList"
    first = google.api("GET", address, params={"maxResults": 3}).json()
    params = {"maxResults": 3, "pageToken": first["nextPageToken"]}
    second = google.api("GET", address, params=params).json()
    assert len(first["items"]) + len(second["items"]) == 5
    assert second["nextSyncToken"]


def test_calendar_shared_with_another_account_shows_with_its_role(google, store, amara):
    other = store.add_account("google", email="ben@finch.example")
    store.share_calendar(store.primary_calendar(other), amara, "writer")
    items = google.api("GET", "/users/me/calendarList").json()["items"]
    assert items[1]["id"] == "ben@finch.example"
    assert items[1]["accessRole"] == "writer"
    assert "primary" not in items[1]


def free_busy(google, *calendars, start="2026-11-23T00:00:00Z", end="2026-11-24T00:00:00Z"):
    body = {"timeMin": start, "timeMax": end, "items": [{"id": c} for c in calendars]}
    return google.api("POST", "/freeBusy", json=body)


def test_free_busy_merges_cuts_and_leaves_out_what_is_free(google, store, calendar):
    def event(begin, end, **fields):
        at = {"start": DAY + timedelta(hours=begin), "end": DAY + timedelta(hours=end)}
        return store.add_event(calendar, title="x", **at, **fields)

    event(9, 10)
    event(9.5, 11)
    event(13, 14, busy=False)
    event(15, 16, organizer="boss@x.example", response="declined")
    event(17, 18, tentative=True)
    event(23, 25)
    cancelled = event(19, 20)
    store.delete_event(calendar, cancelled["body"]["id"])
    busy = free_busy(google, "primary").json()["calendars"]["primary"]["busy"]
    assert busy == [
        {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T11:00:00Z"},
        {"start": "2026-11-23T17:00:00Z", "end": "2026-11-23T18:00:00Z"},
        {"start": "2026-11-23T23:00:00Z", "end": "2026-11-24T00:00:00Z"},
    ]


def test_free_busy_knows_series_and_all_day_events(google, store, calendar):
    store.add_event(
        calendar,
        title="Daily",
        start=DAY - timedelta(days=7, hours=-9),
        end=DAY - timedelta(days=7, hours=-10),
        recurrence=["RRULE:FREQ=DAILY"],
    )
    store.add_event(calendar, title="Away", start=date(2026, 11, 24), end=date(2026, 11, 25))
    found = free_busy(google, "primary", end="2026-11-25T00:00:00Z").json()
    assert found["calendars"]["primary"]["busy"] == [
        {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z"},
        {"start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"},
    ]


def test_free_busy_errors_stand_per_calendar_beside_http_200(google, store, amara):
    broken = store.add_calendar(amara, name="Broken")
    store.change_calendar(broken, freebusy_error="internalError")
    answer = free_busy(google, "primary", broken["id"], "stranger@x.example")
    assert answer.status_code == 200
    found = answer.json()["calendars"]
    assert found["primary"] == {"busy": []}
    assert found[broken["id"]]["errors"] == [{"domain": "global", "reason": "internalError"}]
    assert found["stranger@x.example"]["errors"][0]["reason"] == "notFound"


def test_free_busy_range_has_limits(google):
    assert reason(free_busy(google, end="2027-11-23T00:00:00Z")) == (400, "timeRangeTooLong")
    assert reason(free_busy(google, end="2026-11-22T00:00:00Z")) == (400, "timeRangeEmpty")
