"""Colour, kind and a second zone: through the services, in the mirror, over a series, as busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from audit.enums import AccessReason
from calendars.enums import EventKind, Hue, Scope
from calendars.models import Event
from calendars.providers.base import Attendee, EventColour, EventDraft
from calendars.services import events, relocating, series
from calendars.services.busy import busy_live, busy_painted
from common import http
from common.errors import InvalidInput
from common.spans import Span
from conferencing.enums import Conference
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.factories import make_calendar
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
LONDON, PARIS = ZoneInfo("Europe/London"), ZoneInfo("Europe/Paris")
MONDAY = date(2026, 10, 5)
WEEKS = [MONDAY + timedelta(days=7 * week) for week in range(6)]
DAY = Span(datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 6, tzinfo=UTC))
CLAY_BUT_TOMATO = "11"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def sandbox(sandbox):
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture
def google(connect, user_owner):
    return connect(user_owner, "google").calendars.get()


@pytest.fixture
def outlook(connect, user_owner):
    return connect(user_owner, "outlook").calendars.get()


@pytest.fixture(params=["google", "outlook"])
def calendar(request):
    return request.getfixturevalue(request.param)


def london(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON)


@dataclass
class Desk:
    actor: Any

    def create(self, calendar, **fields) -> Event:
        given = {
            "title": "Review",
            "start": london(MONDAY, 9),
            "end": london(MONDAY, 10),
            "timezone": LONDON.key,
        }
        draft = EventDraft(**{**given, **fields})
        return events.create_event(calendar=calendar, draft=draft, actor=self.actor)

    def change(self, event, scope=Scope.THIS, **fields) -> Event:
        draft = EventDraft(**fields)
        return series.update_event(event=event, draft=draft, actor=self.actor, scope=scope).event

    def on(self, calendar, day) -> Event:
        rows = Event.objects.filter(calendar=calendar, deleted_at=None, recurrence=[])
        return rows.select_related("calendar__workspace").get(start_wall__startswith=str(day))

    def each(self, calendar, *names):
        rows = Event.objects.filter(calendar=calendar, deleted_at=None, recurrence=[])
        return list(rows.order_by("start_at").values_list(*names))


@pytest.fixture
def desk(actor):
    return Desk(actor)


@pytest.fixture
def held(sandbox):
    """What the provider holds of an event, in its own words."""

    def of(event):
        records = sandbox.store.where("event")
        return next(
            {**one, **one["body"]}
            for one in records
            if event.remote_id in {one.get("id"), one["body"].get("id")}
        )

    return of


# --- Colour ---


def test_colour_stands_in_the_mirror_and_after_a_sync(desk, google, copy_events):
    made = desk.create(google, colour=EventColour(Hue.PLUM))
    assert made.hue == "plum"
    copy_events(google.connection)
    assert Event.objects.get(pk=made.pk).hue == "plum"


def test_colour_set_elsewhere_stays_through_every_other_change(desk, google, sandbox, held):
    made = desk.create(google)
    there = sandbox.calendar(google.connection)
    sandbox.store.change_event(there, made.remote_id, {"colorId": CLAY_BUT_TOMATO})
    fresh = events.refresh_event(event=made, actor=desk.actor)
    assert fresh.hue == "clay"
    changed = desk.change(fresh, title="Other", busy=False)
    assert (changed.hue, held(changed)["colorId"]) == ("clay", CLAY_BUT_TOMATO)


def test_parted_series_keeps_the_very_colour(desk, google, sandbox, held):
    made = desk.create(google, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
    there = sandbox.calendar(google.connection)
    sandbox.store.change_event(there, made.remote_id, {"colorId": CLAY_BUT_TOMATO})
    late = desk.change(desk.on(google, WEEKS[2]), Scope.FOLLOWING, title="Later")
    rule = Event.objects.get(calendar=google, remote_id=late.series_remote_id)
    assert rule.remote_id != made.remote_id
    assert (rule.hue, held(rule)["colorId"]) == ("clay", CLAY_BUT_TOMATO)


def test_occurrence_keeps_its_own_colour_when_its_series_moves(desk, google):
    desk.create(google, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",), colour=EventColour(Hue.MOSS))
    desk.change(desk.on(google, WEEKS[3]), colour=EventColour(Hue.OCHRE))
    at = london(WEEKS[0], 11)
    desk.change(desk.on(google, WEEKS[0]), Scope.ALL, start=at, end=at + timedelta(hours=1))
    hues = [hue for (hue,) in desk.each(google, "hue")]
    assert hues == ["moss", "moss", "moss", "ochre", "moss", "moss"]


def test_colour_for_all_is_every_ones(desk, google):
    desk.create(google, recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",))
    desk.change(desk.on(google, WEEKS[1]), Scope.ALL, colour=EventColour(Hue.IRIS))
    assert set(desk.each(google, "hue")) == {("iris",)}


def test_colour_that_cannot_be_kept_is_refused_and_nothing_is_made(desk, outlook, sandbox):
    with pytest.raises(InvalidInput, match="Outlook keeps no colour") as refusal:
        desk.create(outlook, colour=EventColour(Hue.MOSS))
    assert refusal.value.field == "hue"
    assert sandbox.store.where("event") == []
    made = desk.create(outlook, colour=None)
    with pytest.raises(InvalidInput, match="Outlook keeps no colour"):
        desk.change(made, colour=EventColour(Hue.MOSS))


# --- Kind ---


@pytest.mark.parametrize("kind", [EventKind.OUT_OF_OFFICE, EventKind.FOCUS_TIME])
def test_status_is_named_takes_time_and_has_no_link_unless_chosen(desk, google, held, kind):
    made = desk.create(google, title="", kind=kind, conference=Conference.AUTO)
    assert (made.kind, made.title, made.is_busy, made.conference) == (kind, kind.label, True, "")
    assert held(made)["eventType"] in {"outOfOffice", "focusTime"}


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("allDay", {"start": MONDAY, "end": WEEKS[1], "all_day": True}),
        ("attendees", {"attendees": (Attendee("kim@osprey.example"),)}),
        ("conference", {"conference": Conference.MEET}),
        ("description", {"description": "Call Ann"}),
        ("busy", {"busy": False}),
    ],
)
def test_what_cannot_stand_in_out_of_office_is_refused_by_name(
    desk, google, sandbox, field, fields
):
    with pytest.raises(InvalidInput) as refusal:
        desk.create(google, kind=EventKind.OUT_OF_OFFICE, **fields)
    assert refusal.value.field == field
    assert sandbox.store.where("event") == []


def test_the_same_is_refused_of_a_change(desk, google):
    made = desk.create(google, kind=EventKind.OUT_OF_OFFICE)
    for field, fields in (
        ("attendees", {"attendees": (Attendee("kim@osprey.example"),)}),
        ("busy", {"busy": False}),
        ("kind", {"kind": EventKind.NORMAL}),
    ):
        with pytest.raises(InvalidInput) as refusal:
            desk.change(made, **fields)
        assert refusal.value.field == field
    assert desk.change(made, title="Away", kind=EventKind.OUT_OF_OFFICE).title == "Away"


def test_second_calendar_at_google_has_no_out_of_office(desk, google):
    second = make_calendar(google.connection, "Studio", is_primary=False)
    with pytest.raises(InvalidInput, match="main calendar") as refusal:
        desk.create(second, kind=EventKind.FOCUS_TIME)
    assert refusal.value.field == "kind"


def test_outlook_has_out_of_office_with_guests_and_no_focus_time(desk, outlook, held):
    made = desk.create(
        outlook, kind=EventKind.OUT_OF_OFFICE, attendees=(Attendee("kim@osprey.example"),)
    )
    assert held(made)["showAs"] == "oof"
    back = desk.change(made, kind=EventKind.NORMAL, busy=False)
    assert (back.kind, back.is_busy, held(back)["showAs"]) == (EventKind.NORMAL, False, "free")
    with pytest.raises(InvalidInput, match="no focus time") as refusal:
        desk.change(back, kind=EventKind.FOCUS_TIME)
    assert refusal.value.field == "kind"


@pytest.mark.parametrize("kind", [EventKind.BIRTHDAY, EventKind.WORKING_LOCATION])
def test_kinds_of_other_pages_are_not_made_here(desk, calendar, kind):
    with pytest.raises(InvalidInput) as refusal:
        desk.create(calendar, kind=kind)
    assert refusal.value.field == "kind"


def test_parted_series_stays_out_of_office(desk, calendar):
    desk.create(calendar, kind=EventKind.OUT_OF_OFFICE, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
    desk.change(desk.on(calendar, WEEKS[2]), Scope.FOLLOWING, title="Later")
    kinds = desk.each(calendar, "title", "kind", "is_busy")
    away = EventKind.OUT_OF_OFFICE.value
    assert kinds == [("Review", away, True)] * 2 + [("Later", away, True)] * 4


def test_bookings_see_out_of_office_and_focus_time_as_taken_and_a_place_to_work_as_free(
    desk, user_owner, google, outlook, sandbox, copy_events, actor
):
    desk.create(google, kind=EventKind.OUT_OF_OFFICE)
    noon = london(MONDAY, 12)
    desk.create(google, kind=EventKind.FOCUS_TIME, start=noon, end=noon + timedelta(hours=1))
    three = london(MONDAY, 15)
    desk.create(outlook, kind=EventKind.OUT_OF_OFFICE, start=three, end=three + timedelta(hours=1))
    for one, word in ((google, "workingLocation"), (outlook, "workingElsewhere")):
        sandbox.store.add_event(
            sandbox.calendar(one.connection),
            title="Home",
            start=london(MONDAY, 18),
            end=london(MONDAY, 19),
            kind=word,
        )
    sandbox.store.add_event(
        sandbox.calendar(google.connection),
        title="Ann's birthday",
        start=MONDAY,
        end=MONDAY + timedelta(days=1),
        kind="birthday",
    )
    copy_events(google.connection)
    copy_events(outlook.connection)
    taken = tuple(
        Span(start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=1))
        for start in (london(MONDAY, 9), noon, three)
    )
    live = busy_live(
        owner=user_owner,
        span=DAY,
        actor=actor,
        reason=AccessReason.BOOKING_CONFIRM,
        time_limit=timedelta(seconds=5),
    )
    painted = busy_painted(owner=user_owner, span=DAY, actor=actor, now=timezone.now())
    assert not any(source.live for source in painted.sources)
    assert live.spans == painted.spans == taken


def test_out_of_office_stays_in_its_calendar_at_google(desk, google, sandbox):
    made = desk.create(google, kind=EventKind.OUT_OF_OFFICE)
    second = make_calendar(google.connection, "Studio", is_primary=False)
    sandbox.store.log.clear()
    with pytest.raises(InvalidInput, match="in the calendar they are in") as refusal:
        relocating.move_event(event=made, to=second, actor=desk.actor)
    assert refusal.value.field == "calendar"
    assert list(sandbox.store.log) == []


# --- Two zones ---


def flight(desk, calendar, **fields):
    return desk.create(
        calendar,
        start=london(MONDAY, 10),
        end=datetime(2026, 10, 5, 13, 20, tzinfo=PARIS),
        end_timezone=PARIS.key,
        **fields,
    )


def zones(event):
    return event.start_wall[11:16], event.timezone, event.end_wall[11:16], event.end_timezone


AS_BOOKED = ("10:00", "Europe/London", "13:20", "Europe/Paris")


def test_flight_is_in_the_mirror_as_booked_and_after_a_sync(desk, calendar, copy_events):
    made = flight(desk, calendar)
    assert zones(made) == AS_BOOKED
    assert made.end_at - made.start_at == timedelta(hours=2, minutes=20)
    copy_events(calendar.connection)
    assert zones(Event.objects.get(pk=made.pk)) == AS_BOOKED


def test_moving_the_end_keeps_its_zone(desk, calendar):
    made = flight(desk, calendar)
    later = desk.change(made, end=made.end_at + timedelta(minutes=30))
    assert zones(later) == ("10:00", "Europe/London", "13:50", "Europe/Paris")


def test_moving_the_whole_in_the_zone_of_its_start_keeps_both(desk, calendar):
    """As a drag in the week does: it names the zone of the start only."""
    made = flight(desk, calendar)
    hour = timedelta(hours=1)
    later = desk.change(
        made, start=made.start_at + hour, end=made.end_at + hour, timezone=LONDON.key
    )
    assert zones(later) == ("11:00", "Europe/London", "14:20", "Europe/Paris")


def test_end_comes_back_into_the_zone_of_the_start(desk, calendar):
    made = flight(desk, calendar)
    back = desk.change(made, end_timezone=None)
    assert zones(back) == ("10:00", "Europe/London", "12:20", "")
    assert back.end_at == made.end_at


def test_flight_that_becomes_an_all_day_event_has_no_second_zone(desk, calendar):
    made = flight(desk, calendar)
    whole = desk.change(made, start=MONDAY, end=WEEKS[0] + timedelta(days=1), all_day=True)
    assert (whole.is_all_day, whole.end_timezone) == (True, "")


def test_series_goes_by_the_start_and_its_parts_keep_the_zone_of_the_end(desk, calendar):
    """New York goes to winter a week after London, on 1 November."""
    desk.create(
        calendar,
        end=datetime(2026, 10, 5, 5, 0, tzinfo=ZoneInfo("America/New_York")),
        end_timezone="America/New_York",
        recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",),
    )
    walls = [(a[11:16], b[11:16]) for a, b in desk.each(calendar, "start_wall", "end_wall")]
    assert walls == [("09:00", "05:00")] * 3 + [("09:00", "06:00"), ("09:00", "05:00"), ("09:00", "05:00")]  # fmt: skip # noqa: E501
    ten = london(WEEKS[2], 10)
    desk.change(
        desk.on(calendar, WEEKS[2]), Scope.FOLLOWING, start=ten, end=ten + timedelta(hours=1)
    )
    desk.change(desk.on(calendar, WEEKS[0]), Scope.ALL, title="Call")
    told = desk.each(calendar, "title", "start_wall", "timezone", "end_timezone")
    assert [(title, wall[11:16]) for title, wall, _, _ in told] == [("Call", "09:00")] * 2 + [
        ("Review", "10:00")
    ] * 4
    assert {(a, b) for _, _, a, b in told} == {("Europe/London", "America/New_York")}
