"""The day with its tasks, as a browser gets it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calendars.models import CalendarShare, EventTask
from calendars.services import event_tasks, mirror
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)  # 15:20 in Berlin
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
DAY = "/calendar?view=day&date=2026-11-18"
HTMX = {"HX-Request": "true"}


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
def event(own):
    return make_event(own, "Review", start=NINE)


@pytest.fixture
def task(event, alice):
    return event_tasks.add_task(event=event, title="Print boards", user=alice)


def aside(response):
    return html.unescape(response.text).partition('id="tasks"')[2]


def post(browser, path, *, htmx=True, **data):
    headers = HTMX if htmx else {}
    return browser.post(f"/calendar/tasks/{path}", {"date": "2026-11-18", **data}, headers=headers)


def add(browser, event, title, **more):
    return post(browser, "new", event=event.pk, title=title, **more)


# --- What it shows ---


def test_tasks_stand_under_their_event_and_late_ones_name_their_hour(browser, own, event, alice):
    later = make_event(own, "Crit", start=NOW + timedelta(hours=2))
    for on, title in ((event, "Send notes"), (later, "Print boards")):
        event_tasks.add_task(event=on, title=title, user=alice)
    page = aside(browser.get(DAY))
    assert page.index("Review</a> <time>09:00") < page.index("Send notes")
    assert page.index("Crit</a> <time>17:20") < page.index("Print boards")
    assert re.search(r'class="due late">.*?late</span>|late, </span>due 10:00', page)
    assert '<span class="due">by 18:20</span>' in page
    assert "0 of 2 done" in page


def test_next_event_stands_on_top_of_today(browser, own, event):
    make_event(own, "Crit", start=NOW + timedelta(hours=1, minutes=10), location="Room 2")
    make_event(own, "Later", start=NOW + timedelta(hours=4))
    page = aside(browser.get(DAY))
    assert "<p>In 1 h 10 min</p>" in page
    assert "16:30\u201317:30, Room 2" in page
    assert "next-up" not in aside(browser.get("/calendar?view=day&date=2026-11-19"))


def test_other_views_have_no_tasks(browser, task):
    for view in ("week", "month", "agenda"):
        assert 'id="tasks"' not in browser.get(f"/calendar?view={view}&date=2026-11-18").text


def test_refresh_brings_the_tasks_too(browser, task):
    page = browser.get(DAY, headers=HTMX).text
    assert '<aside id="tasks" aria-label="Tasks" hx-swap-oob="true">' in page


# --- What it does ---


def test_task_is_added_ticked_moved_and_deleted(browser, event):
    for title in ("First", "Second"):
        assert title in aside(add(browser, event, title))
    first, second = EventTask.objects.all()
    page = aside(post(browser, f"{first.pk}/tick", done="1"))
    assert "1 of 2 done" in page
    assert re.search(rf'id="tick-{first.pk}" checked', page)
    assert "0 of 2 done" in aside(post(browser, f"{first.pk}/tick"))
    page = aside(post(browser, f"{first.pk}/move", to="down"))
    assert page.index(">Second<") < page.index(">First<")
    assert "Second" not in aside(post(browser, f"{second.pk}/delete"))
    assert [task.title for task in EventTask.objects.all()] == ["First"]


def test_without_scripts_each_step_leads_back_to_the_day(browser, event):
    response = add(browser, event, "First", htmx=False)
    assert (response.status_code, response["Location"]) == (302, f"{DAY}#tasks")
    assert "First" in aside(browser.get(DAY))


def test_task_without_words_is_refused_in_words(browser, event):
    assert "Say what there is to do." in add(browser, event, " ")["HX-Trigger"]
    page = browser.post("/calendar/tasks/new", {"event": event.pk, "title": ""}, follow=True).text
    assert "Say what there is to do." in page
    assert not EventTask.objects.exists()


def test_tasks_move_with_their_event(browser, event, task):
    event.start_at += timedelta(days=1)
    event.end_at += timedelta(days=1)
    event.save()
    assert "Print boards" not in aside(browser.get(DAY))
    assert "Print boards" in aside(browser.get("/calendar?view=day&date=2026-11-19"))


def test_tasks_of_a_deleted_event_are_gone_and_an_open_page_is_told(browser, event, task):
    mirror.bury(event, timezone.now())
    assert "Print boards" not in aside(browser.get(DAY))
    for path in (f"{task.pk}/tick", f"{task.pk}/delete"):
        response = post(browser, path, done="1")
        assert (response.status_code, "Print boards" in response.text) == (200, False)
        assert "its tasks went with it" in response["HX-Trigger"]
    assert "its tasks went with it" in add(browser, event, "More")["HX-Trigger"]


def test_copies_show_their_tasks_together(browser, own, alice):
    other = make_calendar(own.connection, "Board", is_primary=False)
    for calendar, title in ((own, "Here"), (other, "There")):
        copy = make_event(calendar, "Review", start=NINE, ical_uid="one@x.example")
        event_tasks.add_task(event=copy, title=title, user=alice)
    page = aside(browser.get(DAY))
    assert page.count('<h3 class="hue-') == 1
    assert page.index("Here") < page.index("There")


def test_hostile_title_is_only_text(browser, event):
    response = add(browser, event, "<script>alert(1)</script>")
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text


# --- Who may ---


def every_step(browser, event, task):
    return [
        add(browser, event, "Mine"),
        *(post(browser, f"{task.pk}/{what}") for what in ("tick", "move", "delete")),
    ]


def test_stranger_gets_404(sign_in, charlie, other_workspace, event, task):
    answers = every_step(sign_in(charlie), event, task)
    assert {answer.status_code for answer in answers} == {404}
    assert EventTask.objects.get() == task


def test_colleague_who_sees_the_time_only_gets_404_and_no_title(sign_in, bob, event, task):
    browser = sign_in(bob)
    assert {answer.status_code for answer in every_step(browser, event, task)} == {404}
    assert "Print boards" not in browser.get(DAY).text


def test_colleague_who_may_read_sees_tasks_and_changes_none(sign_in, bob, own, event, task):
    CalendarShare.objects.create(calendar=own, level="details")
    browser = sign_in(bob)
    page = aside(browser.get(DAY))
    assert re.search(rf'id="tick-{task.pk}" disabled', page)
    assert "/move" not in page
    assert {answer.status_code for answer in every_step(browser, event, task)} == {403}


def test_colleague_who_may_write_does(sign_in, bob, own, event, task):
    CalendarShare.objects.create(calendar=own, level="edit")
    assert {answer.status_code for answer in every_step(sign_in(bob), event, task)} == {200}


@pytest.mark.parametrize("address", ["new", "tick"])
def test_nothing_changes_on_get(browser, task, address):
    path = "new" if address == "new" else f"{task.pk}/{address}"
    assert browser.get(f"/calendar/tasks/{path}").status_code == 405


def test_queries_do_not_grow_with_tasks(browser, own, alice):
    counts = []
    for number in range(3):
        event = make_event(own, f"E{number}", start=NINE + timedelta(hours=number))
        event_tasks.add_task(event=event, title=f"T{number}", user=alice)
        browser.get(DAY)
        with CaptureQueriesContext(database) as queries:
            browser.get(DAY)
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 15
