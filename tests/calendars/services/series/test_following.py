"""This and the following: one series becomes two, on both providers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from calendars.providers.base import Attendee
from calendars.services import splitting
from common.errors import (
    InvalidInput,
)
from common.models import OutboxMessage
from conferencing.enums import Conference
from conferencing.models import ZoomMeeting
from tests.calendars.services.series.conftest import BERLIN, EIGHT, HOUR, MONDAY, wall

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rule", ["COUNT=8", "UNTIL=20261123T080000Z"])
def test_this_and_the_following_change(book, sandbox, connection, rule):
    book.create(f"FREQ=WEEKLY;{rule}")
    done = book.change(EIGHT[3], "following", title="Later", location="Room 4")
    titles = ["Stand-up"] * 3 + ["Later"] * 5
    assert book.told() == [(t, f"{d}T09:00:00") for t, d in zip(titles, EIGHT, strict=True)]
    assert (done.event.title, done.event.start_at) == ("Later", wall(EIGHT[3]))
    assert done.notes == ()
    assert len({one.series_remote_id for one in book.live()}) == 2
    assert OutboxMessage.objects.filter(kind=splitting.SPLIT_KIND).count() == 0
    assert book.same_after_sync()


def test_this_and_the_following_move(book):
    book.create()
    start = wall(date(2026, 10, 27), 14)
    book.change(EIGHT[3], "following", start=start, end=start + 2 * HOUR)
    assert book.told() == [
        *[("Stand-up", f"{day}T09:00:00") for day in EIGHT[:3]],
        *[("Stand-up", f"{day + timedelta(days=1)}T14:00:00") for day in EIGHT[3:]],
    ]
    assert book.same_after_sync()


def test_series_without_an_end_goes_on_without_one(book):
    book.create("FREQ=WEEKLY")
    count = len(book.live())
    book.change(EIGHT[2], "following", title="Later")
    assert [title for title, _ in book.told()] == ["Stand-up"] * 2 + ["Later"] * (count - 2)
    assert book.same_after_sync()


def test_this_and_the_following_by_another_rule(book):
    book.create()
    book.change(EIGHT[2], "following", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    assert [day.day for day in book.days()] == [5, 12, 19, 20, 21]
    assert book.same_after_sync()


def test_this_one_remains_alone_of_the_following(book):
    book.create()
    book.change(EIGHT[2], "following", recurrence=None, title="Last")
    assert book.told() == [
        ("Stand-up", "2026-10-05T09:00:00"),
        ("Stand-up", "2026-10-12T09:00:00"),
        ("Last", "2026-10-19T09:00:00"),
    ]
    assert book.same_after_sync()


def test_the_following_of_the_first_are_all(book):
    book.create()
    book.change(EIGHT[0], "following", title="Daily")
    assert [title for title, _ in book.told()] == ["Daily"] * 8
    assert len({one.series_remote_id for one in book.live()}) == 1


def test_all_day_series_is_parted(book):
    book.create("FREQ=WEEKLY;COUNT=4", start=MONDAY, end=MONDAY + timedelta(days=1))
    book.change(EIGHT[2], "following", title="Later")
    assert book.told() == [
        ("Stand-up", "2026-10-05"),
        ("Stand-up", "2026-10-12"),
        ("Later", "2026-10-19"),
        ("Later", "2026-10-26"),
    ]
    assert book.same_after_sync()


def test_series_cannot_begin_anew_at_an_hour_that_is_skipped(book):
    """02:30 on 28 March 2027 is 03:30 in Berlin; a series from there on would stay at 03:30."""
    start = datetime(2027, 3, 26, 2, 30, tzinfo=BERLIN)
    book.create("FREQ=DAILY;COUNT=5", start=start, end=start + HOUR)
    walls = [one.start_wall for one in book.live()]
    assert walls[2:4] == ["2027-03-28T03:30:00", "2027-03-29T02:30:00"]
    with pytest.raises(InvalidInput, match="skip 02:30 on 28 March") as refused:
        book.change(date(2027, 3, 28), "following", title="Later")
    assert refused.value.field == "scope"
    book.change(date(2027, 3, 29), "following", title="Later")
    assert [one.title for one in book.live()] == ["Stand-up"] * 3 + ["Later"] * 2
    assert [one.start_wall for one in book.live()] == walls
    book.delete(date(2027, 3, 28), "following")
    assert [one.start_wall for one in book.live()] == walls[:2] + walls[3:]


def test_single_changes_outlive_the_parting_on_both_sides(book):
    book.create()
    for day in (EIGHT[1], EIGHT[5]):
        book.delete(day)
    for day in (EIGHT[2], EIGHT[6]):
        book.change(day, "this", location="Room 4")
    done = book.change(EIGHT[3], "following", title="Later")
    assert done.notes == ()
    assert book.days() == [day for day in EIGHT if day not in (EIGHT[1], EIGHT[5])]
    assert [one.location for one in book.live()] == ["", "Room 4", "", "", "Room 4", ""]
    assert [one.title for one in book.live()] == ["Stand-up"] * 2 + ["Later"] * 4
    assert book.same_after_sync()


def test_guests_come_along(book):
    book.create(attendees=(Attendee("ann@example.org", "Ann", is_optional=True),))
    book.change(EIGHT[2], "following", title="Later")
    (ann,) = [a for a in book.on(EIGHT[4]).attendees if not a["is_self"] and not a["is_organizer"]]
    assert (ann["email"], ann["is_optional"]) == ("ann@example.org", True)


def test_meeting_link_stays_where_the_provider_can_share_it(book, provider):
    kind = {"google": Conference.MEET, "outlook": Conference.TEAMS}[provider]
    book.create(conference=kind)
    book.copy(book.calendar.connection)
    url = book.on(EIGHT[3]).conference_url
    assert url
    done = book.change(EIGHT[3], "following", title="Later")
    assert book.on(EIGHT[1]).conference_url == url
    if provider == "google":
        assert (book.on(EIGHT[5]).conference_url, done.notes) == (url, ())
    else:
        assert book.on(EIGHT[5]).conference_url not in ("", url)
        assert done.notes == (
            "The new series has a Microsoft Teams link of its own; the former one keeps its link.",
        )


def test_link_that_is_on_its_way_makes_no_exceptions(book, provider):
    book.create(
        conference={"google": Conference.MEET, "outlook": Conference.TEAMS}[provider],
        attendees=(Attendee("ann@example.org"),),
    )
    assert not any(one.is_exception for one in book.live())


def test_zoom_room_stays_until_nobody_meets_in_it(book, connect, user_owner):
    connect(user_owner, "zoom")
    book.create(conference=Conference.ZOOM)
    url = book.on(EIGHT[3]).conference_url
    assert url
    book.change(EIGHT[3], "following", title="Later", description="Bring tea")
    assert {one.conference_url for one in book.live()} == {url}
    assert book.on(EIGHT[4]).description.startswith("Bring tea")
    book.delete(EIGHT[4], "all")
    assert ZoomMeeting.objects.get().deleted_at is None
    book.delete(EIGHT[0], "all")
    assert ZoomMeeting.objects.get().deleted_at is not None
