"""Who may not read a calendar feed, or open one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.actors import task_actor
from audit.models import OAuthTokenAccessLog
from booking.enums import FeedDetail, MessageKind
from booking.models import CalendarFeed
from booking.services.feeds import close_feed, feed_of, handle_feed_closed, open_feed
from common.enums import OutboxState
from common.errors import Conflict, Forbidden, NotFound
from tests.booking.conftest import NOW, book, deliver_all, make_link, messages
from tests.booking.feeds.conftest import get
from tests.factories import make_member
from workspaces.enums import Role
from workspaces.services.members import end_membership

pytestmark = pytest.mark.django_db


def test_unknown_and_closed_addresses_find_nothing(opened, owner, membership):
    former = opened()
    path = opened(FeedDetail.TIMES)
    assert (get(former).status_code, get(path).status_code) == (404, 200)
    close_feed(owner=owner, by=membership, actor=task_actor("tests"), now=NOW)
    for gone in (path, "/calendar/feed/unknown.ics", path.replace("feed/", "feed/x")):
        answer = get(gone)
        assert answer.status_code == 404
        assert not answer.cookies
        assert b"Northgate" not in answer.content
    assert get(path).content == get("/calendar/feed/unknown.ics").content


def test_who_left_the_workspace_is_read_no_more_even_if_they_come_back(
    workspace, bob, bob_owner, bob_membership, membership, clock
):
    found = open_feed(
        owner=bob_owner,
        detail=FeedDetail.DETAILS,
        by=bob_membership,
        actor=task_actor("tests"),
        now=NOW,
    )
    path = found.url().removeprefix("http://testserver")
    assert get(path).status_code == 200
    end_membership(by=membership, membership_id=bob_membership.pk)
    assert get(path).status_code == 404
    make_member(workspace, bob)
    assert get(path).status_code == 404
    assert CalendarFeed.objects.get().closed_by_name == "Left the workspace"


def test_a_feed_that_closed_with_its_member_stands_in_the_log_once(
    workspace, bob_owner, bob_membership, membership, clock
):
    given = {"detail": FeedDetail.TIMES, "by": bob_membership, "actor": task_actor("tests")}
    feed = open_feed(owner=bob_owner, now=NOW, **given).feed
    end_membership(by=membership, membership_id=bob_membership.pk)
    deliver_all()
    (message,) = messages(kind=MessageKind.FEED_CLOSED)
    assert message.state == OutboxState.SENT
    handle_feed_closed(message)  # its worker died before it could say so
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=workspace.pk, connection_id=feed.pk)
    opened, closed = rows.order_by("seq")
    assert (opened.reason, closed.reason) == ("booking.feeds.create", "booking.feeds.delete")
    assert closed.target == f"feed {feed.pk}, times only, as its member left"


def test_a_member_who_may_not_leave_yet_keeps_their_feed(
    bob_owner, bob_membership, membership, clock
):
    given = {"detail": FeedDetail.TIMES, "by": bob_membership, "actor": task_actor("tests")}
    open_feed(owner=bob_owner, now=NOW, **given)
    book(make_link(bob_owner))
    with pytest.raises(Conflict):
        end_membership(by=membership, membership_id=bob_membership.pk)
    assert feed_of(bob_owner) is not None
    assert messages(kind=MessageKind.FEED_CLOSED) == []


def test_a_feed_needs_its_member_and_an_active_user(user_owner, opened, alice, membership):
    path = opened(of=user_owner)
    alice.is_active = False
    alice.save()
    assert get(path).status_code == 404
    alice.is_active = True
    alice.save()
    assert get(path).status_code == 200
    membership.delete()
    assert get(path).status_code == 404


def test_a_client_that_is_deleted_takes_its_feed_along(client_owner, opened):
    path = opened(of=client_owner)
    client_owner.client.delete()
    assert get(path).status_code == 404


def test_reading_too_often_is_refused_for_a_while(opened, monkeypatch, clock):
    from booking.services import feed_reading

    limit = feed_reading.READS_PER_FEED
    monkeypatch.setattr(
        feed_reading, "READS_PER_FEED", type(limit)(limit.name, 2, limit.window, limit.words)
    )
    path = opened()
    assert [get(path).status_code for _ in range(3)] == [200, 200, 429]
    assert int(get(path).headers["Retry-After"]) > 0
    clock.shift(timedelta(minutes=11))
    assert get(path).status_code == 200


def test_guessing_is_refused_for_a_while_and_hurts_no_reader(opened, monkeypatch):
    from booking.services import feed_reading

    limit = feed_reading.MISSES_PER_ADDRESS
    monkeypatch.setattr(
        feed_reading, "MISSES_PER_ADDRESS", type(limit)(limit.name, 2, limit.window, limit.words)
    )
    path = opened()
    codes = [get(f"/calendar/feed/guess{number}.ics").status_code for number in range(3)]
    assert codes == [404, 404, 429]
    assert get(path).status_code == 200


def test_who_may_not_decide_opens_none(client_owner, user_owner, bob_membership, workspace):
    given = {"detail": FeedDetail.DETAILS, "actor": task_actor("tests"), "now": NOW}
    with pytest.raises(NotFound):
        open_feed(owner=user_owner, by=bob_membership, **given)
    bob_membership.role = Role.AUDITOR
    with pytest.raises(Forbidden):
        open_feed(owner=client_owner, by=bob_membership, **given)
    assert not CalendarFeed.objects.exists()
