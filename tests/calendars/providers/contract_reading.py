"""What reading calendars, events and busy time owes us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from calendars.enums import EventStatus, Response, Visibility
from calendars.providers.errors import CalendarGone, EventGone
from common.errors import (
    UpstreamUnavailable,
)
from common.spans import Span
from tests.calendars.providers.contract_base import (
    ProviderBase,
    at,
    span,
)


class ReadingContract(ProviderBase):
    # --- Calendars ---

    def test_calendars_are_listed_over_all_pages(self, sandbox, provider, account):
        sandbox.store.set_setting(f"{self.SIDE}.page_size", 2)
        for number in range(4):
            sandbox.store.add_calendar(account, name=f"More {number}", color="#112233")
        sandbox.store.add_calendar(account, name="Not mine", role="reader")

        found = {c.name: c for c in provider.list_calendars()}

        assert len(found) == 6
        assert [c.name for c in found.values() if c.is_primary] == [next(iter(found))]
        assert [c.name for c in found.values() if not c.is_writable] == ["Not mine"]
        assert found["More 0"].colour == "#112233"
        assert found["More 0"].allowed_conferences == {provider.native_conference}

    def test_calendar_without_conferences_says_so(self, sandbox, provider, account):
        sandbox.store.add_calendar(account, name="Quiet", meet=False)

        found = {c.name: c for c in provider.list_calendars()}

        assert found["Quiet"].allowed_conferences == frozenset()

    # --- Reading events ---

    def test_events_of_a_span_come_over_all_pages_in_order(
        self, sandbox, provider, calendar, seed, monkeypatch
    ):
        sandbox.store.set_setting("google.page_size", 2)
        monkeypatch.setattr("calendars.providers.microsoft.adapter.PAGE_SIZE", 2)
        for hour in (15, 9, 11, 13, 10):
            seed(f"At {hour}", start=at(3, hour))
        seed("Before", start=at(2, 9))
        seed("After", start=at(4, 9))

        pages = list(provider.list_events(calendar, span(3, 4)))

        assert [e.title for page in pages for e in page] == [
            f"At {hour}" for hour in (9, 10, 11, 13, 15)
        ]
        assert len(pages) > 1

    def test_series_is_listed_as_occurrences_that_keep_their_wall_time(
        self, provider, calendar, seed
    ):
        """The clock changes on 29 March: nine stays nine."""
        seed("Standup", start=at(27, 9), recurrence=("RRULE:FREQ=DAILY;COUNT=5",))

        events = self.listed(provider, calendar, Span(at(26, 0), at(2, 0, month=4)))

        assert [e.start.wall for e in events] == [
            f"2026-03-{day}T09:00:00" for day in (27, 28, 29, 30, 31)
        ]
        assert [e.start.at.hour for e in events] == [8, 8, 7, 7, 7]
        assert {e.series_remote_id for e in events} == {events[0].series_remote_id} != {""}
        assert [e.original_start_at for e in events] == [e.start.at for e in events]
        assert len({e.remote_id for e in events}) == 5
        assert not any(e.is_series_master for e in events)

    def test_event_is_read_with_all_that_it_says(self, provider, calendar, seed):
        remote_id = seed(
            "Budget",
            description="Bring numbers",
            location="Room 4",
            attendees=("guest@example.org",),
            organizer="boss@example.org",
            response="tentative",
            tentative=True,
            private=True,
        )

        event = provider.get_event(calendar, remote_id)

        assert event.title == "Budget"
        assert event.description == "Bring numbers"
        assert event.location == "Room 4"
        assert event.status is EventStatus.TENTATIVE
        assert event.visibility == Visibility.PRIVATE
        assert event.response == Response.TENTATIVE
        assert (event.is_organizer, event.organizer_email) == (False, "boss@example.org")
        assert {a.email for a in event.attendees} == {"guest@example.org", "ann@example.com"}
        assert event.start.at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert (event.start.wall, event.start.timezone) == ("2026-03-02T09:00:00", "Europe/Berlin")
        assert event.etag
        assert event.ical_uid
        assert event.updated_at.tzinfo is not None

    def test_own_event_is_organized_by_us(self, provider, calendar, seed):
        event = provider.get_event(calendar, seed())

        assert (event.is_organizer, event.organizer_email) == (True, "ann@example.com")
        assert event.response == Response.NONE

    def test_all_day_event_is_read_as_dates(self, provider, calendar, seed):
        remote_id = seed("Fair", start=date(2026, 3, 29), end=date(2026, 3, 31))

        event = provider.get_event(calendar, remote_id)

        assert event.is_all_day
        assert (event.start.on, event.end.on) == (date(2026, 3, 29), date(2026, 3, 31))
        assert (event.start.wall, event.end.wall) == ("2026-03-29", "2026-03-31")
        assert event.start.at == datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert event.end.at == datetime(2026, 3, 30, 22, tzinfo=UTC)

    def test_event_that_is_deleted_is_gone(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed()
        sandbox.store.delete_event(remote_calendar, remote_id)

        with pytest.raises(EventGone):
            provider.get_event(calendar, remote_id)

    # --- Busy ---

    def test_busy_is_what_takes_time_and_nothing_else(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        seed("Busy", start=at(2, 9))
        seed("Tentative", start=at(2, 11), tentative=True)
        seed("Invited", start=at(2, 13), organizer="boss@example.org")
        seed("Free", start=at(2, 15), busy=False)
        seed("Declined", start=at(2, 16), organizer="boss@example.org", response="declined")
        cancelled = seed("Cancelled", start=at(2, 17))
        sandbox.store.delete_event(remote_calendar, cancelled)
        seed("Daily", start=at(2, 20), recurrence=("RRULE:FREQ=DAILY;COUNT=2",))

        assert self.busy(provider, [calendar], span(2, 3)) == [
            (at(2, hour), at(2, hour + 1)) for hour in (9, 11, 13, 20)
        ]

    def test_busy_all_day_is_the_local_day(self, provider, calendar, seed):
        """On 29 March a day in Berlin has 23 hours."""
        seed("Fair", start=date(2026, 3, 29), end=date(2026, 3, 30))

        assert self.busy(provider, [calendar], Span(at(28, 0), at(31, 0))) == [
            (at(29, 0), at(30, 0))
        ]

    def test_busy_covers_a_span_of_many_months(self, provider, calendar, seed):
        months = range(1, 13)
        for month in months:
            seed(f"Month {month}", start=at(15, 12, month=month))

        year = Span(at(1, 0, month=1), at(1, 0, month=1) + timedelta(days=365))
        assert self.busy(provider, [calendar], year) == [
            (at(15, 12, month=month), at(15, 13, month=month)) for month in months
        ]

    def test_busy_ignores_the_events_it_is_told_to(self, provider, calendar, seed):
        ours = seed("Ours", start=at(2, 9))
        seed("Theirs", start=at(2, 9, 30), end=at(2, 11))
        seed("Free", start=at(2, 15), busy=False)
        seed("Declined", start=at(2, 16), organizer="boss@example.org", response="declined")

        found = provider.busy([calendar], span(2, 3), ignoring=frozenset({ours}))

        assert [(b.span.start, b.span.end) for b in found] == [(at(2, 9, 30), at(2, 11))]

    def test_busy_asks_all_calendars_and_names_them(
        self, sandbox, provider, calendar, account, seed
    ):
        second = sandbox.store.add_calendar(account, name="Second", timezone="Europe/Berlin")
        seed("Here", start=at(2, 9))
        seed("There", start=at(2, 12), calendar=second)

        found = provider.busy([calendar, replace(calendar, remote_id=second["id"])], span(2, 3))

        assert {(b.calendar_remote_id, b.span.start) for b in found} == {
            (calendar.remote_id, at(2, 9)),
            (second["id"], at(2, 12)),
        }

    def test_busy_raises_when_one_of_two_calendars_is_gone(
        self, sandbox, provider, calendar, account, seed
    ):
        seed()
        gone = replace(calendar, remote_id=calendar.remote_id + "x")

        for pair in ([calendar, gone], [gone, calendar]):
            with pytest.raises(CalendarGone):
                provider.busy(pair, span(2, 3))

    def test_busy_raises_when_the_second_page_of_events_fails(
        self, sandbox, provider, calendar, seed, monkeypatch
    ):
        sandbox.store.set_setting("google.page_size", 1)
        monkeypatch.setattr("calendars.providers.microsoft.adapter.PAGE_SIZE", 1)
        ours = seed("One", start=at(2, 9))
        seed("Two", start=at(2, 12))
        sandbox.fault(self.LIST, skip=1, status=503)

        with pytest.raises(UpstreamUnavailable):
            provider.busy([calendar], span(2, 3), ignoring=frozenset({ours}))
