"""Graph lists: calendars, windows, pages, filters, delta, schedules, subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

DAY = datetime(2026, 11, 23, tzinfo=UTC)
WINDOW = {"startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2026-11-30T00:00:00Z"}


@pytest.fixture
def calendar(store, office):
    return store.primary_calendar(office)


@pytest.fixture
def five(store, calendar):
    return [
        store.add_event(
            calendar,
            title=f"Event {n}",
            start=DAY + timedelta(days=n, hours=9),
            end=DAY + timedelta(days=n, hours=10),
        )["id"]
        for n in range(5)
    ]


def follow(graph, link):
    """A link from an answer, called as it is."""
    assert urlsplit(link).netloc == "sandbox.test"
    return graph.api("GET", link.removeprefix(graph.base))


def ids(answer):
    return [row["id"] for row in answer.json()["value"]]


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_me_of_a_work_and_of_a_personal_account(graph, personal_graph):
    assert graph.api("GET", "/me").json()["mail"] == "amara@finch.example"
    mine = personal_graph.api("GET", "/me", params={"$select": "id,mail,userPrincipalName"}).json()
    assert mine["mail"] is None
    assert mine["userPrincipalName"] == "amara@outlook.example"
    assert "displayName" not in mine


def test_calendars_say_what_can_be_done(graph, personal_graph, store, office):
    store.add_calendar(office, name="Theirs", role="reader", color="#123456")
    rows = graph.api("GET", "/me/calendars").json()["value"]
    assert [row["name"] for row in rows] == ["Calendar", "Theirs"]
    assert [row["canEdit"] for row in rows] == [True, False]
    assert rows[0]["isDefaultCalendar"] is True
    assert rows[0]["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]
    assert rows[1]["hexColor"] == "#123456"
    personal = personal_graph.api("GET", "/me/calendar").json()
    assert personal["allowedOnlineMeetingProviders"] == []


def test_calendars_come_ten_a_page_unless_asked(graph, store, office):
    for number in range(14):
        store.add_calendar(office, name=f"Calendar {number}")
    first = graph.api("GET", "/me/calendars")
    assert len(first.json()["value"]) == 10
    second = follow(graph, first.json()["@odata.nextLink"])
    assert len(second.json()["value"]) == 5
    assert "@odata.nextLink" not in second.json()
    whole = graph.api("GET", "/me/calendars", params={"$top": 50})
    assert len(whole.json()["value"]) == 15


def test_view_needs_a_window(graph):
    graph.adapter.before = lambda request: None
    assert graph.api("GET", "/me/calendarView").status_code == 400


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-24T09:00:00Z", 0),
        ("2026-11-23T09:59:00Z", "2026-11-24T09:01:00Z", 2),
        ("2026-11-23T09:59:00", "2026-11-24T09:01:00", 2),
        ("2026-11-23T18:59:00+09:00", "2026-11-23T19:01:00+09:00", 1),
    ],
)
def test_window_honours_its_offset_and_is_utc_without(graph, five, start, end, found):
    params = {"startDateTime": start, "endDateTime": end}
    headers = {"Prefer": 'outlook.timezone="Asia/Tokyo"'}
    answer = graph.api("GET", "/me/calendarView", params=params, headers=headers)
    assert len(ids(answer)) == found


def test_view_pages_by_next_link(graph, five, calendar):
    address = f"/me/calendars/{calendar['id']}/calendarView"
    first = graph.api("GET", address, params={**WINDOW, "$top": 2})
    second = follow(graph, first.json()["@odata.nextLink"])
    third = follow(graph, second.json()["@odata.nextLink"])
    assert ids(first) + ids(second) + ids(third) == five


def test_order_and_filter(graph, five):
    params = {"$orderby": "start/dateTime desc", "$top": 100}
    assert ids(graph.api("GET", "/me/events", params=params)) == five[::-1]
    late = {"$filter": "start/dateTime ge '2026-11-26T00:00:00Z' and subject ne 'Event 4'"}
    assert ids(graph.api("GET", "/me/events", params=late)) == [five[3]]
    uid = graph.api("GET", f"/me/events/{five[2]}").json()["iCalUId"]
    assert ids(graph.api("GET", "/me/events", params={"$filter": f"iCalUId eq '{uid}'"})) == [
        five[2]
    ]


@pytest.mark.parametrize("wanted", ["subject like 'x'", "startswith(subject,'x')", "nonsense eq 1"])
def test_filter_that_is_not_understood_is_refused(graph, five, wanted):
    answer = graph.api("GET", "/me/events", params={"$filter": wanted})
    assert code(answer) == (400, "ErrorInvalidUrlQuery")


def test_unknown_calendar_is_404(graph, personal_graph, store, home):
    theirs = store.primary_calendar(home)["id"]
    assert code(graph.api("GET", f"/me/calendars/{theirs}/events")) == (404, "ErrorItemNotFound")


# --- Delta ---


def delta(graph, link=None, size=100):
    """A whole round: every row, and the delta link at its end."""
    headers = {"Prefer": f"odata.maxpagesize={size}"}
    path = link.removeprefix(graph.base) if link else "/me/calendarView/delta"
    rows, params = [], None if link else WINDOW
    while True:
        answer = graph.api("GET", path, params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["value"]
        if "@odata.deltaLink" in page:
            return rows, page["@odata.deltaLink"]
        path, params = page["@odata.nextLink"].removeprefix(graph.base), None


@pytest.mark.parametrize("size", [1, 2, 100])
def test_delta_first_round_is_the_window_page_by_page(graph, five, size):
    rows, link = delta(graph, size=size)
    assert sorted(row["id"] for row in rows) == sorted(five)
    assert delta(graph, link)[0] == []


def test_delta_tells_changes_removals_and_news(graph, store, calendar, five):
    _, link = delta(graph)
    store.change_event(calendar, five[0], {"subject": "Changed"})
    store.delete_event(calendar, five[1])
    new = store.add_event(calendar, title="New", start=DAY, end=DAY + timedelta(hours=1))["id"]
    far = {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}
    store.change_event(calendar, five[2], {"start": far, "end": far})
    rows, again = delta(graph, link)
    found = {row["id"]: row.get("@removed", {}).get("reason", row.get("subject")) for row in rows}
    assert found == {five[0]: "Changed", five[1]: "deleted", new: "New", five[2]: "deleted"}
    assert delta(graph, again)[0] == []


def test_delta_lists_a_series_with_brief_occurrences(graph, store, calendar):
    master = store.add_event(
        calendar,
        title="Daily",
        start=DAY + timedelta(hours=9),
        end=DAY + timedelta(hours=10),
        recurrence=["RRULE:FREQ=DAILY;COUNT=3"],
    )["id"]
    rows, _ = delta(graph)
    assert [row["type"] for row in rows] == ["seriesMaster"] + ["occurrence"] * 3
    assert {row.get("seriesMasterId") for row in rows[1:]} == {master}
    assert "subject" not in rows[1]


def test_delta_tells_a_deleted_occurrence_only_by_its_absence(graph, store, calendar):
    store.add_event(
        calendar,
        title="Daily",
        start=DAY + timedelta(hours=9),
        end=DAY + timedelta(hours=10),
        recurrence=["RRULE:FREQ=DAILY;COUNT=3"],
    )
    rows, link = delta(graph)
    graph.api("DELETE", f"/me/events/{rows[2]['id']}")
    again, _ = delta(graph, link)
    assert not any("@removed" in row for row in again)
    assert [row["id"] for row in again] == [rows[0]["id"], rows[1]["id"], rows[3]["id"]]


def test_delta_link_that_is_lost_is_410(graph, store, calendar, five):
    _, link = delta(graph)
    store.forget_sync(calendar)
    assert code(follow(graph, link)) == (410, "SyncStateNotFound")


def test_delta_may_never_end(graph, store, five):
    store.set_setting("microsoft.endless_delta", True)
    first = graph.api("GET", "/me/calendarView/delta", params=WINDOW)
    second = follow(graph, first.json()["@odata.nextLink"])
    assert ids(second) == ids(first)
    assert "@odata.deltaLink" not in second.json()


def test_delta_refuses_select(graph):
    graph.adapter.before = lambda request: None
    params = {**WINDOW, "$select": "subject"}
    assert graph.api("GET", "/me/calendarView/delta", params=params).status_code == 400


# --- getSchedule ---


def schedule(graph, *names, **fields):
    body = {
        "schedules": list(names),
        "startTime": {"dateTime": "2026-11-23T08:00:00", "timeZone": "UTC"},
        "endTime": {"dateTime": "2026-11-23T12:00:00", "timeZone": "UTC"},
        "availabilityViewInterval": 60,
    }
    return graph.api("POST", "/me/calendar/getSchedule", json=body | fields)


def test_schedule_shows_busy_and_errors_per_address(graph, store, calendar, five):
    ben = store.add_account("microsoft", email="ben@finch.example")
    at = {"start": DAY + timedelta(hours=10), "end": DAY + timedelta(hours=11)}
    store.add_event(store.primary_calendar(ben), title="Private", tentative=True, **at)
    value = schedule(graph, "amara@finch.example", "ben@finch.example", "x@y.example").json()[
        "value"
    ]
    assert [entry.get("availabilityView") for entry in value] == ["0200", "0010", None]
    assert value[0]["scheduleItems"][0]["subject"] == "Event 0"
    assert "subject" not in value[1]["scheduleItems"][0]
    assert value[2]["error"]["responseCode"] == "ErrorMailRecipientNotFound"


def test_schedule_is_not_for_personal_accounts(personal_graph):
    assert schedule(personal_graph, "amara@outlook.example").status_code == 403


def test_schedule_of_a_broken_calendar_is_an_error_beside_http_200(graph, store, calendar):
    store.change_calendar(calendar, freebusy_error="ErrorMailboxStoreUnavailable")
    answer = schedule(graph, "amara@finch.example")
    assert answer.status_code == 200
    assert answer.json()["value"][0]["error"]["responseCode"] == "ErrorMailboxStoreUnavailable"


def test_schedule_range_has_limits(graph):
    far = {"dateTime": "2027-02-23T12:00:00", "timeZone": "UTC"}
    assert code(schedule(graph, "a@b.example", endTime=far)) == (400, "ErrorInvalidTimeInterval")


# --- Subscriptions ---


def subscription(**fields):
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": "https://meridian.test/push",
        "resource": "me/events",
        "expirationDateTime": "2026-11-23T12:00:00Z",
        "clientState": "secret",
        **fields,
    }


def test_subscription_is_made_renewed_and_ended(graph, store, calendar):
    resource = f"me/calendars/{calendar['id']}/events"
    made = graph.api("POST", "/subscriptions", json=subscription(resource=resource)).json()
    assert store.get("subscription", made["id"])["calendar"] == calendar["id"]
    address = f"/subscriptions/{made['id']}"
    later = {"expirationDateTime": "2026-11-26T12:00:00Z"}
    renewed = graph.api("PATCH", address, json=later).json()
    assert renewed["expirationDateTime"] == "2026-11-26T12:00:00.0000000Z"
    assert graph.api("DELETE", address).status_code == 204
    assert graph.api("PATCH", address, json=later).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"expirationDateTime": "2026-11-28T12:00:00Z"},
        {"expirationDateTime": "2026-11-19T12:00:00Z"},
        {"notificationUrl": "http://meridian.test/push"},
        {"changeType": "moved"},
        {"resource": "me/messages"},
        {"clientState": "x" * 129},
    ],
)
def test_subscription_that_cannot_be_is_refused(graph, fields):
    answer = graph.api("POST", "/subscriptions", json=subscription(**fields))
    assert answer.status_code == 400


def test_subscription_lasts_at_least_45_minutes(graph):
    soon = subscription(expirationDateTime="2026-11-20T12:05:00Z")
    made = graph.api("POST", "/subscriptions", json=soon).json()
    assert made["expirationDateTime"] == "2026-11-20T12:45:00.0000000Z"
