"""The calendar feed of an owner: what it tells, and what it never tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from booking.booker import Booker
from booking.enums import FeedDetail
from booking.owners import tables_for
from booking.services import changes, feed_reading
from conferencing.enums import LinkKind
from conferencing.models import TelehealthRoom
from conferencing.telehealth.links import join_url
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.feeds.conftest import ANN, DAY, entries, get
from tests.booking.test_changes import STAFF, TEN
from tests.factories import make_member

pytestmark = pytest.mark.django_db


def guest(number):
    return Booker(name=f"Guest {number}", email=f"g{number}@x.example", timezone="UTC")


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


def test_called_off_counts_from_when_it_was_called_off(link, opened, clock):
    """Whatever is noted on it afterwards: a mail that was sent, an address that was erased."""
    gone = book(link, start=NINE + 56 * DAY)
    changes.cancel_meeting(meeting=gone, doer=STAFF, now=NOW)
    path = opened()
    clock.shift(29 * DAY)
    assert "CANCELLED" in get(path).content.decode()
    gone.refresh_from_db()
    gone.save()
    clock.shift(2 * DAY)
    assert "CANCELLED" not in get(path).content.decode()


def test_the_sequence_of_a_group_never_falls(owner, opened, clock):
    link = make_link(owner, seats=3)
    start = NINE + 56 * DAY
    stays, leaves = (book(link, booker=guest(number), start=start) for number in range(2))
    path = opened()
    changes.cancel_meeting(meeting=leaves, doer=STAFF, now=NOW)
    (left,) = entries(path).values()
    clock.shift(31 * DAY)
    assert entries(path) == {"Intro call: 1 guest": left}
    assert left == ("CONFIRMED", start, start + HALF_HOUR, 2)
    changes.cancel_meeting(meeting=stays, doer=STAFF, now=datetime.now(UTC))
    assert entries(path) == {"Intro call: 0 guests": ("CANCELLED", start, start + HALF_HOUR, 3)}
    clock.shift(31 * DAY)
    assert entries(path) == {}


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
    assert entries(opened()) == {"Intro call: 2 guests": ("CONFIRMED", NINE, NINE + HALF_HOUR, 1)}


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


def test_an_address_that_no_file_can_hold_is_left_out(link, opened):
    meeting, path = book(link, booker=ANN), opened(FeedDetail.LINKS)
    rows = tables_for(meeting).meeting.objects.filter(pk=meeting.pk)
    for broken in ("https://meet.example/a b", "https://", "https://meet.example/\x7f"):
        rows.update(conference_url=broken)
        assert list(entries(path)) == ["Intro call: Ann Other"]


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


def test_an_address_that_stands_in_for_a_name_is_not_told(user_owner, alice, opened, workspace):
    alice.name = ""
    alice.save()
    content = get(opened(FeedDetail.TIMES, of=user_owner)).content.decode()
    assert f"NAME:{workspace.name}: busy" in content
    assert alice.email not in content


def test_every_line_is_folded_by_octets(owner, opened, clock):
    title = "Größe, Maß; 漢字 🗓️ " + "ê" * 90
    book(make_link(owner, title=title), booker=ANN)
    content = get(opened()).content
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert all(0 < len(line) <= 75 and line.decode() for line in lines)
    assert list(entries(opened())) == [f"{title}: Ann Other"]


def test_it_is_written_in_english_for_everybody(owner, opened, clock):
    link = make_link(owner, requires_approval=True)
    book(link, booker=ANN)
    path = opened()
    assert get(path).content == get(path, **{"Accept-Language": "de"}).content


def test_of_too_many_those_that_are_over_are_left_out(owner, opened, clock, monkeypatch):
    monkeypatch.setattr(feed_reading, "_MOST", 2)
    link = make_link(owner)
    for number in range(3):
        book(link, booker=guest(number), start=NINE + number * HALF_HOUR)
    assert [one[1] for one in entries(opened()).values()] == [
        NINE + HALF_HOUR,
        NINE + 2 * HALF_HOUR,
    ]
