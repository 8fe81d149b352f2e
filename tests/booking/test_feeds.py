"""The calendar feed of an owner: what it tells, to whom, and what it never tells."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils.http import http_date
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from audit.actors import task_actor
from audit.models import OAuthTokenAccessLog
from booking.booker import Booker
from booking.enums import FeedDetail
from booking.models import CalendarFeed
from booking.owners import tables_for
from booking.services import changes
from booking.services.feeds import close_feed, feed_of, open_feed
from common.errors import Forbidden, NotFound
from common.secrets import hash_token
from conferencing.enums import LinkKind
from conferencing.models import TelehealthRoom
from conferencing.telehealth.links import join_url
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.test_changes import STAFF, TEN
from tests.factories import make_member
from workspaces.enums import Role
from workspaces.services.members import end_membership

pytestmark = pytest.mark.django_db

ANN = Booker(
    name="Ann Other", email="ann@tallship.example", phone="+49 30 901820", timezone="Europe/Berlin"
)
DAY = timedelta(days=1)


def guest(number):
    return Booker(name=f"Guest {number}", email=f"g{number}@x.example", timezone="UTC")


@pytest.fixture
def opened(owner, membership, clock):
    """Call it with how much is to be told: the path of a new feed of the owner's."""

    def made(detail=FeedDetail.DETAILS, of=None):
        found = open_feed(
            owner=of or owner,
            detail=detail,
            by=membership,
            actor=task_actor("tests"),
            now=datetime.now(UTC),
        )
        return found.url().removeprefix("http://testserver")

    return made


def get(path, **headers):
    return Browser(headers=headers).get(path)


def entries(path):
    """What both libraries read, by summary; they have to agree."""
    content = get(path).content
    (one,) = (Calendar.from_ical(content),)
    found = {
        str(event["summary"]): (
            str(event["status"]),
            event["dtstart"].dt,
            event["dtend"].dt,
            int(event["sequence"]),
        )
        for event in one.walk("VEVENT")
    }
    other = IcsCalendarStream.calendar_from_ics(content.decode())
    assert found == {
        event.summary: (event.status.value, event.dtstart, event.dtend, event.sequence)
        for event in other.events
    }
    return found


# --- What it tells ---


def test_it_holds_what_counts_and_what_was_called_off(owner, link, opened, clock):
    asking = make_link(owner, "ask", requires_approval=True, title="Review")
    book(link, booker=ANN)
    book(asking, booker=ANN, start=NINE + HALF_HOUR)
    gone = book(link, booker=ANN, start=TEN, duration=timedelta(minutes=45))
    changes.cancel_meeting(meeting=gone, doer=STAFF, now=NOW)
    path = opened()
    confirmed, asked = (NINE, NINE + HALF_HOUR), (NINE + HALF_HOUR, TEN)
    content = get(path).content.decode()
    found = [
        (str(event["summary"]), str(event["status"]), event["dtstart"].dt, event["dtend"].dt)
        for event in Calendar.from_ical(content).walk("VEVENT")
    ]
    assert found == [
        ("Intro call: Ann Other", "CONFIRMED", *confirmed),
        ("Review: Ann Other", "TENTATIVE", *asked),
        ("Intro call: Ann Other", "CANCELLED", TEN, TEN + timedelta(minutes=45)),
    ]
    assert content.count("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE") == 1
    clock.shift(31 * DAY)
    assert "CANCELLED" not in get(path).content.decode()


def test_it_reaches_ninety_days_back(link, opened, clock):
    book(link)
    path = opened()
    clock.move_to(NINE + HALF_HOUR + 90 * DAY - timedelta(seconds=1))
    assert len(entries(path)) == 1
    clock.shift(timedelta(seconds=2))
    assert entries(path) == {}


def test_a_move_is_the_same_event_later(link, opened):
    meeting, path = book(link, booker=ANN), opened()
    (before,) = Calendar.from_ical(get(path).content).walk("VEVENT")
    changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW)
    (after,) = Calendar.from_ical(get(path).content).walk("VEVENT")
    assert str(before["uid"]) == str(after["uid"])
    assert (int(before["sequence"]), int(after["sequence"])) == (0, 1)
    assert (before["dtstart"].dt, after["dtstart"].dt) == (NINE, TEN)


def test_a_group_is_one_event(owner, opened, clock):
    link = make_link(owner, seats=3)
    for number in range(2):
        book(link, booker=guest(number))
    assert entries(opened()) == {"Intro call: 2 guests": ("CONFIRMED", NINE, NINE + HALF_HOUR, 0)}


def test_nobody_elses_meetings_are_in_it(link, opened, other_owner, other_workspace, charlie):
    from workspaces.owners import owner_of_user

    book(make_link(other_owner, "theirs", title="Not mine"))
    book(make_link(owner_of_user(charlie, other_workspace), "far", title="Elsewhere"))
    book(link, booker=ANN)
    assert list(entries(opened())) == ["Intro call: Ann Other"]


def test_meetings_in_another_workspace_stay_there(alice, user_owner, opened, other_workspace):
    from workspaces.owners import owner_of_user

    make_member(other_workspace, alice)
    book(make_link(owner_of_user(alice, other_workspace), "away", title="Away"))
    assert entries(opened(of=user_owner)) == {}


@pytest.mark.parametrize("detail", FeedDetail)
def test_what_bookers_wrote_and_what_makes_a_host_is_never_told(owner, opened, detail, clock):
    link = make_link(owner, location="Quay 3", questions=[])
    meeting = book(
        link,
        booker=ANN,
        message="My back hurts",
        guests=[{"name": "Cy Guest", "email": "cy@tallship.example"}],
    )
    room = TelehealthRoom.objects.create(
        workspace=owner.workspace, key=f"meeting:{meeting.pk}", name="th-1"
    )
    meeting.room_id, meeting.conference_url = room.pk, "https://meet.example/abc"
    meeting.answers = [{"key": "a", "label": "Since when?", "answer": "Since May"}]
    meeting.receipt = {"secret": "receipt"}
    meeting.save()
    content = get(opened(detail)).content.decode().replace("\r\n ", "")
    for secret in (
        "back hurts", "Since May", "901820", "ann@tallship", "cy@tallship", "Cy Guest",
        "receipt", join_url(room.pk, LinkKind.OWNER), join_url(room.pk, LinkKind.BOOKER),
        meeting.uid, "ORGANIZER", "ATTENDEE", "VALARM",
    ):  # fmt: skip
        assert secret not in content
    tells = detail != FeedDetail.TIMES
    assert ("Ann Other" in content) is tells
    assert (f"/meetings/{meeting.pk}" in content) is tells
    assert ("Quay 3" in content) is (detail == FeedDetail.DETAILS)
    guest_link = join_url(room.pk, LinkKind.GUEST)
    assert (guest_link in content) is (detail == FeedDetail.LINKS)
    assert "SUMMARY:Busy" in content or tells


def test_a_link_is_told_only_as_a_web_address_and_only_while_the_meeting_is_on(link, opened):
    meeting, path = book(link), opened(FeedDetail.LINKS)
    rows = tables_for(meeting).meeting.objects.filter(pk=meeting.pk)
    rows.update(conference_url="https://meet.example/abc")
    assert "CONFERENCE;" in get(path).content.decode()
    rows.update(conference_url="javascript:alert(1)")
    assert "javascript" not in get(path).content.decode()
    rows.update(conference_url="https://meet.example/abc")
    meeting.refresh_from_db()
    changes.cancel_meeting(meeting=meeting, doer=STAFF, now=NOW)
    assert "meet.example" not in get(path).content.decode()


def test_the_calendar_has_a_name_and_says_when_to_look_again(owner, opened):
    content = get(opened()).content
    lines = content.decode().split("\r\n")
    for line in (
        f"NAME:{owner.name}: meetings",
        f"X-WR-CALNAME:{owner.name}: meetings",
        "X-WR-TIMEZONE:Europe/Berlin",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith(("METHOD", "SOURCE"))]


def test_every_line_is_folded_by_octets(owner, opened, clock):
    title = "Größe, Maß; 漢字 🗓️ " + "ê" * 90
    book(make_link(owner, title=title), booker=ANN)
    content = get(opened()).content
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert all(0 < len(line) <= 75 and line.decode() for line in lines)
    assert list(entries(opened())) == [f"{title}: Ann Other"]


# --- How it is read ---


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


def test_it_is_written_in_english_for_everybody(owner, opened, clock):
    link = make_link(owner, requires_approval=True)
    book(link, booker=ANN)
    path = opened()
    assert get(path).content == get(path, **{"Accept-Language": "de"}).content


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


# --- Who may not read it ---


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


# --- What is kept ---


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


def test_who_may_not_decide_opens_none(client_owner, user_owner, bob_membership, workspace):
    given = {"detail": FeedDetail.DETAILS, "actor": task_actor("tests"), "now": NOW}
    with pytest.raises(NotFound):
        open_feed(owner=user_owner, by=bob_membership, **given)
    bob_membership.role = Role.AUDITOR
    with pytest.raises(Forbidden):
        open_feed(owner=client_owner, by=bob_membership, **given)
    assert not CalendarFeed.objects.exists()


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
