"""The dialog of a subscription, and its line on the connections page."""

from __future__ import annotations

import html

import pytest
from django.utils import timezone

from calendars.models import Calendar, UserCalendarConnection
from calendars.owners import connections_of
from calendars.services import subscriptions
from tests.factories import make_client
from tests.feeds import event, feed, feed_server

pytestmark = pytest.mark.django_db(transaction=True)

URL, PAGE = "/calendar/subscriptions/new", "/calendar/connections"


@pytest.fixture
def feeds():
    with feed_server() as server:
        server.serve(feed(event("a", "DTSTART:20261124T090000Z", "DURATION:PT1H")))
        yield server


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(feeds, user_owner, actor):
    return subscriptions.subscribe(
        owner=user_owner, address=feeds.url(), counts_as_busy=True, actor=actor, now=timezone.now()
    )


def text(response):
    return html.unescape(response.content.decode())


def test_dialog_offers_the_member_and_the_clients(browser, northgate):
    page = text(browser.get(URL))
    assert 'value="me" selected' in page
    assert f'value="{northgate.pk}"' in page
    assert f'value="{northgate.pk}" selected' in text(browser.get(f"{URL}?client={northgate.pk}"))


def test_subscription_is_kept_for_the_member(browser, feeds, user_owner):
    given = {"address": feeds.url(), "owner": "me", "counts_as_busy": "on"}
    answer = browser.post(URL, given, follow=True)
    assert "The calendar at feeds.example is subscribed to." in text(answer)
    assert [row.provider for row in connections_of(user_owner)] == ["ics"]
    assert Calendar.objects.get().counts_as_busy is True


def test_subscription_is_kept_for_a_client(browser, feeds, client_owner, northgate):
    browser.post(URL, {"address": feeds.url(), "owner": str(northgate.pk)})
    assert [row.provider for row in connections_of(client_owner)] == ["ics"]
    assert Calendar.objects.get().counts_as_busy is False


def test_htmx_goes_to_the_whole_page(browser, feeds):
    given = {"address": feeds.url(), "owner": "me"}
    answer = browser.post(URL, given, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, PAGE)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1/x.ics", "leads into a private network"),
        ("http://localhost/x.ics", "leads into a private network"),
        ("ftp://x.example/", "begins with https:// or webcal://"),
        ("https://nowhere.invalid/", "could not be found"),
    ],
)
def test_address_that_is_not_read_is_said_beside_the_field(browser, address, words):
    answer = browser.post(URL, {"address": address, "owner": "me"})
    assert answer.status_code == 422
    assert words in text(answer)
    assert UserCalendarConnection.objects.count() == 0


def test_other_workspaces_client_cannot_be_named(browser, feeds, other_workspace):
    theirs = make_client(other_workspace)
    answer = browser.post(URL, {"address": feeds.url(), "owner": str(theirs.pk)})
    assert answer.status_code == 422
    assert feeds.asked == []


def test_connections_page_shows_it_and_reads_it_now(browser, own):
    page = text(browser.get(PAGE))
    assert 'feeds.example<span class="sub">Subscription, 1 calendar</span>' in page
    assert "Send bookings here" not in page
    assert "s3cret" not in page
    Calendar.objects.update(sync_tried_at=None)
    answer = browser.post(f"{PAGE}/{own.pk}/read", follow=True)
    assert "feeds.example is being read." in text(answer)
    again = browser.post(f"{PAGE}/{own.pk}/read", follow=True)
    assert "It was read a moment ago." in text(again)


def test_error_of_a_feed_is_said_in_words(browser, own):
    Calendar.objects.update(sync_error="feeds.example answered 500.")
    assert "feeds.example answered 500." in text(browser.get(PAGE))


def test_its_end_is_asked_in_its_own_words(browser, own):
    page = text(browser.get(f"{PAGE}/{own.pk}"))
    assert "Meridian forgets its address" in page
    answer = browser.post(f"{PAGE}/{own.pk}/disconnect", {"next": "connections"}, follow=True)
    assert "feeds.example is disconnected." in text(answer)
    assert UserCalendarConnection.objects.count() == 0


def test_calendar_page_holds_it(browser, own):
    page = text(browser.get("/calendar"))
    assert "Holidays" in page
    assert "Subscription, " in page


def test_colleague_and_stranger_cannot_have_it_read(sign_in, bob, charlie, other_workspace, own):
    for person in (bob, charlie):
        assert sign_in(person).post(f"{PAGE}/{own.pk}/read").status_code == 404


def test_oauth_of_a_subscription_does_not_exist(browser):
    assert browser.get("/oauth/ics/start?user=me").status_code == 404
