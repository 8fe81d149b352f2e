"""Moving an event as a drag does it, against the sandbox."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.messages import get_messages

from calendars.models import CalendarShare, Event
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone


@pytest.fixture(autouse=True)
def _clock(time_machine):
    """The week that its dates are written for."""
    time_machine.move_to("2026-11-20T12:00:00Z", tick=True)


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
    """As the script of the week asks."""
    return browser.post(f"/calendar/events/{event.pk}/move", asked, headers={"HX-Request": "true"})


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
    answer = browser.post(undo, headers={"HX-Request": "true"})
    assert answer.json()["message"].startswith("“Review” is back at Monday 23 November 2026, 10:00")
    assert "undo_url" not in answer.json()
    event.refresh_from_db()
    assert (event.start_at, event.end_at) == (TEN, TEN + timedelta(hours=1))


def test_undo_of_what_moved_on_meanwhile_is_refused(browser, event):
    undo = move(browser, event, start="2026-11-24T14:15").json()["undo_url"]
    move(browser, event, start="2026-11-25T09:00")
    answer = browser.post(undo, headers={"HX-Request": "true"})
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
    answer = move(browser, second, start="2026-11-24T16:00", scope="this")
    assert "Only this occurrence; the others stay." in answer.json()["message"]
    starts = Event.objects.filter(title="Daily", recurrence=[], deleted_at__isnull=True)
    assert list(starts.order_by("start_at").values_list("pk", "start_at")) == [
        (first.pk, TEN), (second.pk, TEN + timedelta(days=1, hours=6)),
        (third.pk, TEN + timedelta(days=2)),
    ]  # fmt: skip


# --- Of a series ---


@pytest.fixture
def daily(browser, account, copy_events):
    rule = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}
    account.store.add_event(
        account.remote, title="Daily", start=TEN, end=TEN + timedelta(minutes=30), **rule
    )
    copy_events(account.calendar.connection, now=TEN - timedelta(days=4))
    return list(Event.objects.filter(title="Daily", recurrence=[]).order_by("start_at"))


def hours():
    rows = Event.objects.filter(title="Daily", recurrence=[], deleted_at=None)
    return [f"{one.start_at:%d %H:%M}" for one in rows.order_by("start_at")]


def test_move_of_a_series_asks_how_much_of_it(browser, daily):
    page = html.unescape(
        browser.get(
            f"/calendar/events/{daily[1].pk}/move?start=2026-11-24T16:00&was=2026-11-24T10:00"
        ).content.decode()
    )
    assert "This event repeats" in page
    assert "to Tuesday 24 November 2026, 16:00\u201316:30" in page
    for name, value in (("start", "2026-11-24T16:00"), ("was", "2026-11-24T10:00")):
        assert f'name="{name}" value="{value}"' in page
    answer = move(browser, daily[1], start="2026-11-24T16:00")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert hours() == ["23 09:00", "24 09:00", "25 09:00"]


@pytest.mark.parametrize(
    ("scope", "moved", "said"),
    [
        ("this", ["23 09:00", "24 15:00", "25 09:00"], "Only this occurrence"),
        ("following", ["23 09:00", "24 15:00", "25 15:00"], "and the following moved"),
        ("all", ["23 15:00", "24 15:00", "25 15:00"], "All of “Daily” moved"),
    ],
)
def test_as_much_of_the_series_moves_as_was_chosen_and_undo_brings_it_back(
    browser, daily, scope, moved, said
):
    answer = move(
        browser, daily[1], start="2026-11-24T16:00", was="2026-11-24T10:00", scope=scope
    ).json()
    assert said in answer["message"]
    assert hours() == moved
    back = browser.post(answer["undo_url"], headers={"HX-Request": "true"}).json()
    assert "is back at Tuesday 24 November 2026, 10:00" in back["message"]
    assert hours() == ["23 09:00", "24 09:00", "25 09:00"]


def test_question_works_as_a_page_of_its_own(browser, daily):
    asked = {"start": "2026-11-24T16:00", "scope": "all"}
    answer = browser.post(f"/calendar/events/{daily[1].pk}/move", asked)
    assert (answer.status_code, answer["Location"]) == (302, "/calendar?date=2026-11-24")
    assert hours() == ["23 15:00", "24 15:00", "25 15:00"]
    refused = browser.post(
        f"/calendar/events/{daily[1].pk}/move", {"start": "tomorrow", "scope": "all"}
    )
    assert refused.status_code in (404, 422)


# --- Moved by somebody else meanwhile ---


def shift(account, event, hours):
    """Somebody moves it at the provider."""
    start = TEN + timedelta(hours=hours)
    is_google = account.calendar.connection.provider == "google"
    times = {
        name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}" + "Z" * is_google, "timeZone": "UTC"}
        for name, at in (("start", start), ("end", start + timedelta(hours=1)))
    }
    account.store.change_event(account.remote, event.remote_id, times)


@pytest.mark.parametrize("is_copied", [False, True], ids=["not yet known", "known"])
def test_conflict_says_where_it_is_and_offers_to_move_it_anyway(
    browser, account, event, copy_events, is_copied
):
    shift(account, event, 3)
    if is_copied:
        copy_events(account.calendar.connection, now=TEN - timedelta(days=4))
    answer = move(browser, event, start="2026-11-24T14:15", was="2026-11-23T10:00")
    assert answer.status_code in (409, 412)
    said = answer.json()
    assert said["code"] == "conflict"
    assert "was moved meanwhile, to Monday 23 November 2026, 13:00" in said["message"]
    assert said["open_url"] == f"/calendar/events/{event.pk}"
    event.refresh_from_db()
    assert event.start_at == TEN + timedelta(hours=3)
    done = browser.post(said["anyway_url"], headers={"HX-Request": "true"})
    assert done.json()["ok"] is True
    event.refresh_from_db()
    assert event.start_at == datetime(2026, 11, 24, 13, 15, tzinfo=UTC)


def test_edge_that_was_pulled_goes_where_it_was_seen(browser, account, event):
    shift(account, event, 3)
    said = move(browser, event, end="2026-11-23T12:30", was="2026-11-23T10:00").json()
    browser.post(said["anyway_url"], headers={"HX-Request": "true"})
    event.refresh_from_db()
    assert (event.start_at, event.end_at) == (TEN, TEN + timedelta(hours=2, minutes=30))


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
    assert re.search(rf'{times} class="ev [^"]*can-move[^"]*"', own)
    assert times in theirs
    assert "can-move" not in theirs


def test_nothing_moves_on_get(browser, mirrored):
    page = browser.get(f"/calendar/events/{mirrored.pk}/move?start=2026-11-24T14:15")
    assert page.status_code == 200
    mirrored.refresh_from_db()
    assert mirrored.start_at == TEN


def test_event_that_is_gone_is_said_without_scripts_too(browser, account, event, sandbox):
    sandbox.fault("*.events.*", status=404, count=None)
    asked = {"start": "2026-11-24T14:15", "was": "2026-11-23T10:00"}
    answer = browser.post(f"/calendar/events/{event.pk}/move", asked)
    assert (answer.status_code, answer["Location"]) == (302, "/calendar")
    (message,) = get_messages(answer.wsgi_request)
    assert str(message).startswith("This event no longer exists in its calendar. Nothing was")
