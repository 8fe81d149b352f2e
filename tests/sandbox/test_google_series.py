"""Google series: expansion, exceptions, splitting, and times across a change of clocks."""

from __future__ import annotations

EVENTS = "/calendars/primary/events"
WEEKS = {"timeMin": "2026-10-19T00:00:00Z", "timeMax": "2026-11-09T00:00:00Z"}
SINGLE = {**WEEKS, "singleEvents": "true", "orderBy": "startTime"}


def series(google, rule="RRULE:FREQ=WEEKLY;BYDAY=MO", **fields):
    zone = "Europe/London"
    event = {
        "summary": "Board",
        "start": {"dateTime": "2026-10-19T09:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-10-19T10:00:00", "timeZone": zone},
        "recurrence": [rule],
    }
    answer = google.api("POST", EVENTS, json=event | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(google, **params):
    return google.api("GET", EVENTS, params={**SINGLE, **params}).json()["items"]


def starts(google, **params):
    return [e["start"].get("dateTime", e["start"].get("date")) for e in listed(google, **params)]


def test_series_keeps_its_wall_time_when_the_clocks_change(google):
    series(google)
    assert starts(google) == [
        "2026-10-19T09:00:00+01:00",
        "2026-10-26T09:00:00Z",
        "2026-11-02T09:00:00Z",
    ]


def test_occurrence_has_its_own_id_and_no_recurrence(google):
    made = series(google)
    first = listed(google)[0]
    assert first["id"] == f"{made['id']}_20261019T080000Z"
    assert first["recurringEventId"] == made["id"]
    assert first["originalStartTime"] == first["start"]
    assert "recurrence" not in first
    assert google.api("GET", f"{EVENTS}/{first['id']}").json() == first


def test_list_without_single_events_gives_the_series(google):
    made = series(google)
    items = google.api("GET", EVENTS, params=WEEKS).json()["items"]
    assert [item["id"] for item in items] == [made["id"]]
    outside = {"timeMin": "2026-10-01T00:00:00Z", "timeMax": "2026-10-10T00:00:00Z"}
    assert google.api("GET", EVENTS, params=outside).json()["items"] == []


def test_all_day_series_ids_are_dates(google):
    made = series(
        google, "RRULE:FREQ=DAILY;COUNT=2", start={"date": "2026-10-20"}, end={"date": "2026-10-21"}
    )
    assert [e["id"] for e in listed(google)] == [
        f"{made['id']}_20261020",
        f"{made['id']}_20261021",
    ]


def test_excluded_date_is_left_out(google):
    lines = ["RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/London:20261026T090000"]
    series(google, recurrence=lines)
    assert len(starts(google)) == 2


def test_until_is_an_instant_in_utc(google):
    series(google, "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261026T090000Z")
    assert len(starts(google)) == 2
    assert starts(google)[-1] == "2026-10-26T09:00:00Z"


def test_patch_of_one_occurrence_leaves_the_others(google):
    made = series(google)
    one = f"{EVENTS}/{made['id']}_20261026T090000Z"
    body = {"summary": "Moved", "start": {"dateTime": "2026-10-27T11:00:00Z"}}
    body["end"] = {"dateTime": "2026-10-27T12:00:00Z"}
    moved = google.api("PATCH", one, json=body).json()
    assert moved["originalStartTime"]["dateTime"] == "2026-10-26T09:00:00Z"
    assert [e["summary"] for e in listed(google)] == ["Board", "Moved", "Board"]
    assert starts(google)[1] == "2026-10-27T11:00:00Z"


def test_delete_of_one_occurrence_is_a_cancelled_exception(google):
    made = series(google)
    one = f"{made['id']}_20261026T090000Z"
    assert google.api("DELETE", f"{EVENTS}/{one}").status_code == 204
    assert len(starts(google)) == 2
    items = google.api("GET", EVENTS, params=WEEKS).json()["items"]
    cancelled = next(item for item in items if item["status"] == "cancelled")
    assert set(cancelled) == {
        "kind",
        "etag",
        "id",
        "status",
        "recurringEventId",
        "originalStartTime",
    }
    assert cancelled["id"] == one
    assert google.api("DELETE", f"{EVENTS}/{one}").status_code == 410


def test_occurrence_that_never_was_is_404(google):
    made = series(google)
    answer = google.api("GET", f"{EVENTS}/{made['id']}_20261027T090000Z")
    assert answer.status_code == 404


def test_shortened_rule_drops_the_later_exceptions(google):
    made = series(google)
    google.api("PATCH", f"{EVENTS}/{made['id']}_20261102T090000Z", json={"summary": "Late"})
    rule = ["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261027T000000Z"]
    google.api("PATCH", f"{EVENTS}/{made['id']}", json={"recurrence": rule})
    assert len(starts(google)) == 2


def test_deleted_series_leaves_nothing(google):
    made = series(google)
    google.api("PATCH", f"{EVENTS}/{made['id']}_20261102T090000Z", json={"summary": "Late"})
    google.api("DELETE", f"{EVENTS}/{made['id']}")
    assert listed(google) == []
    assert google.api("GET", EVENTS, params=WEEKS).json()["items"] == []


def test_instances_lists_exceptions_and_finds_one_by_its_original_start(google):
    made = series(google)
    google.api("PATCH", f"{EVENTS}/{made['id']}_20261026T090000Z", json={"summary": "Other"})
    address = f"{EVENTS}/{made['id']}/instances"
    items = google.api("GET", address, params=WEEKS).json()["items"]
    assert [item["summary"] for item in items] == ["Board", "Other", "Board"]
    wanted = {"originalStart": "2026-10-26T09:00:00Z"}
    found = google.api("GET", address, params={**WEEKS, **wanted}).json()["items"]
    assert [item["summary"] for item in found] == ["Other"]


def test_event_made_of_a_series_by_clearing_the_rule_stands_alone(google):
    made = series(google)
    google.api("PATCH", f"{EVENTS}/{made['id']}", json={"recurrence": None})
    assert [e["id"] for e in listed(google)] == [made["id"]]
