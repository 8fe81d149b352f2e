"""The staff's pages and the public one, from the request to the last byte, without a network."""

from __future__ import annotations

import gzip
import json
import random
import statistics
from datetime import timedelta
from uuid import uuid4

from calendars.models import Event
from tests.bench.measure import (
    Visitor,
    report,
    report_peers,
    report_value,
    statements,
    timed,
)
from tests.bench.rows import copied_calendar, full_week, link_of, next_monday, owner_of


def bench_calendar() -> None:
    """Every view of ten calendars with a thousand events in the week."""
    owner, event = full_week(calendars=10, events=1000)
    visitor = Visitor(owner.user)
    what = "10 calendars, 1,000 events"
    for view, most in (("week", 40), ("day", 40), ("month", 60), ("agenda", 40)):
        call = lambda view=view: visitor.get(f"/calendar?view={view}")  # noqa: E731
        report(f"{view} page, {what}", timed(call, 40), p50=most)
        ceiling = 15 if view == "week" else None
        report_value(f"{view} page, statements", statements(call), "", most=ceiling)
    page = visitor.get("/calendar?view=week")
    report_value("week page, gzip, page alone", len(gzip.compress(page)) / 1000, "kB")
    size, requests = visitor.first_load("/calendar?view=week")
    report_value("week page, gzip, first load with all it asks for", size, "kB", most=120)
    report_value("week page, requests of the first load", requests, "")
    refresh = lambda: visitor.get("/calendar?view=week", HTTP_HX_REQUEST="true")  # noqa: E731
    report("week page brought up to date, " + what, timed(refresh, 40), p50=40)
    cursor = json.loads(visitor.get("/calendar/changes"))["cursor"]
    ask = lambda: visitor.get(f"/calendar/changes?since={cursor}", status=204)  # noqa: E731
    report("has anything changed? nothing has (204)", timed(ask, 60), p50=10)
    report_value("has anything changed? statements", statements(ask), "", most=6)
    for name, address in (
        ("event details opened", f"/calendar/events/{event.id}"),
        ("new event opened", "/calendar/events/new"),
    ):
        call = lambda address=address: visitor.get(address, HTTP_HX_REQUEST="true")  # noqa: E731
        report(name, timed(call, 40), p50=40)
        report_value(f"{name}, statements", statements(call), "", most=20)


def bench_growth() -> None:
    """The statements of the week page do not grow with calendars or events."""
    counts = {}
    for calendars, events in ((1, 1), (1, 1000), (3, 3), (10, 10)):
        owner, _ = full_week(calendars=calendars, events=events)
        visitor = Visitor(owner.user)
        counts[calendars, events] = statements(lambda: visitor.get("/calendar?view=week"))  # noqa: B023
    report_value("week page, statements with 1 calendar, 1 event", counts[1, 1], "", most=15)
    if len(set(counts.values())) > 1:
        raise AssertionError(f"statements grow: {counts}")


def bench_public() -> None:
    """Slots as JSON, and the first load of a link's page."""
    owner = owner_of()
    link = link_of(owner)
    dice = random.Random(7)
    monday = next_monday()
    calendars = [copied_calendar(owner, number) for number in range(3)]
    _fill(calendars, 600, monday, dice)
    visitor = Visitor()
    until = monday.date() + timedelta(days=27)
    asked = f"link={link.slug}&duration=30&from={monday.date()}&to={until}&tz=Europe/Dublin"
    ask = lambda: visitor.get(f"/api/v1/booking/availability?{asked}")  # noqa: E731
    if not json.loads(ask())["slots"]:
        raise AssertionError("a link with free time offers none")
    report("slots, 4 weeks, 3 calendars with 200 events, JSON", timed(ask, 100), p50=10, p95=25)
    report_value("slots, statements", statements(ask), "")
    page = lambda: visitor.get(f"/book/{link.slug}")  # noqa: E731
    report("public booking page, first load", timed(page, 40), p50=40)
    size, requests = visitor.first_load(f"/book/{link.slug}")
    report_value("public booking page, gzip, first load", size, "kB", most=40)
    report_value("public booking page, requests of the first load", requests, "", most=5)
    report_peers("Easy!Appointments 164 ms, Thunderbird Appointment 167 ms")
    for events in (1_000, 10_000):
        _fill(calendars, events - 600, monday, dice)
        middle = statistics.median(timed(ask, 20))
        report_value(f"slots as JSON, 3 calendars, {events:,} events in all", middle, "ms")


def _fill(calendars, events: int, monday, dice) -> None:
    """That many busy half hours more, spread over the calendars and the four weeks."""
    rows = []
    for number in range(events):
        start = monday + timedelta(days=dice.randrange(28), minutes=15 * dice.randrange(32, 68))
        rows.append(
            Event(
                id=uuid4(),
                calendar=calendars[number % len(calendars)],
                workspace_id=calendars[0].workspace_id,
                remote_id=f"busy-{dice.random()}",
                title="Busy",
                start_at=start,
                end_at=start + timedelta(minutes=30),
                timezone="UTC",
                seen_at=start,
            )
        )
    Event.objects.bulk_create(rows)
