"""Moving an event as a drag does it, against the sandbox."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import CalendarShare, Event
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice, raise_request_exception=False)


@pytest.fixture(params=["google", "outlook"])
def account(request, side, user_owner):
    return side(user_owner, request.param)


@pytest.fixture
def event(account, copy_events):
    account.store.add_event(account.remote, title="Review", start=TEN, end=TEN + timedelta(hours=1))
    copy_events(account.calendar.connection, now=TEN - timedelta(days=4))
    return Event.objects.get(title="Review")


def move(browser, event, **asked):
    return browser.post(f"/calendar/events/{event.pk}/move", asked)


def test_event_moves_at_its_provider_and_here(browser, account, event):
    answer = move(browser, event, start="2026-11-24T14:15", was="2026-11-23T10:00")
    assert answer.status_code == 200
    assert answer.json()["message"] == (
        "“Review” moved to Tuesday 24 November 2026, 14:15\u201315:15."
    )
    event.refresh_from_db()
    assert event.start_at == datetime(2026, 11, 24, 13, 15, tzinfo=UTC)
    (held,) = account.held()
    start = held["start"]
    text = start["dateTime"] if isinstance(start, dict) else start
    assert text.startswith(("2026-11-24T14:15", "2026-11-24T13:15"))


def test_lower_edge_stretches(browser, event):
    move(browser, event, end="2026-11-23T12:30")
    event.refresh_from_db()
    assert (event.start_at, event.end_at) == (TEN, TEN + timedelta(hours=2, minutes=30))


def test_undo_puts_it_back_exactly(browser, event):
    undo = move(browser, event, start="2026-11-24T14:15", end="2026-11-24T18:00").json()["undo_url"]
    answer = browser.post(undo)
    assert answer.json()["message"].startswith("“Review” is back at Monday 23 November 2026, 10:00")
    assert "undo_url" not in answer.json()
    event.refresh_from_db()
    assert (event.start_at, event.end_at) == (TEN, TEN + timedelta(hours=1))


def test_undo_of_what_moved_on_meanwhile_is_refused(browser, event):
    undo = move(browser, event, start="2026-11-24T14:15").json()["undo_url"]
    move(browser, event, start="2026-11-25T09:00")
    answer = browser.post(undo)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "It stays there." in answer.json()["message"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"start": "2026-11-24T14:15", "was": "2026-11-23T11:00"}, 409, "conflict"),
        ({"end": "2026-11-23T09:00"}, 400, "invalid"),
        ({"start": "tomorrow"}, 400, "invalid"),
        ({}, 400, "invalid"),
    ],
)
def test_refusal_says_why_and_moves_nothing(browser, event, asked, status, code):
    answer = move(browser, event, **asked)
    assert (answer.status_code, answer.json()["ok"], answer.json()["code"]) == (status, False, code)
    assert answer.json()["message"]
    event.refresh_from_db()
    assert event.start_at == TEN


def test_provider_that_does_not_answer_moves_nothing(browser, sandbox, account, event):
    operation = "google.events.patch" if account.calendar.connection.provider == "google" else (
        "microsoft.events.update")  # fmt: skip
    sandbox.fault(operation, status=503, count=None)
    answer = move(browser, event, start="2026-11-24T14:15")
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
    event.refresh_from_db()
    assert event.start_at == TEN


def test_one_occurrence_of_a_series_moves_alone_and_that_is_said(browser, account, copy_events):
    rule = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}
    account.store.add_event(
        account.remote, title="Daily", start=TEN, end=TEN + timedelta(minutes=30), **rule
    )
    copy_events(account.calendar.connection, now=TEN - timedelta(days=4))
    first, second, third = Event.objects.filter(title="Daily", recurrence=[]).order_by("start_at")
    answer = move(browser, second, start="2026-11-24T16:00")
    assert "Only this occurrence; the others stay." in answer.json()["message"]
    starts = Event.objects.filter(title="Daily", recurrence=[], deleted_at__isnull=True)
    assert list(starts.order_by("start_at").values_list("pk", "start_at")) == [
        (first.pk, TEN), (second.pk, TEN + timedelta(days=1, hours=6)),
        (third.pk, TEN + timedelta(days=2)),
    ]  # fmt: skip


def test_all_day_event_moves_by_dates(browser, user_owner, side):
    account = side(user_owner)
    browser.post("/calendar/events/new", {
        "title": "Fair", "calendar": account.calendar.pk, "day": "2026-11-23", "all_day": "on",
        "last_day": "2026-11-24", "zone": "Europe/Berlin", "conference": "none", "busy": "on",
        "reminders": "default", "visibility": "default", "guests": "",
    })  # fmt: skip
    fair = Event.objects.get()
    answer = move(browser, fair, start="2026-11-26", was="2026-11-23")
    assert answer.json()["message"] == (
        "“Fair” moved to Thursday 26 November \u2013 Friday 27 November 2026."
    )
    fair.refresh_from_db()
    assert (fair.start_wall, fair.end_wall) == ("2026-11-26", "2026-11-28")


# --- Who may ---


@pytest.fixture
def mirrored(user_owner):
    return make_event(make_calendar(make_connection(user_owner)), "Dentist", start=TEN)


def test_stranger_and_who_sees_the_time_only_learn_nothing(
    sign_in, charlie, other_workspace, bob, mirrored
):
    for user in (charlie, bob):
        answer = move(sign_in(user), mirrored, start="2026-11-24T14:15")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "Dentist" not in answer.text


def test_who_may_only_read_is_told_so(sign_in, bob, mirrored):
    CalendarShare.objects.create(calendar=mirrored.calendar, level="details")
    answer = move(sign_in(bob), mirrored, start="2026-11-24T14:15")
    assert (answer.status_code, answer.json()["message"]) == (
        403, "You can see this event and not change it.",
    )  # fmt: skip


def test_only_what_may_be_moved_says_so_on_the_page(sign_in, alice, bob, mirrored):
    CalendarShare.objects.create(calendar=mirrored.calendar, level="details")
    own, theirs = (
        sign_in(user).get("/calendar?view=week&date=2026-11-23").text for user in (alice, bob)
    )
    times = 'data-s="2026-11-23T10:00" data-e="2026-11-23T11:00"'
    assert re.search(rf'class="ev [^"]*can-move[^"]*" {times}', own)
    assert times in theirs
    assert "can-move" not in theirs


def test_nothing_moves_on_get(browser, mirrored):
    assert browser.get(f"/calendar/events/{mirrored.pk}/move?start=2026-11-24").status_code == 405
