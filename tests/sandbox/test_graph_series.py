"""Graph series: patterns, occurrences, exceptions, boundaries."""

from __future__ import annotations

import pytest

LONDON = {"Prefer": 'outlook.timezone="Europe/London", odata.maxpagesize=100'}
WINDOW = {"startDateTime": "2026-10-01T00:00:00Z", "endDateTime": "2026-12-31T00:00:00Z"}


def series(graph, pattern, span=None, first="2026-10-19", expect=201, **fields):
    body = {
        "subject": "Board",
        "start": {"dateTime": f"{first}T09:00:00", "timeZone": "Europe/London"},
        "end": {"dateTime": f"{first}T10:00:00", "timeZone": "Europe/London"},
        "recurrence": {
            "pattern": {"interval": 1, **pattern},
            "range": {
                "startDate": first,
                **(span or {"type": "numbered", "numberOfOccurrences": 3}),
            },
        },
        **fields,
    }
    answer = graph.api("POST", "/me/events", json=body, headers=LONDON)
    assert answer.status_code == expect, answer.text
    return answer.json()


def view(graph, **params):
    params = {**WINDOW, **params}
    return graph.api("GET", "/me/calendarView", params=params, headers=LONDON).json()["value"]


def days(graph, **params):
    return [row["start"]["dateTime"][5:16] for row in view(graph, **params)]


WEEKLY = {"type": "weekly", "daysOfWeek": ["monday"]}


@pytest.mark.parametrize(
    ("pattern", "first", "expected"),
    [
        ({"type": "daily", "interval": 2}, "2026-10-19", ["10-19", "10-21", "10-23"]),
        (WEEKLY, "2026-10-19", ["10-19", "10-26", "11-02"]),
        (
            {"type": "weekly", "daysOfWeek": ["monday", "friday"], "firstDayOfWeek": "monday"},
            "2026-10-19",
            ["10-19", "10-23", "10-26"],
        ),
        ({"type": "absoluteMonthly", "dayOfMonth": 31}, "2026-10-31", ["10-31", "11-30"]),
        (
            {"type": "relativeMonthly", "daysOfWeek": ["tuesday"], "index": "second"},
            "2026-10-13",
            ["10-13", "11-10", "12-08"],
        ),
        (
            {"type": "relativeMonthly", "daysOfWeek": ["friday"], "index": "last"},
            "2026-10-30",
            ["10-30", "11-27", "12-25"],
        ),
        ({"type": "absoluteYearly", "dayOfMonth": 5, "month": 11}, "2026-11-05", ["11-05"]),
        (
            {"type": "relativeYearly", "daysOfWeek": ["monday"], "month": 11},
            "2026-11-02",
            ["11-02"],
        ),
    ],
)
def test_pattern_gives_its_days_at_the_wall_time(graph, pattern, first, expected):
    series(graph, pattern, first=first)
    assert [day for day in days(graph) if day < "12-31"] == [f"{day}T09:00" for day in expected]


@pytest.mark.parametrize(
    ("pattern", "span"),
    [
        ({"type": "weekly"}, None),
        ({"type": "daily", "daysOfWeek": ["monday"]}, None),
        ({"type": "absoluteMonthly", "dayOfMonth": 32}, None),
        ({"type": "hourly"}, None),
        (WEEKLY, {"type": "numbered"}),
        (WEEKLY, {"type": "endDate", "endDate": "2026-10-01"}),
        (WEEKLY, {"type": "noEnd", "startDate": "2026-10-20"}),
    ],
)
def test_bad_pattern_is_refused(graph, pattern, span):
    graph.adapter.before = lambda request: None
    answer = series(graph, pattern, span, expect=400)
    assert answer["error"]["code"] == "ErrorPropertyValidationFailure"


def test_series_is_answered_whole_and_can_be_sent_back(graph):
    made = series(graph, WEEKLY, {"type": "endDate", "endDate": "2026-10-26"})
    assert made["type"] == "seriesMaster"
    assert made["recurrence"]["pattern"] == {
        "type": "weekly",
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": ["monday"],
        "firstDayOfWeek": "sunday",
        "index": "first",
    }
    assert made["recurrence"]["range"]["recurrenceTimeZone"] == "Europe/London"
    address = f"/me/events/{made['id']}"
    assert graph.api("PATCH", address, json={"recurrence": made["recurrence"]}).status_code == 200
    assert len(days(graph)) == 2


def test_view_has_occurrences_and_never_the_series(graph):
    made = series(graph, WEEKLY)
    rows = view(graph)
    assert {row["type"] for row in rows} == {"occurrence"}
    assert {row["seriesMasterId"] for row in rows} == {made["id"]}
    assert len({row["iCalUId"] for row in rows}) == 3
    assert rows[0]["originalStart"] == "2026-10-19T08:00:00Z"
    assert len(rows[0]["id"]) > 150
    listed = graph.api("GET", "/me/events").json()["value"]
    assert [row["type"] for row in listed] == ["seriesMaster"]


def test_occurrence_changes_alone(graph):
    series(graph, WEEKLY)
    one = view(graph)[1]
    body = {"subject": "Moved", "start": {"dateTime": "2026-10-27T11:00:00", "timeZone": "UTC"}}
    body["end"] = {"dateTime": "2026-10-27T12:00:00", "timeZone": "UTC"}
    changed = graph.api("PATCH", f"/me/events/{one['id']}", json=body).json()
    assert (changed["type"], changed["id"]) == ("exception", one["id"])
    rows = view(graph)
    assert [(row["subject"], row["type"]) for row in rows] == [
        ("Board", "occurrence"),
        ("Moved", "exception"),
        ("Board", "occurrence"),
    ]
    assert rows[1]["start"]["dateTime"].startswith("2026-10-27T11:00")


@pytest.mark.parametrize("day", ["2026-10-19", "2026-11-02", "2026-11-10"])
def test_occurrence_may_not_move_over_its_neighbours(graph, day):
    series(graph, WEEKLY)
    one = view(graph)[1]
    body = {"start": {"dateTime": f"{day}T11:00:00", "timeZone": "Europe/London"}}
    body["end"] = {"dateTime": f"{day}T12:00:00", "timeZone": "Europe/London"}
    answer = graph.api("PATCH", f"/me/events/{one['id']}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "ErrorOccurrenceCrossingBoundary"


def test_occurrence_is_deleted_alone(graph):
    series(graph, WEEKLY)
    one = view(graph)[1]
    address = f"/me/events/{one['id']}"
    assert graph.api("DELETE", address).status_code == 204
    assert graph.api("GET", address).status_code == 404
    assert days(graph) == ["10-19T09:00", "11-02T09:00"]


def test_changed_occurrence_is_deleted_alone(graph):
    series(graph, WEEKLY)
    one = f"/me/events/{view(graph)[1]['id']}"
    graph.api("PATCH", one, json={"subject": "Other"})
    graph.api("DELETE", one)
    assert days(graph) == ["10-19T09:00", "11-02T09:00"]


def test_new_pattern_drops_exceptions(graph):
    made = series(graph, WEEKLY)
    graph.api("PATCH", f"/me/events/{view(graph)[1]['id']}", json={"subject": "Other"})
    recurrence = {**made["recurrence"]}
    recurrence["range"] = {"type": "numbered", "startDate": "2026-10-19", "numberOfOccurrences": 2}
    graph.api("PATCH", f"/me/events/{made['id']}", json={"recurrence": recurrence})
    assert [row["subject"] for row in view(graph)] == ["Board", "Board"]


def test_subject_of_the_series_keeps_exceptions(graph):
    made = series(graph, WEEKLY)
    graph.api("PATCH", f"/me/events/{view(graph)[1]['id']}", json={"subject": "Other"})
    graph.api("PATCH", f"/me/events/{made['id']}", json={"subject": "New"})
    assert [row["subject"] for row in view(graph)] == ["New", "Other", "New"]


def test_deleted_series_leaves_nothing(graph):
    made = series(graph, WEEKLY)
    graph.api("PATCH", f"/me/events/{view(graph)[1]['id']}", json={"subject": "Other"})
    graph.api("DELETE", f"/me/events/{made['id']}")
    assert view(graph) == []


def test_instances_are_those_of_the_series(graph):
    made = series(graph, WEEKLY)
    series(graph, {"type": "daily"})
    address = f"/me/events/{made['id']}/instances"
    rows = graph.api("GET", address, params=WINDOW, headers=LONDON).json()["value"]
    assert [row["seriesMasterId"] for row in rows] == [made["id"]] * 3
