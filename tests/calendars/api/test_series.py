"""Series over the API: made by a rule, and changed and deleted by scope, on both providers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import time_machine

from calendars.models import Event
from calendars.services import splitting

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/calendar/events"
# Four Mondays at nine in Berlin; the last one is in winter.
FOUR = ["2026-10-05T07:00:00Z", "2026-10-12T07:00:00Z", "2026-10-19T07:00:00Z",
        "2026-10-26T08:00:00Z"]  # fmt: skip


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 10, 1, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def calendar(connect, user_owner, provider):
    return connect(user_owner, provider).calendars.get()


def create(api, calendar, **draft):
    given = {
        "title": "Stand-up", "start": "2026-10-05T09:00:00", "end": "2026-10-05T10:00:00",
        "timeZone": "Europe/Berlin", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    }  # fmt: skip
    body = {"calendar": str(calendar.pk), "draft": {**given, **draft}}
    return api.post(EVENTS, json.dumps(body), content_type="application/json")


def change(api, event, draft, **more):
    body = {"event": event["id"], "draft": draft, **more}
    return api.patch(EVENTS, json.dumps(body), content_type="application/json")


def remove(api, event, **query):
    return api.delete(f"{EVENTS}?{urlencode({'event': event['id'], **query})}")


def listed(api):
    span = {"timeMin": "2026-10-01T00:00:00Z", "timeMax": "2026-12-31T00:00:00Z"}
    return api.get(f"{EVENTS}?{urlencode(span)}").json()


def told(api):
    return [(one["title"], one["start"]) for one in listed(api)]


@pytest.fixture
def four(api, calendar):
    assert create(api, calendar).status_code == 201
    return listed(api)


def test_series_is_listed_as_soon_as_it_is_made(api, calendar):
    made = create(api, calendar).json()["event"]
    assert made["recurrence"][0].startswith("RRULE:FREQ=WEEKLY")
    assert made["series"] == made["id"]
    found = listed(api)
    assert [one["start"] for one in found] == FOUR
    assert {one["series"] for one in found} == {made["id"]}
    assert [one["originalStart"] for one in found] == FOUR
    assert not any(one["exception"] or one["recurrence"] for one in found)


@pytest.mark.parametrize(
    ("recurrence", "field"),
    [
        (["RRULE:FREQ=MINUTELY"], "draft.recurrence[0]"),
        (["RRULE:FREQ=DAILY;COUNT=731"], "draft.recurrence[0]"),
        (["RRULE:FREQ=DAILY", "EXDATE:tomorrow"], "draft.recurrence[1]"),
        (["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "draft.recurrence[1]"),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU"], "draft.recurrence[0]"),
        (["RRULE:FREQ=DAILY;UNTIL=20261018"], "draft.recurrence[0]"),
        (["EXDATE:20261012T070000Z"], "draft.recurrence[0]"),
    ],
)
def test_bad_rule_is_named(api, calendar, four, recurrence, field):
    answer = create(api, calendar, recurrence=recurrence)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    if field.endswith("[1]") or "TU" not in recurrence[0]:
        answer = change(api, four[1], {"recurrence": recurrence}, scope="following")
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert len(listed(api)) == 4


def test_this_changes_one(api, four):
    answer = change(api, four[1], {"start": "2026-10-12T13:00:00Z", "end": "2026-10-12T14:00:00Z"})
    event = answer.json()["event"]
    assert (event["id"], event["originalStart"]) == (four[1]["id"], FOUR[1])
    assert event["exception"] is True
    assert [one["id"] for one in listed(api)] == [one["id"] for one in four]
    assert [one["start"] for one in listed(api)] == [
        FOUR[0], "2026-10-12T13:00:00Z", *FOUR[2:],
    ]  # fmt: skip


def test_following_changes_it_and_the_later_ones(api, four):
    answer = change(api, four[2], {"title": "Later"}, scope="following")
    assert answer.status_code == 200
    body = answer.json()
    assert body["event"]["start"] == FOUR[2]
    assert "notes" not in body
    assert told(api) == [
        ("Stand-up", FOUR[0]), ("Stand-up", FOUR[1]), ("Later", FOUR[2]), ("Later", FOUR[3]),
    ]  # fmt: skip
    assert body["eventId"] == listed(api)[2]["id"]
    assert len({one["series"] for one in listed(api)}) == 2


def test_all_changes_all(api, four):
    moved = {"start": "2026-10-26T09:30:00Z", "end": "2026-10-26T10:00:00Z"}
    assert change(api, four[3], moved, scope="all").status_code == 200
    assert [one["start"][11:16] for one in listed(api)] == ["08:30", "08:30", "08:30", "09:30"]


def test_series_itself_stands_for_all(api, calendar):
    made = create(api, calendar).json()["event"]
    assert change(api, made, {"title": "Daily"}).status_code == 200
    assert {title for title, _ in told(api)} == {"Daily"}
    assert remove(api, made).json() == {"ok": True}
    assert listed(api) == []


def test_rule_of_all_is_replaced(api, four):
    rule = ["RRULE:FREQ=DAILY;COUNT=2"]
    assert change(api, four[0], {"recurrence": rule}, scope="all").status_code == 200
    assert [start for _, start in told(api)] == [FOUR[0], "2026-10-06T07:00:00Z"]


def test_one_event_takes_no_rule(api, four):
    answer = change(api, four[1], {"recurrence": ["RRULE:FREQ=DAILY"]})
    assert (answer.status_code, answer.json()["field"]) == (400, "draft.recurrence")


@pytest.mark.parametrize(("scope", "left"), [("this", [0, 2, 3]), ("following", [0]), ("all", [])])
def test_delete_by_scope(api, four, scope, left):
    assert remove(api, four[1], scope=scope).json() == {"ok": True}
    assert [start for _, start in told(api)] == [FOUR[one] for one in left]
    assert remove(api, four[1], scope=scope).json() == {"ok": True}


def test_what_could_not_be_finished_is_in_the_notes(api, four, sandbox, provider):
    update = {"google": "google.events.patch", "outlook": "microsoft.events.update"}[provider]
    sandbox.fault(update, status=503)
    answer = change(api, four[2], {"title": "Later"}, scope="following")
    assert (answer.status_code, answer.json()["notes"]) == (200, [splitting.NOT_ENDED])


def test_what_outlook_cannot_hold_is_said(api, connect, user_owner):
    calendar = connect(user_owner, "outlook").calendars.get()
    answer = create(api, calendar, recurrence=["RRULE:FREQ=MONTHLY;BYMONTHDAY=5,20"])
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported")
    assert "Outlook cannot repeat an event like this" in answer.json()["message"]


@pytest.mark.parametrize("scope", ["every", ""])
def test_unknown_scope_is_named(api, four, scope):
    assert change(api, four[1], {"title": "x"}, scope=scope).json()["field"] == "scope"
    assert remove(api, four[1], scope=scope or "none").json()["field"] == "scope"


@pytest.mark.parametrize("scope", ["this", "following", "all"])
def test_stranger_changes_nothing(api, four, sign_in, charlie, other_workspace, scope):
    stranger = sign_in(charlie)
    assert change(stranger, four[1], {"title": "x"}, scope=scope).status_code == 404
    assert remove(stranger, four[1], scope=scope).status_code == 404
    assert {title for title, _ in told(api)} == {"Stand-up"}


def test_series_changed_elsewhere_is_412_with_the_occurrence_as_it_is_now(
    api, calendar, provider, sandbox
):
    create(api, calendar)
    second = listed(api)[1]
    master = Event.objects.exclude(recurrence=[]).get()
    times = {
        name: {"dateTime": f"2026-10-05T{hour}:00:00", "timeZone": "Europe/Berlin"}
        for name, hour in (("start", "14"), ("end", "15"))
    }
    remote = sandbox.calendar(calendar.connection)
    sandbox.store.change_event(remote, master.remote_id, times)
    answer = change(api, second, {"title": "Mine"}, scope="all")
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    theirs = answer.json()["theirs"]
    assert theirs["start"] == "2026-10-12T12:00:00Z"
    assert theirs in listed(api)
    assert change(api, theirs, {"title": "Mine"}, scope="all").status_code == 200
    assert {one["title"] for one in listed(api)} == {"Mine"}
