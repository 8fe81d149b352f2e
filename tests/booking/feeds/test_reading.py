"""How a calendar feed is read: what is not sent again, what is kept on the way, and its cost."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils.http import http_date

from booking.services import changes
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book
from tests.booking.feeds.conftest import ANN, get
from tests.booking.test_changes import STAFF, TEN

pytestmark = pytest.mark.django_db


def test_an_edition_that_is_known_is_not_sent_again(link, opened, clock):
    book(link, booker=ANN)
    first = get(path := opened())
    assert first.status_code == 200
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert first.headers["Last-Modified"] == http_date(NOW.timestamp())
    known = {"If-None-Match": first.headers["ETag"]}
    clock.shift(HALF_HOUR)
    for headers in (known, {"If-Modified-Since": first.headers["Last-Modified"]}):
        again = get(path, **headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    book(link, booker=ANN, start=TEN)
    for headers in (known, {"If-Modified-Since": first.headers["Last-Modified"]}):
        anew = get(path, **headers)
        assert anew.status_code == 200
        assert anew.headers["ETag"] != first.headers["ETag"]
        assert anew.headers["Last-Modified"] == http_date((NOW + HALF_HOUR).timestamp())


def test_a_change_within_the_second_is_one(link, opened, clock):
    path = opened()
    since = {"If-Modified-Since": get(path).headers["Last-Modified"]}
    book(link, booker=ANN)
    assert get(path).status_code == 200
    assert get(path, **since).status_code == 200


def test_a_meeting_that_went_to_somebody_else_is_a_change_too(link, opened, other_owner, clock):
    meeting = book(link, booker=ANN)
    first = get(path := opened())
    clock.shift(HALF_HOUR)
    changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    anew = get(path, **{"If-Modified-Since": first.headers["Last-Modified"]})
    assert anew.status_code == 200
    assert b"VEVENT" not in anew.content


def test_head_says_the_same_without_the_calendar(link, opened):
    book(link)
    path = opened()
    whole, head = get(path), Browser().head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Length", "Content-Type"):
        assert head.headers[name] == whole.headers[name]


def test_nothing_is_kept_on_the_way_and_no_cookie_is_set(opened, sign_in, alice):
    path = opened()
    for browser in (Browser(), sign_in(alice)):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert not answer.cookies


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_only_read(opened, method):
    assert getattr(Browser(), method)(opened()).status_code == 405


def test_the_number_of_queries_does_not_grow(owner, link, opened, clock):
    path = opened()

    def queries():
        get(path)
        clock.shift(HALF_HOUR / 2)
        with CaptureQueriesContext(
            database,
        ) as found:
            assert get(path).status_code == 200
        return len(found)

    book(link, booker=ANN)
    few = queries()
    for number in range(1, 7):
        book(link, booker=ANN, start=NINE + number * HALF_HOUR)
    clock.move_to(NOW + HALF_HOUR)
    assert queries() == few <= 8
