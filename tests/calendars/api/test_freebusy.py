"""Free and busy over the API: times only, strangers alike, and suggestions that keep to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calendars.enums import Visibility
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.authentication import issue_service_token
from workspaces.enums import Role
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

URL = "/api/v1/calendar/free-busy"
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
NINE = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
DAY = {"timeMin": "2026-11-19T08:00:00Z", "timeMax": "2026-11-19T17:00:00Z"}
WINDOW = {"window_from": NOW - timedelta(days=90), "window_until": NOW + timedelta(days=400)}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def calendars(user_owner, bob_owner):
    return [make_calendar(make_connection(one), **WINDOW) for one in (user_owner, bob_owner)]


@pytest.fixture
def ask(sign_in, alice, workspace):
    browser = sign_in(alice)
    return lambda **query: browser.get(URL, {"people": "bob@example.com", **DAY, **query})


def test_colleagues_times_and_what_suits_both_are_told(ask, calendars):
    mine, bobs = calendars
    make_event(mine, start=NINE)
    make_event(bobs, "Secret", start=NINE + timedelta(hours=1), visibility=Visibility.PRIVATE)
    answer = ask(duration=60)
    assert "Secret" not in answer.text
    body = answer.json()
    assert [(one["email"], one["known"], one["busy"]) for one in body["people"]] == [
        ("alice@example.com", True,
         [{"start": "2026-11-19T09:00:00Z", "end": "2026-11-19T10:00:00Z"}]),
        ("bob@example.com", True,
         [{"start": "2026-11-19T10:00:00Z", "end": "2026-11-19T11:00:00Z"}]),
    ]  # fmt: skip
    assert body["suggestions"][0] == {
        "start": "2026-11-19T08:00:00Z",
        "end": "2026-11-19T09:00:00Z",
        "outsideHours": [],
        "notKnown": [],
    }
    assert [one["start"][11:16] for one in body["suggestions"]] == ["08:00", "11:00", "12:00"]


def test_who_is_not_known_is_named_in_every_suggestion(ask, user_owner):
    make_calendar(make_connection(user_owner), **WINDOW)
    body = ask(people="bob@example.com,kim@osprey.example", duration=30).json()
    assert [(one["email"], one["known"], one["why"]) for one in body["people"]] == [
        ("alice@example.com", True, ""),
        ("bob@example.com", False, "not_connected"),
        ("kim@osprey.example", False, "outside"),
    ]
    assert [one["notKnown"] for one in body["suggestions"]] == [
        ["bob@example.com", "kim@osprey.example"]
    ] * 3


def test_without_a_length_nothing_is_suggested_nor_in_the_past(ask, calendars):
    assert ask().json()["suggestions"] == []
    past = {"timeMin": "2026-11-17T08:00:00Z", "timeMax": "2026-11-17T17:00:00Z"}
    assert ask(duration=30, **past).json()["suggestions"] == []
    today = {"timeMin": "2026-11-18T08:00:00Z", "timeMax": "2026-11-18T17:00:00Z"}
    starts = [one["start"] for one in ask(duration=30, **today).json()["suggestions"]]
    assert starts == ["2026-11-18T14:30:00Z", "2026-11-18T15:00:00Z", "2026-11-18T15:30:00Z"]


def test_strangers_are_told_apart_from_nobody(ask, other_workspace, charlie, charlie_membership):
    theirs = make_calendar(make_connection(owner_of_user(charlie, other_workspace)), **WINDOW)
    make_event(theirs, start=NINE)
    both = ask(people="charlie@elsewhere.example,nobody@nowhere.example").json()["people"][1:]
    theirs, nobodys = ({**one, "email": ""} for one in both)
    assert theirs == nobodys


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"people": "bob"}, "people"),
        ({"people": ",".join(f"a{number}@x.example" for number in range(51))}, "people"),
        ({"timeMax": "2026-11-19T08:00:00Z"}, "timeMax"),
        ({"timeMax": "2027-11-19T08:00:00Z"}, "timeMax"),
        ({"timeMin": "tomorrow"}, "timeMin"),
        ({"timeMin": "2026-11-19T08:00:00"}, "timeMin"),
        ({"duration": "4"}, "duration"),
        ({"duration": "1441"}, "duration"),
        ({"mailbox": "x"}, "mailbox"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(ask, query, field):
    answer = ask(**query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_auditors_and_tokens_without_the_scope_are_refused(client, sign_in, workspace, alice):
    auditor = make_user("Noor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    query = {"people": "bob@example.com", **DAY}
    assert sign_in(auditor).get(URL, query).status_code == 403
    for scopes, status in ((["booking:read"], 403), (["calendar:read"], 200)):
        _, token = issue_service_token(workspace=workspace, acts_as=alice, name="t", scopes=scopes)
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get(URL, query, headers=headers).status_code == status


@pytest.mark.parametrize(
    "span",
    [
        {"timeMin": "0001-01-01T00:00:00Z", "timeMax": "0001-01-02T00:00:00Z"},
        {"timeMin": "9999-12-30T00:00:00Z", "timeMax": "9999-12-31T23:00:00Z"},
    ],
)
def test_years_without_a_day_before_or_after_are_refused(ask, calendars, span):
    answer = ask(**span)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["field"] == "timeMin"
