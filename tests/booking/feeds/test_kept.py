"""What is kept of a calendar feed: a hash, rows of the log, and its address nowhere."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from audit.actors import task_actor
from audit.models import OAuthTokenAccessLog
from booking.enums import FeedDetail
from booking.models import CalendarFeed
from booking.services.feeds import close_feed, feed_of
from common.secrets import hash_token
from tests.booking.conftest import NOW
from tests.booking.feeds.conftest import get

pytestmark = pytest.mark.django_db


def test_the_address_is_kept_as_a_hash_and_stands_in_no_log(opened, owner, caplog):
    with caplog.at_level(logging.DEBUG):
        path = opened()
        get(path)
    token = path.split("/")[-1].removesuffix(".ics")
    assert len(token) >= 43
    feed = feed_of(owner)
    assert feed.token_hash == hash_token(token)
    assert token not in caplog.text
    rows = [*CalendarFeed.objects.values(), *OAuthTokenAccessLog.objects.values()]
    assert not [row for row in rows if token in str(row)]


@pytest.mark.parametrize("method", ["PROPFIND", "POST", "OPTIONS", "REPORT"])
def test_asking_in_another_way_logs_no_address(opened, caplog, method):
    """Calendar programs do, to see whether there is more than a file."""
    path = opened()
    with caplog.at_level(logging.DEBUG):
        answer = Browser(enforce_csrf_checks=True).generic(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert path.split("/")[-1] not in caplog.text


def test_what_is_refused_as_forged_logs_no_address(caplog):
    """The pages behind tokens in addresses have forms, too."""
    path = reverse("portal:open", args=["t" * 43])
    with caplog.at_level(logging.DEBUG):
        assert Browser(enforce_csrf_checks=True).post(path).status_code == 403
    assert "t" * 43 not in caplog.text


def test_the_route_is_named_by_its_pattern(opened, rf):
    from common.logs import route_of

    assert route_of(rf.get(opened())) == "GET calendar/feed/<slug:token>.ics"


def test_opening_renewing_and_closing_stand_in_the_log(opened, owner, membership):
    opened()
    opened(FeedDetail.TIMES)
    close_feed(owner=owner, by=membership, actor=task_actor("tests"), now=NOW)
    assert not close_feed(owner=owner, by=membership, actor=task_actor("tests"), now=NOW)
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=owner.workspace.pk).order_by("seq")
    former, later = (CalendarFeed.objects.get(detail=one) for one in ("details", "times"))
    assert [(row.reason, row.connection_id) for row in rows] == [
        ("booking.feeds.create", former.pk),
        ("booking.feeds.delete", former.pk),
        ("booking.feeds.create", later.pk),
        ("booking.feeds.delete", later.pk),
    ]
    assert "times only" in rows[2].target


def test_that_it_was_read_is_noted_now_and_then(opened, owner, clock):
    path = opened()
    assert feed_of(owner).read_at is None
    get(path)
    clock.shift(timedelta(minutes=5))
    get(path)
    assert feed_of(owner).read_at == NOW
    clock.shift(timedelta(minutes=6))
    get(path)
    assert feed_of(owner).read_at == NOW + timedelta(minutes=11)
