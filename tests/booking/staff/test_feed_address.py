"""The card and dialogs of the calendar feed, the same for a client and for oneself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from booking.models import CalendarFeed
from booking.views.desk import desk_of
from calendars.models import Event
from calendars.services import subscriptions, sync
from tests.booking.conftest import ANN, HALF_HOUR, book, make_link
from tests.factories import make_member, make_user
from tests.feeds import feed_server
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

ADDRESS = re.compile(r"http://testserver(/calendar/feed/[\w-]{43}\.ics)")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(sign_in, alice, membership):
    return sign_in(alice)


def make(browser, owner, detail="details", **options):
    return browser.post(desk_of(owner).feed, {"detail": detail}, **options)


def test_the_address_is_shown_once(browser, owner):
    desk = desk_of(owner)
    assert "No calendar reads along" in browser.get(desk.page).text
    assert "Times, names and places" in browser.get(desk.feed).text
    made = make(browser, owner)
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    path = ADDRESS.search(made.text)[1]
    assert f"webcal://testserver{path}" in made.text
    assert browser.get(path).status_code == 200
    for page in (desk.page, desk.feed):
        assert not ADDRESS.search(browser.get(page).text)
    assert "Made by Alice" in browser.get(desk.page).text


def test_with_scripts_the_card_follows_the_dialog(browser, owner):
    made = make(browser, owner, headers=HTMX)
    assert made.headers["HX-Trigger"] == "feed:changed"
    assert ADDRESS.search(made.text)
    closed = browser.post(desk_of(owner).feed, {"close": "1"}, headers=HTMX)
    assert closed.status_code == 204
    assert "feed:changed" in closed.headers["HX-Trigger"]


def test_a_new_address_ends_the_former_one(browser, owner):
    former = ADDRESS.search(make(browser, owner).text)[1]
    assert "finds nothing any more" in browser.get(desk_of(owner).feed).text
    later = ADDRESS.search(make(browser, owner, "times").text)[1]
    assert browser.get(former).status_code == 404
    assert browser.get(later).status_code == 200
    page = browser.get(desk_of(owner).page).text
    assert "Times only" in page


def test_closing_is_one_press(browser, owner):
    path = ADDRESS.search(make(browser, owner).text)[1]
    answer = browser.post(desk_of(owner).feed, {"close": "1"}, follow=True)
    assert "The address finds nothing any more" in answer.text
    assert "No calendar reads along" in answer.text
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("detail", ["", "everything"])
def test_what_is_not_offered_is_refused_with_a_sentence(browser, owner, detail):
    answer = make(browser, owner, detail)
    assert answer.status_code == 422
    assert not CalendarFeed.objects.exists()


def test_opening_the_dialog_makes_nothing(browser, owner):
    browser.get(desk_of(owner).feed)
    assert not CalendarFeed.objects.exists()


def test_auditors_and_strangers_have_no_such_page(sign_in, owner, workspace, charlie):
    eve = make_user("Eve")
    make_member(workspace, eve, role=Role.AUDITOR)
    for user in (eve, charlie):
        answer = make(sign_in(user), owner)
        if user is charlie and owner.kind == "user":
            # Charlie's own page in Charlie's own workspace.
            continue
        assert answer.status_code == 404
    assert not CalendarFeed.objects.filter(workspace=workspace).exists()


@pytest.mark.django_db(transaction=True)
def test_our_own_calendar_can_subscribe_to_it(browser, owner, actor, bob_owner):
    """What one workspace opens, another's calendar reads: fetched over HTTP, parsed apart."""
    start = (timezone.now() + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
    start += timedelta(days=(7 - start.weekday()) % 7)
    book(make_link(owner), booker=ANN, start=start)
    answer = browser.get(ADDRESS.search(make(browser, owner).text)[1])
    with feed_server() as server:
        server.serve((200, {"ETag": answer.headers["ETag"]}, answer.content))
        connection = subscriptions.subscribe(
            owner=bob_owner,
            address=server.url(),
            counts_as_busy=True,
            actor=actor,
            now=timezone.now(),
        )
        sync.run(kind=connection.owner_kind, connection_id=connection.pk, calendar_ids=None)
    calendar = connection.calendars.get()
    assert calendar.name == f"{owner.name}: meetings"
    event = Event.objects.get(calendar=calendar)
    assert (event.title, event.start_at, event.end_at) == (
        "Intro call: Ann Other",
        start,
        start + HALF_HOUR,
    )
    assert event.is_busy
