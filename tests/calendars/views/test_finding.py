"""Guests and a time for them in the dialog: who is free, what suits, with and without scripts."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars.enums import Visibility
from calendars.models import Calendar, Event
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.owners import UserOwner, owner_of_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
TEN = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, everybody's zone
HOUR = timedelta(hours=1)
WINDOW = {"window_from": NOW - timedelta(days=90), "window_until": NOW + timedelta(days=400)}
NEW = "/calendar/events/new"
TIMES = {"HX-Request": "true", "HX-Target": "ev-times"}
FORM = {
    "title": "Kick-off", "day": "2026-11-19", "start": "10:00", "end": "11:00",
    "zone": "Europe/Berlin", "conference": "none", "busy": "on", "reminders": "default",
    "visibility": "default", "guests": "bob@example.com", "last_day": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def copied(owner, **fields):
    return make_calendar(make_connection(owner), **{**WINDOW, **fields})


@pytest.fixture
def mine(user_owner):
    return copied(user_owner)


@pytest.fixture
def bobs(bob_owner):
    return copied(bob_owner)


def text(response) -> str:
    words = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    plain = words.replace("\u2013", "-").replace("\u2019", "'")
    return re.sub(r"\s+", " ", plain)


def offered(response) -> list[str]:
    return re.findall(r'name="update" value="time:([^"]+)"', response.text)


@pytest.fixture
def ask(browser, mine):
    """Call it with changes of the form: what stands below the guests then."""
    return lambda **changes: browser.post(NEW, {**FORM, **changes}, headers=TIMES)


# --- Who is free ---


def test_everybody_is_free_then_and_other_times_suit_too(ask, bobs):
    answer = ask()
    assert "10:00-11:00 suits you both." in text(answer)
    assert text(answer).count("Both free") == 3
    assert offered(answer) == [
        "2026-11-19T09:00/2026-11-19T10:00",
        "2026-11-19T11:00/2026-11-19T12:00",
        "2026-11-19T12:00/2026-11-19T13:00",
    ]


def test_who_is_busy_is_named_with_the_time_and_nothing_else(ask, bobs):
    make_event(bobs, "Surgery", start=TEN, visibility=Visibility.PRIVATE)
    answer = ask()
    assert "Bob Busy 10:00-11:00 Busy 10:00-11:00" in text(answer)
    assert "10:00-11:00 does not suit everyone." in text(answer)
    assert "Surgery" not in answer.text
    assert "2026-11-19T10:00/2026-11-19T11:00" not in offered(answer)
    assert offered(answer)[0] == "2026-11-19T09:00/2026-11-19T10:00"


def test_who_is_away_all_day_is_said_so(ask, bobs):
    """It read "Busy 00:00-00:00"."""
    make_event(
        bobs, start=datetime(2026, 11, 18, 23, 0, tzinfo=UTC), end=NOW + 48 * HOUR, is_all_day=True,
        start_wall="2026-11-19", end_wall="2026-11-22",
    )  # fmt: skip
    assert "Bob Busy all day Busy all day" in text(ask())


def test_strip_is_drawn_in_minutes_of_the_day(ask, bobs):
    make_event(bobs, start=TEN, end=TEN + HOUR / 2)
    assert '<rect class="taken" x="600" y="3" width="30"' in ask().text


def test_day_of_25_hours_is_drawn_whole(ask, bobs):
    make_event(bobs, start=datetime(2026, 10, 25, 22, 0, tzinfo=UTC))
    answer = ask(day="2026-10-25")
    assert 'viewBox="0 0 1500 20"' in answer.text
    assert '<rect class="taken" x="1440" y="3" width="60"' in answer.text
    assert "Busy 23:00-00:00" in text(answer)


def test_copy_that_is_old_is_said_and_not_called_free(ask, bobs):
    Calendar.objects.filter(pk=bobs.pk).update(synced_at=NOW - 2 * HOUR)
    words = text(ask())
    assert "Not known since 13:20: their calendar cannot be read" in words
    assert "suits" not in words.replace("may not suit", "")
    assert "Both free" not in words
    assert words.count("You free Bob not known") == 3


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ConnectionState.RECONNECT_NEEDED, "their calendar has to be connected again"),
        (ConnectionState.PAUSED, "their calendar is paused"),
    ],
)
def test_account_that_cannot_be_read_is_said(ask, bob_owner, state, words):
    make_calendar(make_connection(bob_owner, state=state), **WINDOW)
    answer = text(ask())
    assert words in answer
    assert "Both free" not in answer


def test_colleague_without_a_calendar_and_strangers_are_not_known(ask, bobs, workspace):
    nora = make_user("Nora Lind")
    make_member(workspace, nora)
    words = text(ask(guests=f"bob@example.com, {nora.email} kim@osprey.example"))
    assert "Nora Lind Not known: no calendar connected" in words
    assert words.count("2 of 3 free Nora not known") == 3
    assert "kim@osprey.example is not in Acme: when they are free is not known." in words


def test_only_strangers_get_one_line(ask, other_workspace, charlie, charlie_membership):
    make_event(copied(owner_of_user(charlie, other_workspace)), start=TEN)
    answer = ask(guests="charlie@elsewhere.example; kim@osprey.example")
    assert text(answer).strip() == "2 guests are not in Acme: when they are free is not known."
    assert offered(answer) == []


def test_outside_a_colleagues_hours_is_said_with_their_own_time(ask, bob, bobs):
    bob.profile.timezone = "America/New_York"
    bob.profile.save()
    words = text(ask())
    assert "Free, outside working hours, 04:00-05:00 in New York (EST)" in words
    # 15:00-17:00 in Berlin are working hours of both: two times an hour long, and a third outside
    assert offered(ask())[:2] == [
        "2026-11-19T15:00/2026-11-19T16:00", "2026-11-19T16:00/2026-11-19T17:00",
    ]  # fmt: skip


def test_where_nobody_works_it_is_said_of_each_suggestion(ask, bob, bobs):
    bob.profile.availability_settings = {
        **bob.profile.availability_settings,
        **{day: {"enabled": False} for day in
           ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
    }  # fmt: skip
    bob.profile.save()
    assert text(ask()).count("Outside Bob's working hours") == 3


# --- Which times ---


@pytest.mark.parametrize(
    ("changes", "offers"),
    [
        ({"guests": ""}, 0),
        ({"guests": "alice@example.com"}, 0),
        ({"all_day": "on"}, 0),
        ({"start": ""}, 0),
        ({"end": "09:00"}, 0),
        ({"day": "soon"}, 0),
        ({"zone": "Mars/Base"}, 0),
        ({"day": "2026-10-01"}, 0),
        ({"last_day": "2026-11-21"}, 0),
        ({"zone": "America/New_York"}, 3),
        ({"day": "2026-11-18"}, 3),
    ],
)
def test_times_are_offered_for_a_plain_wish_only(ask, bobs, changes, offers):
    answer = ask(**changes)
    assert (answer.status_code, len(offered(answer))) == (200, offers)


def test_nothing_is_offered_that_is_over(ask, bobs):
    answer = ask(day="2026-11-18", start="15:30", end="16:00")
    assert all(one >= "2026-11-18T15:20" for one in offered(answer))


def test_end_in_another_zone_is_offered_by_the_clock_there(ask, bobs):
    make_event(bobs, start=TEN)
    answer = ask(end="05:00", end_zone="America/New_York")
    assert offered(answer)[0] == "2026-11-19T09:00/2026-11-19T04:00"


# --- Without scripts ---


def test_button_shows_the_times_and_a_press_takes_one(browser, mine, bobs):
    make_event(bobs, start=TEN)
    page = browser.post(NEW, {**FORM, "calendar": str(mine.pk), "update": "times"})
    assert page.status_code == 200
    assert 'value="Kick-off"' in page.text
    (first, *_) = offered(page)
    page = browser.post(NEW, {**FORM, "calendar": str(mine.pk), "update": f"time:{first}"})
    for field in ('name="day" value="2026-11-19"', 'name="start" value="09:00"',
                  'name="end" value="10:00"', "bob@example.com</textarea>"):  # fmt: skip
        assert field in page.text
    assert "09:00-10:00 suits you both." in text(page)
    assert Event.objects.count() == 1  # bob's: nothing was made yet


def test_pressing_a_time_while_changing_an_event_changes_nothing_yet(browser, mine, bobs):
    event = make_event(mine, "Kick-off", start=TEN)
    address = f"/calendar/events/{event.pk}/edit"
    pressed = {**FORM, "update": "time:2026-11-20T23:00/2026-11-21T01:00"}
    page = browser.post(address, pressed)
    assert page.status_code == 200
    for field in ('name="day" value="2026-11-20"', 'name="last_day" value="2026-11-21"'):
        assert field in page.text
    event.refresh_from_db()
    assert event.start_at == TEN


def test_asking_for_times_while_changing_an_event_saves_nothing(browser, side, user_owner, sandbox):
    own = side(user_owner, "google")
    browser.post(NEW, {**FORM, "calendar": str(own.calendar.pk), "guests": "", "stops": "never"})
    event = Event.objects.get(title="Kick-off")
    address = f"/calendar/events/{event.pk}/edit"
    told = browser.post(address, {**FORM, "title": "Later", "start": "10:30"}, headers=TIMES)
    assert told.status_code == 200
    assert "10:30-11:00" in text(told)
    assert "<form" not in told.text
    event.refresh_from_db()
    assert (event.title, event.start_at, event.attendees) == ("Kick-off", TEN, [])
    assert [one["summary"] for one in own.held()] == ["Kick-off"]


@pytest.mark.parametrize("pressed", ["time:", "time:x/y", "time:2026-11-19T10:00"])
def test_button_that_names_no_time_changes_no_field(browser, mine, bobs, pressed):
    page = browser.post(NEW, {**FORM, "calendar": str(mine.pk), "update": pressed})
    assert 'name="start" value="10:00"' in page.text


def test_form_of_an_event_shows_its_guests_times_without_the_event_itself(browser, mine, bobs):
    guest = {
        "email": "bob@example.com", "name": "Bob", "response": "accepted", "is_optional": False,
        "is_organizer": False, "is_self": False,
    }  # fmt: skip
    event = make_event(mine, start=TEN, ical_uid="u1", attendees=[guest])
    make_event(bobs, start=TEN, ical_uid="u1")
    page = browser.get(f"/calendar/events/{event.pk}/edit")
    assert "10:00-11:00 suits you both." in text(page)


def test_form_without_guests_asks_for_nobodys_time(browser, mine, bobs):
    page = browser.get(NEW)
    assert 'id="ev-times"' in page.text
    assert "times-rows" not in page.text
    assert not OAuthTokenAccessLog.objects.exists()


# --- What it costs ---


def test_queries_do_not_grow_with_guests(ask, workspace, bobs):
    emails = []
    for number in range(4):
        somebody = make_user(f"Colleague {number}")
        make_member(workspace, somebody)
        owner = UserOwner(workspace=workspace, user=somebody, profile=somebody.profile)
        make_event(copied(owner), start=TEN)
        emails.append(somebody.email)

    def queries(guests):
        ask(guests=guests)
        with CaptureQueriesContext(database) as captured:
            ask(guests=guests)
        return len(captured)

    assert queries(emails[0]) == queries(",".join(emails))
