"""The week and the day as a browser gets them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.enums import ConnectionState
from tests.calendars.views.week.conftest import NINE, NOW, PAGE, text, titles
from tests.collected import sent_from
from tests.factories import (
    make_calendar,
    make_connection,
    make_event,
    make_workspace,
)
from tests.first_load import Sent, first_load
from workspaces.enums import Tier
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db


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


def test_full_week_weighs_little(browser, user_owner, collected):
    """With all it asks for before a hand is on it."""
    calendars = [make_calendar(make_connection(user_owner), f"C{n}") for n in range(10)]
    monday = datetime.combine(date(2026, 11, 16), datetime.min.time(), tzinfo=UTC)
    for number in range(1000):
        start = monday + timedelta(minutes=10 * number)
        make_event(calendars[number % 10], f"Event number {number}", start=start, location="Room")

    def get(address):
        if address == PAGE:
            return Sent(browser.get(PAGE).content, is_packed=False)
        return sent_from(collected, address)

    weights = first_load(PAGE, get)
    assert {"/static/css/app.css", "/static/js/grid.js", "/static/icons.svg"} <= weights.keys()
    # What only dialogs need is not among it.
    assert weights.keys().isdisjoint({f"/static/js/{n}.js" for n in ("guests", "prose", "later")})
    assert sum(weights.values()) < 120_000


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
