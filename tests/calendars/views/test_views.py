"""Month and agenda as a browser gets them, and which view an address opens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.models import OAuthTokenAccessLog
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
VIEWS = ("day", "week", "month", "agenda")


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


def text(browser, view, **more):
    return browser.get(f"/calendar?view={view}&date=2026-11-18", **more).text


def test_month_shows_events_of_all_its_weeks(browser, own):
    for number, days in enumerate((-23, -10, 0, 18)):
        make_event(own, f"Event {number}", start=NINE + timedelta(days=days))
    page = text(browser, "month")
    assert re.findall(r"<span>(Event \d)</span>", page) == [
        "Event 0", "Event 1", "Event 2", "Event 3",
    ]  # fmt: skip
    assert '<h1 class="when">November 2026</h1>' in page


def test_month_leads_to_the_day_with_what_found_no_line(browser, own):
    for hour in range(5):
        make_event(own, f"Event {hour}", start=NINE + timedelta(hours=hour))
    page = text(browser, "month")
    assert '<a class="rest" href="/calendar?view=day&amp;date=2026-11-18">2 more' in page.replace(
        "view=day&date", "view=day&amp;date"
    )


def test_agenda_says_the_time_between(browser, own):
    make_event(own, "Stand-up", start=NINE)
    make_event(own, "Review", start=NINE + timedelta(hours=9))
    page = text(browser, "agenda")
    assert '<li class="gap">2 h 40 min free</li>' in page
    assert page.count("Nothing planned") == 6


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_the_others_and_its_neighbours(browser, own, view):
    page = text(browser, view)
    for other in VIEWS:
        assert f'href="/calendar?view={other}&amp;date=2026-11-18"' in page
    assert page.count('aria-current="page">' + view.title()) == 2
    before, after = {
        "day": ("2026-11-17", "2026-11-19"),
        "week": ("2026-11-11", "2026-11-25"),
        "month": ("2026-10-18", "2026-12-18"),
        "agenda": ("2026-11-11", "2026-11-25"),
    }[view]
    assert f'href="/calendar?view={view}&amp;date={before}" data-week-link' in page
    assert f'href="/calendar?view={view}&amp;date={after}" data-week-link' in page


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_refreshes_and_polls_itself(browser, own, view):
    page = text(browser, view, headers={"HX-Request": "true"})
    element = re.search(r'<(?:div|table)[^>]* id="week"[^>]*>', page)[0]
    assert f'data-url="/calendar?view={view}&amp;date=2026-11-18"' in element
    assert 'data-changes="/calendar/changes?since=' in element
    assert 'data-now="2026-11-18T15:20"' in element
    assert "<html" not in page


@pytest.mark.parametrize("view", ["month", "agenda"])
def test_month_from_the_last_day_of_a_long_one_reaches_the_short_one(browser, own, view):
    page = browser.get(f"/calendar?view={view}&date=2027-01-31").text
    assert ("date=2027-02-28" if view == "month" else "date=2027-02-07") in page


def test_view_that_was_chosen_is_kept_for_the_session(browser, own):
    assert 'class="agenda"' not in browser.get("/calendar").text
    text(browser, "agenda")
    assert 'class="agenda"' in browser.get("/calendar").text
    assert 'class="agenda"' in browser.get("/calendar?date=2026-11-23").text


def test_refresh_in_place_chooses_nothing(browser, own):
    text(browser, "month", headers={"HX-Request": "true"})
    assert 'class="monthview"' not in browser.get("/calendar").text


def test_page_without_calendars_offers_to_connect_in_every_view(browser):
    for view in VIEWS:
        assert "No calendar connected yet" in text(browser, view)


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_text_is_only_text(browser, own, view):
    make_event(own, "<script>alert(1)</script>", start=NINE, location='"><img src=x>')
    make_event(
        own, "</a><b>", start=NINE, is_all_day=True, start_wall="2026-11-17", end_wall="2026-11-20"
    )
    page = text(browser, view)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "</a><b>" not in page


@pytest.mark.parametrize("view", VIEWS)
def test_stranger_sees_nothing(sign_in, charlie, other_workspace, own, view):
    make_event(own, "Secret", start=NINE)
    page = text(sign_in(charlie), view)
    assert "Secret" not in page
    assert "Studio" not in page


@pytest.mark.parametrize("view", VIEWS)
def test_colleague_is_told_only_the_time(sign_in, bob, own, view):
    event = make_event(own, "Dentist", start=NINE, location="High Street")
    browser = sign_in(bob)
    browser.post("/calendar/shown", {"offered": own.pk, "shown": own.pk})
    page = text(browser, view)
    assert "Busy" in page
    for secret in ("Dentist", "High Street", str(event.pk)):
        assert secret not in page


def test_copies_wear_all_their_colours(browser, own):
    other = make_calendar(own.connection, "Board", is_primary=False, hue="plum")
    for calendar in (own, other):
        make_event(calendar, "Review", start=NINE, ical_uid="one@x.example")
    for view in VIEWS:
        page = text(browser, view).partition('id="tasks"')[0]
        assert page.count("Review</") == 1
        assert '<i class="hue-tide"></i><i class="hue-plum"></i>' in page


def test_month_logs_each_week_that_it_shows(browser, own):
    text(browser, "month")
    targets = OAuthTokenAccessLog.objects.order_by("seq").values_list("target", flat=True)
    assert list(targets) == [
        "week 2026-10-26", "week 2026-11-02", "week 2026-11-09", "week 2026-11-16",
        "week 2026-11-23", "week 2026-11-30",
    ]  # fmt: skip


@pytest.mark.parametrize("view", ["month", "agenda"])
def test_queries_do_not_grow_with_calendars_and_events(browser, user_owner, view):
    counts = []
    for _ in range(2):
        for number in range(3):
            calendar = make_calendar(make_connection(user_owner), f"C{number}")
            make_event(calendar, start=NINE + timedelta(hours=number))
        text(browser, view)
        with CaptureQueriesContext(database) as queries:
            text(browser, view)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
