"""A series as one: this event, this and the following, or all, on both providers.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from calendars.enums import Scope
from calendars.models import Calendar, Event, EventTask
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import EventGone
from calendars.services import events, series, splitting
from common import http, outbox
from common.enums import OutboxState
from common.errors import (
    Forbidden,
    InvalidInput,
    Unsupported,
    UpstreamConflict,
    UpstreamError,
    UpstreamForbidden,
)
from common.models import OutboxMessage
from conferencing.enums import Conference
from conferencing.models import ZoomMeeting
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 10, 5)
# Eight Mondays at nine; from the fourth on Berlin is in winter.
EIGHT = [MONDAY + timedelta(days=7 * week) for week in range(8)]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def connection(connect, user_owner, provider):
    return connect(user_owner, provider)


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


def wall(day, hour=9, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


@dataclass
class Book:
    """One calendar, as its owner works with it."""

    calendar: Any
    actor: Any
    copy: Any

    def create(self, rule="FREQ=WEEKLY;COUNT=8", **fields) -> Event:
        given = {
            "title": "Stand-up",
            "start": wall(MONDAY),
            "end": wall(MONDAY) + HOUR,
            "timezone": "Europe/Berlin",
            "recurrence": (f"RRULE:{rule}",),
        }
        draft = EventDraft(**{**given, **fields})
        return events.create_event(calendar=self.calendar, draft=draft, actor=self.actor)

    def live(self) -> list[Event]:
        """What the mirror shows, in order."""
        rows = Event.objects.filter(calendar=self.calendar, deleted_at=None, recurrence=[])
        return list(rows.select_related("calendar__workspace").order_by("start_at", "title"))

    def told(self) -> list[tuple[str, str]]:
        """Title and wall time of each."""
        return [(one.title, one.start_wall) for one in self.live()]

    def days(self) -> list[date]:
        return [date.fromisoformat(one.start_wall[:10]) for one in self.live()]

    def on(self, day) -> Event:
        return next(one for one in self.live() if one.start_wall.startswith(day.isoformat()))

    def change(self, day, scope=Scope.ALL, **fields) -> series.Done:
        draft = EventDraft(**fields)
        return series.update_event(
            event=self.on(day), draft=draft, actor=self.actor, scope=Scope(scope)
        )

    def delete(self, day, scope=Scope.THIS, **more):
        return series.delete_event(event=self.on(day), actor=self.actor, scope=Scope(scope), **more)

    def same_after_sync(self) -> bool:
        """Whether a copy of the calendar, made anew, is what the mirror had right away."""
        before = self.told()
        self.copy(self.calendar.connection)
        assert self.told() == before
        return True


@pytest.fixture
def book(calendar, actor, copy_events):
    return Book(calendar, actor, copy_events)


OPERATIONS = {
    "google": {
        "create": "google.events.insert",
        "update": "google.events.patch",
        "delete": "google.events.delete",
        "list": "google.events.instances",
    },
    "outlook": {
        "create": "microsoft.events.create",
        "update": "microsoft.events.update",
        "delete": "microsoft.events.delete",
        "list": "microsoft.events.instances",
    },
}


@pytest.fixture
def fault(sandbox, provider):
    """Call it with create, update, delete or list: that goes wrong."""

    def broken(what, **how):
        return sandbox.fault(OPERATIONS[provider][what], **how)

    return broken


# --- Creating ---


def test_series_is_in_the_mirror_at_once_and_keeps_its_hour(book):
    made = book.create()
    assert made.recurrence
    assert book.days() == EIGHT
    assert {one.start_wall[11:16] for one in book.live()} == {"09:00"}
    assert [one.start_at.hour for one in book.live()] == [7, 7, 7, 8, 8, 8, 8, 8]
    assert all(one.remote_id and one.series_remote_id == made.remote_id for one in book.live())
    assert book.same_after_sync()


def test_series_is_in_the_mirror_when_its_events_cannot_be_listed(book, fault):
    fault("list", status=503, count=None)
    book.create()
    assert book.days() == EIGHT


def test_copy_of_a_series_that_could_not_be_listed_paints_no_open_time(book, fault):
    """Events that had been moved alone were dropped from the copy, and their time shown as free."""
    book.create()
    now = timezone.now()
    Calendar.objects.filter(pk=book.calendar.pk).update(synced_at=now)
    fault("list", status=503, count=None)
    book.change(EIGHT[1], Scope.ALL, location="Room 2")
    assert not Calendar.objects.get(pk=book.calendar.pk).is_fresh(now, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("rule", "start", "days"),
    [
        ("FREQ=DAILY;COUNT=3", MONDAY, [5, 6, 7]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4", MONDAY, [5, 7, 19, 21]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", MONDAY, [5, 2]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", date(2026, 10, 31), [31, 30]),
        ("FREQ=DAILY;UNTIL=20261007T215959Z", MONDAY, [5, 6, 7]),
    ],
)
def test_rules_of_every_kind_are_made(book, rule, start, days):
    book.create(rule, start=wall(start), end=wall(start) + HOUR)
    assert [day.day for day in book.days()] == days
    assert book.same_after_sync()


def test_all_day_series(book):
    book.create("FREQ=WEEKLY;UNTIL=20261026", start=MONDAY, end=MONDAY + timedelta(days=2))
    assert [one.start_wall for one in book.live()] == [day.isoformat() for day in EIGHT[:4]]
    assert book.live()[3].end_wall == "2026-10-28"
    assert book.same_after_sync()


def test_what_outlook_cannot_hold_is_said_and_nothing_made(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "outlook")
    book = Book(connection.calendars.get(), actor, None)
    start = wall(date(2026, 10, 31))
    with pytest.raises(Unsupported, match=r"Outlook cannot repeat .* day 31 of a month"):
        book.create("FREQ=MONTHLY;BYMONTHDAY=31", start=start, end=start + HOUR)
    assert sandbox.events(connection) == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("FREQ=HOURLY", "recurrence[0]"),
        ("FREQ=DAILY;COUNT=731", "recurrence[0]"),
        ("FREQ=WEEKLY;BYDAY=TU", "recurrence[0]"),
        ("FREQ=DAILY;UNTIL=20261007", "recurrence[0]"),
    ],
)
def test_rule_that_cannot_be_is_refused_by_name(book, sandbox, connection, rule, field):
    with pytest.raises(InvalidInput) as refused:
        book.create(rule)
    assert refused.value.field == field
    assert sandbox.events(connection) == []


def test_single_event_becomes_a_series_and_back(book):
    single = book.create(recurrence=())
    rule = ("RRULE:FREQ=WEEKLY;COUNT=3",)
    done = series.update_event(event=single, draft=EventDraft(recurrence=rule), actor=book.actor)
    assert book.days() == EIGHT[:3]
    assert book.same_after_sync()
    done = book.change(EIGHT[1], recurrence=None)
    assert book.told() == [("Stand-up", "2026-10-05T09:00:00")]
    assert done.event.recurrence == []


# --- One of them ---


def test_change_of_one_is_an_exception(book):
    book.create()
    book.change(EIGHT[2], "this", title="Special")
    assert [title for title, _ in book.told()] == [
        "Special" if day == EIGHT[2] else "Stand-up" for day in EIGHT
    ]
    book.copy(book.calendar.connection)
    assert [one.is_exception for one in book.live()] == [day == EIGHT[2] for day in EIGHT]


def test_one_cannot_be_given_a_rule(book):
    book.create()
    with pytest.raises(InvalidInput) as refused:
        book.change(EIGHT[2], "this", recurrence=("RRULE:FREQ=DAILY",))
    assert refused.value.field == "recurrence"


# --- All ---


def test_change_of_all_changes_all(book):
    book.create()
    done = book.change(EIGHT[3], title="Daily", description="At the desk")
    assert book.told() == [("Daily", f"{day}T09:00:00") for day in EIGHT]
    assert (done.event.start_wall, done.notes) == (f"{EIGHT[3]}T09:00:00", ())
    assert book.same_after_sync()


def test_move_of_all_moves_each_on_the_wall(book):
    """Moved on a winter's Monday: an hour later is an hour later in summer too."""
    book.create()
    start = wall(EIGHT[5], 10, 30)
    done = book.change(EIGHT[5], start=start, end=start + 2 * HOUR)
    assert book.told() == [("Stand-up", f"{day}T10:30:00") for day in EIGHT]
    assert {one.end_at - one.start_at for one in book.live()} == {2 * HOUR}
    assert done.event.start_at == start
    assert book.same_after_sync()


def test_move_of_all_to_another_day_moves_the_rule(book):
    book.create("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20261022T215959Z")
    assert [day.day for day in book.days()] == [5, 8, 12, 15, 19, 22]
    start = wall(date(2026, 10, 13), 9)
    book.change(date(2026, 10, 12), start=start, end=start + HOUR)
    assert [day.day for day in book.days()] == [6, 9, 13, 16, 20, 23]
    assert book.same_after_sync()


def test_move_into_another_zone_keeps_that_zones_hour(book):
    book.create()
    new_york = ZoneInfo("America/New_York")
    start = datetime(2026, 10, 12, 9, 0, tzinfo=new_york)
    book.change(EIGHT[1], start=start, end=start + HOUR, timezone="America/New_York")
    zoned = [one.start_at.astimezone(new_york) for one in book.live()]
    assert [one.date() for one in zoned] == EIGHT
    assert {one.hour for one in zoned} == {9}
    assert book.same_after_sync()


def test_another_rule_for_all_begins_on_its_first_day(book):
    book.create()
    book.change(EIGHT[1], recurrence=("RRULE:FREQ=WEEKLY;BYDAY=WE,FR;COUNT=4",))
    assert [day.day for day in book.days()] == [7, 9, 14, 16]
    assert book.same_after_sync()


def test_single_changes_outlive_a_move_of_all(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special", location="Room 4")
    late = wall(EIGHT[3], 15)
    book.change(EIGHT[3], "this", start=late, end=late + 3 * HOUR)
    start = wall(EIGHT[5], 10)
    done = book.change(EIGHT[5], start=start, end=start + HOUR)
    assert done.notes == ()
    assert book.told() == [
        ("Stand-up", "2026-10-05T10:00:00"),
        ("Special", "2026-10-19T10:00:00"),
        ("Stand-up", "2026-10-26T16:00:00"),
        *[("Stand-up", f"{day}T10:00:00") for day in EIGHT[4:]],
    ]
    assert book.on(EIGHT[2]).location == "Room 4"
    assert book.on(EIGHT[3]).end_at - book.on(EIGHT[3]).start_at == 3 * HOUR
    assert book.same_after_sync()


def test_what_single_events_lost_is_said(book, fault):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special")
    start = wall(EIGHT[5], 10)
    fault("delete", status=503, count=None)
    fault("update", status=503, skip=1, count=None)
    done = book.change(EIGHT[5], start=start, end=start + HOUR)
    assert done.notes == ("1 changed event is as the series again.", "1 deleted event is back.")
    assert book.days() == EIGHT


def test_title_of_all_leaves_single_changes_alone(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", location="Room 4")
    book.change(EIGHT[4], title="Daily")
    assert book.days() == [day for day in EIGHT if day != EIGHT[1]]
    assert book.on(EIGHT[2]).location == "Room 4"
    assert book.same_after_sync()


def test_dates_left_out_move_along(connect, user_owner, actor, copy_events):
    book = Book(connect(user_owner, "google").calendars.get(), actor, copy_events)
    lines = ("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261012T090000")
    book.create(recurrence=lines)
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3]]
    start = wall(EIGHT[2], 11)
    book.change(EIGHT[2], start=start, end=start + HOUR)
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3]]
    assert book.same_after_sync()


def test_series_stays_all_day_or_not(book):
    book.create()
    with pytest.raises(InvalidInput) as refused:
        book.change(EIGHT[1], start=EIGHT[1], end=EIGHT[2], all_day=True)
    assert refused.value.field == "allDay"


def test_rule_with_days_of_its_own_is_not_moved_to_others(connect, user_owner, actor):
    book = Book(connect(user_owner, "google").calendars.get(), actor, None)
    book.create("FREQ=MONTHLY;BYMONTHDAY=5,20")
    start = wall(date(2026, 10, 6))
    with pytest.raises(InvalidInput) as refused:
        book.change(MONDAY, start=start, end=start + HOUR)
    assert refused.value.field == "start"


def test_tasks_move_along(book, alice):
    book.create()
    task = EventTask.objects.create(
        workspace=book.calendar.workspace, calendar=book.calendar, title="Bring tea",
        event_id=book.on(EIGHT[5]).pk, created_by=alice,
    )  # fmt: skip
    start = wall(EIGHT[2], 10)
    book.change(EIGHT[2], start=start, end=start + HOUR)
    task.refresh_from_db()
    assert task.event_id == book.on(EIGHT[5]).pk
    book.change(EIGHT[4], "following", title="Later")
    task.refresh_from_db()
    assert task.event_id == book.on(EIGHT[5]).pk


# --- This and the following ---


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


# --- Deleting ---


@pytest.mark.parametrize(
    ("scope", "day", "left"),
    [
        ("this", 3, [0, 1, 2, 4, 5, 6, 7]),
        ("following", 3, [0, 1, 2]),
        ("following", 0, []),
        ("following", 7, [0, 1, 2, 3, 4, 5, 6]),
        ("all", 3, []),
    ],
)
def test_delete(book, scope, day, left):
    book.create()
    gone = book.on(EIGHT[day])
    assert book.delete(EIGHT[day], scope) == ()
    assert book.days() == [EIGHT[one] for one in left]
    assert book.same_after_sync()
    # Once more is done, too.
    gone.refresh_from_db()
    assert series.delete_event(event=gone, actor=book.actor, scope=Scope(scope)) == ()


def test_delete_of_the_following_leaves_single_changes_before_it(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special")
    assert book.delete(EIGHT[5], "following") == ()
    assert [title for title, _ in book.told()] == ["Stand-up", "Special", "Stand-up", "Stand-up"]
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3], EIGHT[4]]
    assert book.same_after_sync()


@pytest.mark.parametrize("scope", ["following", "all"])
def test_delete_of_a_series_that_is_gone_is_done(book, sandbox, scope):
    made = book.create()
    record = sandbox.events(book.calendar.connection)[0]
    provider_side(sandbox, record)
    book.delete(EIGHT[3], scope)
    assert book.days() == []
    assert Event.objects.get(pk=made.pk).deleted_at is not None


def provider_side(sandbox, record):
    """Delete the event where it is held."""
    if "deleted" in record:
        record["deleted"] = True
    else:
        record["body"]["status"] = "cancelled"
    sandbox.store.put("event", record["key"], record)


# --- What can go wrong ---


def both_halves(book):
    titles = ["Stand-up"] * 3 + ["Later"] * 5
    return [(t, f"{d}T09:00:00") for t, d in zip(titles, EIGHT, strict=True)]


@pytest.mark.parametrize("call", ["create", "update"])
def test_one_lost_answer_loses_and_doubles_nothing(book, fault, call):
    book.create()
    fault(call, lost=True)
    done = book.change(EIGHT[3], "following", title="Later")
    assert (book.told(), done.notes) == (both_halves(book), ())
    assert book.same_after_sync()


def deliver(later=timedelta(minutes=5)):
    """What workers do some time later."""
    with time_machine.travel(NOW + later):
        outbox.sweep()


def test_new_series_made_without_an_answer_is_found_by_the_next_try(book, fault):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]
    book.change(EIGHT[3], "following", title="Later still")
    assert [title for title, _ in book.told()] == ["Stand-up"] * 3 + ["Later still"] * 5
    assert book.same_after_sync()


@pytest.mark.parametrize("status", [412, 403])
def test_new_series_that_a_former_try_made_is_not_made_again_when_it_cannot_be_changed(
    book, fault, status
):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    fault("update", status=status)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later still")
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_new_series_made_without_an_answer_is_finished_by_a_worker(book, fault):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_old_series_that_cannot_be_ended_yet_is_said_and_ended_later(book, fault):
    book.create()
    fault("update", status=503, count=2)
    done = book.change(EIGHT[3], "following", title="Later")
    assert done.notes == (splitting.NOT_ENDED,)
    assert len(book.live()) == 8 + 5  # rather twice than not at all
    deliver()
    deliver(timedelta(minutes=9))
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_end_that_came_through_without_an_answer_is_seen(book, fault, sandbox, provider):
    book.create()
    fault("update", lost=True)
    get = {"google": "google.events.get", "outlook": "microsoft.events.get"}[provider]
    sandbox.fault(get, status=503, skip=2 if provider == "outlook" else 1)
    done = book.change(EIGHT[3], "following", title="Later")
    assert done.notes == (splitting.NOT_ENDED,)
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_process_that_dies_between_the_calls_leaves_it_to_a_worker(book, monkeypatch):
    book.create()

    class Killed(BaseException):
        pass

    def die(*args, **more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(splitting, "end_head", die)
        with pytest.raises(Killed):
            book.change(EIGHT[3], "following", title="Later")
    deliver()
    assert book.told() == both_halves(book)
    assert OutboxMessage.objects.get(kind=splitting.SPLIT_KIND).state == OutboxState.SENT


@pytest.mark.parametrize("call", ["create", "update"])
def test_refusal_leaves_everything_as_it_was(book, fault, call, provider):
    book.create()
    reason = {"google": "forbiddenForNonOrganizer", "outlook": "ErrorAccessDenied"}[provider]
    fault(call, status=403, reason=reason)
    with pytest.raises(UpstreamForbidden):
        book.change(EIGHT[3], "following", title="Later")
    assert OutboxMessage.objects.filter(kind=splitting.SPLIT_KIND).count() == 0
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]
    assert book.same_after_sync()


def test_worker_takes_the_new_series_back_when_the_old_one_may_not_be_ended(book, fault, provider):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    reason = {"google": "forbiddenForNonOrganizer", "outlook": "ErrorAccessDenied"}[provider]
    fault("update", status=403, reason=reason, count=None)
    deliver()
    book.copy(book.calendar.connection)
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]


def test_lost_answer_of_all_moves_nothing_twice(book, fault):
    book.create()
    start = wall(EIGHT[3], 10)
    fault("update", lost=True)
    book.change(EIGHT[3], start=start, end=start + HOUR)
    assert book.told() == [("Stand-up", f"{day}T10:00:00") for day in EIGHT]
    assert book.same_after_sync()


def test_lost_answer_that_is_not_looked_into_is_a_conflict_on_the_next_try(
    book, fault, sandbox, provider
):
    book.create()
    event = book.on(EIGHT[3])
    start = wall(EIGHT[3], 10)
    draft = EventDraft(start=start, end=start + HOUR)
    get = {"google": "google.events.get", "outlook": "microsoft.events.get"}[provider]
    fault("update", lost=True)
    sandbox.fault(get, status=503, skip=1)
    with pytest.raises(UpstreamError):
        series.update_event(event=event, draft=draft, actor=book.actor, scope=Scope.ALL)
    with pytest.raises(UpstreamConflict, match="changed elsewhere"):
        series.update_event(event=event, draft=draft, actor=book.actor, scope=Scope.ALL)
    book.copy(book.calendar.connection)
    assert book.told() == [("Stand-up", f"{day}T10:00:00") for day in EIGHT]


@pytest.mark.parametrize("scope", ["following", "all"])
def test_lost_answer_of_a_delete_is_done_on_the_next_try(book, fault, scope):
    book.create()
    call = "update" if scope == "following" else "delete"
    fault(call, lost=True)
    try:
        book.delete(EIGHT[3], scope)
    except UpstreamError:
        book.delete(EIGHT[3], scope)
    assert book.days() == (EIGHT[:3] if scope == "following" else [])
    assert book.same_after_sync()


@pytest.mark.parametrize("scope", ["following", "all"])
def test_change_of_a_series_that_is_gone_says_so(book, sandbox, scope):
    book.create()
    provider_side(sandbox, sandbox.events(book.calendar.connection)[0])
    with pytest.raises(EventGone):
        book.change(EIGHT[3], scope, title="Later")
    assert book.days() == []


def test_only_the_organiser_changes_more_than_one(book, sandbox, provider):
    book.create()
    record = sandbox.events(book.calendar.connection)[0]
    if provider == "google":
        record["body"]["organizer"] = {"email": "boss@example.org"}
    else:
        record["body"]["organizer"] = {"emailAddress": {"address": "boss@example.org", "name": "B"}}
    sandbox.store.put("event", record["key"], record)
    for scope in ("following", "all"):
        with pytest.raises(Forbidden, match="organiser"):
            book.change(EIGHT[3], scope, title="Later")
    assert book.days() == EIGHT
