"""The week and the day as a browser gets them."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, CalendarShare
from tests.factories import (
    make_calendar,
    make_connection,
    make_event,
    make_member,
    make_user,
    make_workspace,
)
from workspaces.enums import Role, Tier
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

# A Wednesday; alice's clock (Berlin) reads 15:20.
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
PAGE = "/calendar?date=2026-11-18"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner, email="alice@google.example"), "Studio")


@pytest.fixture
def bobs(bob_owner):
    return make_calendar(make_connection(bob_owner, email="bob@google.example"), "Bob's")


def text(response) -> str:
    return response.content.decode()


def titles(response) -> list[str]:
    return re.findall(r'<span class="t">(.*?)</span>', text(response))


# --- What it shows ---


def test_events_of_every_calendar_stand_in_one_week(browser, own, user_owner, client_owner):
    outlook = make_calendar(make_connection(user_owner, provider="outlook"), "Board")
    dental = make_calendar(make_connection(client_owner, provider="outlook"), "Dental")
    make_event(own, "Stand-up", start=NINE)
    make_event(outlook, "Fee schedule", start=NINE + timedelta(hours=2))
    make_event(dental, "Recall list", start=NINE + timedelta(hours=4))
    make_event(own, "Next week", start=NINE + timedelta(days=7))
    response = browser.get(PAGE)
    assert titles(response) == ["Stand-up", "Fee schedule", "Recall list"]
    assert "16\u201322 November 2026<small>Week 47</small>" in text(response)


def test_day_shows_one_date(browser, own):
    make_event(own, "Today", start=NINE)
    make_event(own, "Tomorrow", start=NINE + timedelta(days=1))
    response = browser.get("/calendar?view=day&date=2026-11-18")
    assert titles(response) == ["Today"]
    assert 'class="week one"' in text(response)


def test_week_without_a_date_is_this_one(browser, own):
    assert "Week of Monday 16 November 2026" in text(browser.get("/calendar"))


def test_event_stands_at_the_hour_of_the_members_zone(browser, own):
    make_event(own, "Stand-up", start=NINE)
    assert '<span class="h">09:00' in text(browser.get(PAGE))


def test_second_zone_stands_in_the_gutter(browser, own, alice):
    alice.profile.second_timezone = "America/New_York"
    alice.profile.save()
    page = text(browser.get(PAGE))
    assert '<abbr title="New York">EST</abbr>' in page
    assert "<li><span>03</span><span>09:00</span></li>" in page


def test_hours_outside_availability_are_shaded(browser, own):
    wednesday = text(browser.get("/calendar?view=day&date=2026-11-18"))
    assert re.findall(r'<i class="(off [^"]*)"', wednesday) == ["off s0 n36", "off s68 n28"]


def test_now_is_marked_only_in_the_week_that_holds_it(browser, own):
    assert 'data-now="2026-11-18T15:20"' in text(browser.get(PAGE))
    later = text(browser.get("/calendar?date=2026-11-25"))
    assert "data-now" not in later
    assert "data-clock" not in later


def test_empty_hours_are_links_that_work_without_scripts(browser, own):
    page = text(browser.get(PAGE))
    assert 'href="/calendar/events/new?start=2026-11-19T14:00"' in page
    assert browser.get("/calendar/events/new?start=2026-11-19T14:00").status_code == 200


def test_hostile_text_of_an_event_is_only_text(browser, own):
    make_event(own, "<script>alert(1)</script>", start=NINE, location='"><img src=x>')
    make_event(own, "</a><b>", start=NINE, is_all_day=True, start_wall="2026-11-18",
               end_wall="2026-11-19")  # fmt: skip
    page = text(browser.get(PAGE))
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "<span></a><b></span>" not in page
    assert titles(browser.get(PAGE)) == ["&lt;script&gt;alert(1)&lt;/script&gt;"]


def test_all_day_events_stand_above(browser, own):
    make_event(own, "On leave", start=NINE, is_all_day=True, start_wall="2026-11-16",
               end_wall="2026-11-19")  # fmt: skip
    page = text(browser.get(PAGE))
    assert re.search(r'<div class="ad hue-tide c0 d3 r1[^>]*>.*?<span>On leave</span>', page)


def test_meeting_link_on_its_way_is_said(browser, own):
    make_event(own, "Call", start=NINE, conference="meet", conference_state="pending")
    assert "Google Meet link on its way" in text(browser.get(PAGE))


# --- Connecting ---


def test_page_without_calendars_offers_to_connect(browser):
    page = text(browser.get("/calendar"))
    assert "Connect a calendar and its events appear here within ten seconds." in page
    assert page.count('href="/oauth/google/start?user=me&amp;next=calendar"') == 2
    assert page.count("Connect Microsoft") == 2


def test_page_with_calendars_offers_to_connect_too(browser, own):
    page = text(browser.get("/calendar"))
    assert page.count("Connect Google") == 1
    assert page.count("Connect Microsoft") == 1


def test_free_plan_with_an_account_says_which_plan_connects_more(sign_in, charlie):
    workspace = make_workspace("Free", tier=Tier.FREE, owner=charlie)
    make_calendar(make_connection(owner_of_user(charlie, workspace), email="c@google.example"))
    page = text(sign_in(charlie).get("/calendar"))
    assert "/oauth/outlook/start" not in page
    assert "c@google.example is connected. More accounts are on Standard." in page


def test_account_to_reconnect_is_named_with_the_time_of_its_copy(browser, user_owner):
    broken = make_connection(user_owner, provider="outlook", state=ConnectionState.RECONNECT_NEEDED)
    make_calendar(broken, "Northgate board", synced_at=NOW - timedelta(minutes=15))
    page = text(browser.get(PAGE))
    assert "<b>Northgate board</b> as of 15:05." in page
    assert "Outlook asks to be signed in again" in page
    again = f"/oauth/outlook/start?user=me&amp;next=calendar&amp;again={broken.pk}"
    assert f'href="{again}">Reconnect</a>' in page


def test_calendar_that_could_not_be_read_keeps_its_events(browser, own):
    own.sync_error = "Google Calendar did not answer."
    own.save()
    make_event(own, "Stand-up", start=NINE)
    response = browser.get(PAGE)
    assert titles(response) == ["Stand-up"]
    assert "is-stale" in text(response)
    assert 'class="notice"' in text(response)


def test_page_polls_for_changes_with_the_cursor_of_what_it_shows(browser, own, bobs):
    bobs.is_shown = False
    bobs.save()
    own.sync_tried_at = NOW
    own.save()
    address = re.search(r'data-changes="([^"]+)"', text(browser.get("/calendar")))[1]
    assert browser.get(address).status_code == 204
    make_calendar(own.connection, "New one")
    assert browser.get(address).status_code == 200


# --- The refresh in place ---


def test_htmx_gets_the_week_and_what_stands_beside_it(browser, own):
    response = browser.get(PAGE, headers={"HX-Request": "true"})
    page = text(response)
    assert "<html" not in page
    assert page.count('id="week"') == page.count('id="notice"') == page.count('id="accounts"') == 1
    assert page.count("hx-swap-oob") == 2
    assert "HX-Request" in response["Vary"]


# --- Wrong addresses ---


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date=tomorrow", "date"),
        ("date=2026-13-01", "date"),
        ("date=20261118", "date"),
        ("date=0001-01-01", "date"),
        ("date=9999-12-31", "date"),
        ("view=year", "view"),
        ("view=<script>", "view"),
    ],
)
def test_wrong_address_is_refused_in_words(browser, query, field):
    response = browser.get(f"/calendar?{query}")
    assert response.status_code == 400
    assert f'data-field="{field}"' in text(response)
    assert 'href="/calendar">To today</a>' in text(response)


# --- Who sees what ---


def test_nobody_signed_in_is_sent_to_sign_in(client):
    assert client.get("/calendar").status_code == 302


def test_auditor_has_no_calendar_page(sign_in, workspace):
    auditor = make_user("Aud")
    make_member(workspace, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get("/calendar").status_code == 404


def test_stranger_sees_nothing_of_another_workspace(sign_in, charlie, other_workspace, own):
    make_event(own, "Secret", start=NINE)
    page = text(sign_in(charlie).get(PAGE))
    assert "Secret" not in page
    assert "alice@google.example" not in page


def test_colleague_sees_that_time_is_taken_and_opens_nothing(sign_in, bob, own):
    event = make_event(own, "Dentist", start=NINE, location="High Street")
    browser = sign_in(bob)
    tick(browser, [own], [own])
    response = browser.get(PAGE)
    assert titles(response) == ["Busy"]
    assert "Dentist" not in text(response)
    assert "High Street" not in text(response)
    assert str(event.pk) not in text(response)


def test_colleague_sees_a_shared_calendar_in_full(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    make_event(own, "Dentist", start=NINE)
    make_event(own, "Private", start=NINE + timedelta(hours=2), visibility="private")
    assert titles(sign_in(bob).get(PAGE)) == ["Dentist", "Busy"]


def test_calendar_a_colleague_hides_is_not_shown(sign_in, bob, own):
    own.is_shown = False
    own.save()
    make_event(own, "Dentist", start=NINE)
    response = sign_in(bob).get(PAGE)
    assert titles(response) == []
    assert "Studio" not in text(response)


# --- Boxes beside the week ---


def tick(browser, offered, shown, **more):
    data = {"offered": [c.pk for c in offered], "shown": [c.pk for c in shown]}
    return browser.post("/calendar/shown", {**data, "next": PAGE}, **more)


def test_unticked_calendar_leaves_the_week_and_stays_out(browser, own):
    other = make_calendar(own.connection, "Rooms", is_primary=False)
    make_event(own, "Stand-up", start=NINE)
    make_event(other, "Room 2", start=NINE)
    response = tick(browser, [own, other], [own])
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert titles(browser.get(PAGE)) == ["Stand-up"]
    other.refresh_from_db()
    assert other.is_shown is False


def test_boxes_of_the_page_can_be_sent_back_as_they_are(browser, own, bobs):
    page = text(browser.get(PAGE))
    offered = re.findall(r'name="offered" value="([^"]+)"', page)
    shown = re.findall(r'name="shown" id="[^"]+" value="([^"]+)" checked', page)
    assert set(offered) == {str(own.pk), str(bobs.pk)}
    assert shown == [str(own.pk)]


def test_ticking_with_htmx_tells_the_page(browser, own):
    response = tick(browser, [own], [], headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert "events:changed" in response["HX-Trigger"]


def test_colleagues_busy_times_are_laid_over_by_choice_and_stay(sign_in, alice, bob, own, bobs):
    """Colleagues' busy times filled everybody's week, and leaving them out was forgotten."""
    make_event(bobs, "Dentist", start=NINE)
    browser = sign_in(alice)
    assert titles(browser.get(PAGE)) == []
    tick(browser, [own, bobs], [own, bobs])
    assert titles(browser.get(PAGE)) == ["Busy"]
    assert titles(sign_in(alice).get(PAGE)) == ["Busy"], "another session of hers"
    tick(browser, [own, bobs], [own])
    assert titles(browser.get(PAGE)) == []
    bobs.refresh_from_db()
    assert bobs.is_shown is True
    assert titles(sign_in(bob).get(PAGE)) == ["Dentist"]


def test_shared_calendar_can_be_left_out_for_oneself(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    make_event(own, "Dentist", start=NINE)
    browser = sign_in(bob)
    tick(browser, [own], [])
    assert titles(browser.get(PAGE)) == []
    own.refresh_from_db()
    assert own.is_shown is True


def test_stranger_cannot_hide_a_calendar(sign_in, charlie, other_workspace, own):
    assert tick(sign_in(charlie), [own], []).status_code == 404
    own.refresh_from_db()
    assert own.is_shown is True


def test_boxes_with_ids_that_are_none_are_refused(browser):
    assert browser.post("/calendar/shown", {"offered": "x"}).status_code == 404


def test_ticking_goes_back_to_no_foreign_address(browser, own):
    response = browser.post("/calendar/shown", {"offered": own.pk, "next": "//evil.example/"})
    assert response["Location"] == "/calendar"


# --- The log ---


def test_reading_is_logged_once_per_connection_and_week(browser, own, client_owner):
    make_calendar(make_connection(client_owner))
    make_calendar(own.connection, "Rooms", is_primary=False)
    browser.get(PAGE)
    browser.get("/calendar?view=day&date=2026-11-19")
    rows = OAuthTokenAccessLog.objects.all()
    assert [(r.reason, r.outcome, r.target) for r in rows] == [
        ("calendar.events.list", "mirror", "week 2026-11-16")
    ] * 2
    assert {r.actor_name for r in rows} == {"alice@example.com"}
    browser.get("/calendar?date=2026-11-25")
    assert OAuthTokenAccessLog.objects.count() == 4


def test_a_page_that_is_opened_has_old_copies_read_again(
    browser, user_owner, sandbox, django_capture_on_commit_callbacks
):
    """Without scripts nobody else asked for it, for ten minutes."""
    calendar = make_calendar(make_connection(user_owner))
    Calendar.objects.update(sync_tried_at=timezone.now() - timedelta(seconds=5))
    with django_capture_on_commit_callbacks() as asked:
        browser.get(PAGE)
        browser.get(PAGE)
        browser.get(PAGE, headers={"HX-Request": "true"})
    assert [call.args[1][2] for call in asked] == [[str(calendar.pk)]]
    assert sandbox.calls() == []


# --- How heavy it is ---


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_calendars(browser, user_owner, client_owner, count):
    for number in range(count):
        for owner in (user_owner, client_owner):
            calendar = make_calendar(make_connection(owner), f"C{number}")
            make_event(calendar, start=NINE + timedelta(hours=number))
    browser.get(PAGE)
    with CaptureQueriesContext(database) as again:
        browser.get(PAGE)
    # One of them counts what could not be sent.
    assert len(again) == 9
    with CaptureQueriesContext(database) as first:
        browser.get("/calendar?date=2026-11-25")
    assert len(first) <= 15 + 2  # the last two are the transaction of the log


def test_full_week_weighs_little(browser, user_owner):
    calendars = [make_calendar(make_connection(user_owner), f"C{n}") for n in range(10)]
    monday = datetime.combine(date(2026, 11, 16), datetime.min.time(), tzinfo=UTC)
    for number in range(1000):
        start = monday + timedelta(minutes=10 * number)
        make_event(calendars[number % 10], f"Event number {number}", start=start, location="Room")
    assert len(gzip.compress(browser.get(PAGE).content)) < 120_000


# --- Dates far from today ---


@pytest.fixture
def far(side, user_owner, copy_events):
    """An account whose calendar holds an event two years ahead, beyond what is copied."""
    account = side(user_owner)
    copy_events(account.calendar.connection)
    start = datetime(2028, 11, 15, 9, 0, tzinfo=UTC)
    account.store.add_event(
        account.remote, title="Jubilee", start=start, end=start + timedelta(hours=1)
    )
    return account


def test_dates_beyond_the_copy_are_asked_for(browser, far):
    assert titles(browser.get("/calendar?date=2028-11-15")) == ["Jubilee"]


def test_dates_beyond_the_copy_never_break_the_page(browser, far, sandbox):
    sandbox.fault("google.events.list", status=500, count=None)
    response = browser.get("/calendar?date=2028-11-15")
    assert (response.status_code, titles(response)) == (200, [])
