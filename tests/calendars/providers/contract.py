"""What every calendar provider owes us; each adapter's test class only says who it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.enums import ConferenceState, EventStatus, Response, Visibility
from calendars.providers.base import Attendee, ChannelWish, EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CalendarGone, CursorLost, EventGone
from calendars.providers.registry import adapter_for, provider_class
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamConflict,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.secrets import Secret
from common.spans import Span
from conferencing.enums import Conference

BERLIN = ZoneInfo("Europe/Berlin")
KEY = "0123456789abcdef0123456789abcdef"
ZOOM_URL = "https://us02web.zoom.us/j/81234567890?pwd=abc.1"
NONSENSE = [
    "[]",
    '"text"',
    "7",
    '{"items": 7, "value": 7, "calendars": 7, "id": 7, "busy": 7}',
    '{"items": [7], "value": [7], "calendars": [7], "id": "e", "start": 7}',
    '{"items": [{"id": 7}], "value": [{"id": 7}], "id": "e", "start": {"dateTime": "soon"}}',
    '{"items": [{}], "value": [{}], "calendars": {}}',
    "<html>Sign in</html>",
    '{"items": [',
]


def at(day, hour, minute=0, month=3):
    """A moment of 2026 in Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def span(first, last, month=3):
    return Span(at(first, 0, month=month), at(last, 0, month=month))


def draft(**fields):
    given = {
        "title": "Review",
        "start": at(2, 9),
        "end": at(2, 10),
        "timezone": "Europe/Berlin",
        "idempotency_key": KEY,
    }
    return EventDraft(**{**given, **fields})


class CalendarProviderContract:
    """Set `KEY`, `SIDE` (the sandbox's word) and the names of the sandbox's operations."""

    KEY = ""
    SIDE = ""
    CREATE = LIST = GET = UPDATE = DELETE = BUSY = CALENDARS = CHANGES = ""

    # --- Who and where ---

    @pytest.fixture
    def account(self, sandbox):
        return sandbox.store.add_account(
            self.SIDE, email="ann@example.com", name="Ann", timezone="Europe/Berlin"
        )

    @pytest.fixture
    def make_provider(self, sandbox, settings):
        def make(account, scopes=None):
            return adapter_for(
                self.KEY,
                token=Secret(sandbox.store.token_for(account, scopes)),
                api_url=getattr(settings, f"{self.SIDE.upper()}_API_URL"),
                time_limit=timedelta(seconds=5),
                account_kind=account["kind"],
            )

        return make

    @pytest.fixture
    def provider(self, make_provider, account):
        return make_provider(account)

    @pytest.fixture
    def calendar(self, provider):
        """The default calendar, in Ann's zone, which not every provider tells."""
        return replace(provider.list_calendars()[0], timezone="Europe/Berlin")

    @pytest.fixture
    def seed(self, sandbox, account):
        """Puts an event on the provider's side."""
        remote = sandbox.store.primary_calendar(account)

        def put(title="Seeded", start=None, end=None, calendar=None, **fields):
            start = start or at(2, 9)
            end = end or start + timedelta(hours=1)
            record = sandbox.store.add_event(
                calendar or remote, title=title, start=start, end=end, **fields
            )
            return record["body"].get("id") or record["id"]

        return put

    @pytest.fixture
    def remote_calendar(self, sandbox, account):
        return sandbox.store.primary_calendar(account)

    def listed(self, provider, calendar, window):
        return [event for page in provider.list_events(calendar, window) for event in page]

    def busy(self, provider, calendars, window, **more):
        found = provider.busy(calendars, window, **more)
        return sorted({(b.span.start, b.span.end) for b in found})

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

    def test_event_that_is_deleted_is_gone(self, sandbox, provider, calendar, seed, remote_calendar):
        remote_id = seed()
        sandbox.store.delete_event(remote_calendar, remote_id)

        with pytest.raises(EventGone):
            provider.get_event(calendar, remote_id)

    # --- Creating ---

    def test_created_event_is_read_back_as_it_was_meant(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(
                description="First line\nSecond & <last> line",
                location="Room 4",
                attendees=(
                    Attendee("guest@example.org", "Guest"),
                    Attendee("maybe@example.org", is_optional=True),
                ),
                reminders=(20,),
                visibility=Visibility.PRIVATE,
                busy=False,
            ),
        )

        read = provider.get_event(calendar, made.remote_id)

        assert read == made
        assert read.title == "Review"
        assert read.description == "First line\nSecond & <last> line"
        assert read.location == "Room 4"
        assert [(a.email, a.is_optional) for a in read.attendees] == [
            ("guest@example.org", False),
            ("maybe@example.org", True),
        ]
        assert {a.response for a in read.attendees} == {Response.NEEDS_ACTION}
        assert read.reminders == (20,)
        assert read.visibility == Visibility.PRIVATE
        assert not read.is_busy
        assert (read.start.at, read.end.at) == (at(2, 9), at(2, 10))
        assert (read.start.wall, read.start.timezone) == ("2026-03-02T09:00:00", "Europe/Berlin")
        assert read.conference is None

    def test_created_event_without_reminders_has_none(self, provider, calendar):
        assert provider.create_event(calendar, draft(reminders=())).reminders == ()

    def test_all_day_event_is_created_as_dates(self, provider, calendar):
        wanted = draft(all_day=True, start=date(2026, 3, 29), end=date(2026, 3, 30))

        made = provider.create_event(calendar, wanted)

        assert (made.start.on, made.end.on) == (date(2026, 3, 29), date(2026, 3, 30))

    def test_created_series_repeats_in_its_zone(self, provider, calendar):
        wanted = draft(
            start=at(24, 9),
            end=at(24, 10),
            recurrence=("RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4",),
        )

        made = provider.create_event(calendar, wanted)
        events = self.listed(provider, calendar, Span(at(23, 0), at(10, 0, month=4)))

        assert made.is_series_master
        assert [e.start.wall for e in events] == [
            "2026-03-24T09:00:00",
            "2026-03-26T09:00:00",
            "2026-03-31T09:00:00",
            "2026-04-02T09:00:00",
        ]
        assert {e.series_remote_id for e in events} == {made.remote_id}

    def test_create_repeated_with_its_key_makes_one_event(self, provider, calendar):
        first = provider.create_event(calendar, draft())
        second = provider.create_event(calendar, draft())

        assert second == first
        assert len(self.listed(provider, calendar, span(2, 3))) == 1

    def test_create_whose_answer_was_lost_makes_one_event_when_repeated(
        self, sandbox, provider, calendar
    ):
        sandbox.fault(self.CREATE, lost=True)
        with pytest.raises(UpstreamUnavailable):
            provider.create_event(calendar, draft())

        again = provider.create_event(calendar, draft())

        assert [e.remote_id for e in self.listed(provider, calendar, span(2, 3))] == [
            again.remote_id
        ]

    def test_create_in_a_calendar_that_is_gone_says_so(self, provider, calendar):
        gone = replace(calendar, remote_id=calendar.remote_id.replace("a", "b") + "x")

        with pytest.raises(CalendarGone):
            provider.create_event(gone, draft())
        with pytest.raises(CalendarGone):
            self.listed(provider, gone, span(2, 3))
        with pytest.raises(CalendarGone):
            provider.busy([gone], span(2, 3))

    def test_create_in_a_calendar_we_may_only_read_is_forbidden(
        self, sandbox, provider, calendar, account
    ):
        other = sandbox.store.add_calendar(account, name="Theirs", role="reader")

        with pytest.raises(UpstreamForbidden):
            provider.create_event(replace(calendar, remote_id=other["id"]), draft())

    # --- Changing ---

    def test_update_leaves_alone_what_was_not_given(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed(
            "Old", description="Keep", location="Keep too", attendees=("guest@example.org",)
        )
        before = provider.get_event(calendar, remote_id)

        after = provider.update_event(calendar, remote_id, EventDraft(title="New"))

        same = {"title": "New", "etag": after.etag, "updated_at": after.updated_at}
        assert after == replace(before, **same)
        assert after == provider.get_event(calendar, remote_id)

    def test_update_moves_an_event(self, provider, calendar, seed):
        remote_id = seed()

        after = provider.update_event(
            calendar, remote_id, EventDraft(start=at(5, 14), end=at(5, 15, 30))
        )

        assert (after.start.at, after.end.at) == (at(5, 14), at(5, 15, 30))

    def test_update_turns_a_timed_event_into_days_and_back(self, provider, calendar, seed):
        remote_id = seed()
        days = EventDraft(
            all_day=True,
            start=date(2026, 3, 5),
            end=date(2026, 3, 6),
            timezone="Europe/Berlin",
        )
        hours = EventDraft(
            all_day=False, start=at(6, 9), end=at(6, 10), timezone="Europe/Berlin"
        )

        assert provider.update_event(calendar, remote_id, days).start.on == date(2026, 3, 5)
        timed = provider.update_event(calendar, remote_id, hours)
        assert (timed.start.on, timed.start.at) == (None, at(6, 9))

    def test_update_to_another_zone_keeps_the_instant(self, provider, calendar, seed):
        remote_id = seed()

        after = provider.update_event(calendar, remote_id, EventDraft(timezone="Asia/Tokyo"))

        assert (after.start.at, after.end.at) == (at(2, 9), at(2, 10))
        assert (after.start.timezone, after.start.wall) == ("Asia/Tokyo", "2026-03-02T17:00:00")

    def test_update_clears_what_is_none(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(
                description="Text",
                location="Here",
                attendees=(Attendee("guest@example.org"),),
                recurrence=("RRULE:FREQ=DAILY;COUNT=3",),
                reminders=(5,),
            ),
        )

        after = provider.update_event(
            calendar,
            made.remote_id,
            EventDraft(
                title=None,
                description=None,
                location=None,
                attendees=None,
                recurrence=None,
                reminders=(),
            ),
        )

        assert (after.title, after.description, after.location) == ("", "", "")
        assert (after.attendees, after.recurrence, after.reminders) == ((), (), ())

    def test_update_of_the_guests_keeps_their_answers(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed(attendees=("yes@example.org", "leaves@example.org"))
        self.guest_answers(sandbox, remote_calendar, remote_id, "yes@example.org")

        after = provider.update_event(
            calendar,
            remote_id,
            EventDraft(attendees=(Attendee("yes@example.org"), Attendee("new@example.org"))),
        )

        assert {a.email: a.response for a in after.attendees} == {
            "yes@example.org": Response.ACCEPTED,
            "new@example.org": Response.NEEDS_ACTION,
        }

    def guest_answers(self, sandbox, remote_calendar, remote_id, email):
        raise NotImplementedError

    def test_update_of_one_occurrence_leaves_the_others(self, provider, calendar, seed):
        seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        second = self.listed(provider, calendar, span(3, 4))[0]

        provider.update_event(calendar, second.remote_id, EventDraft(title="Moved"))

        events = self.listed(provider, calendar, span(2, 6))
        assert [e.title for e in events] == ["Standup", "Moved", "Standup"]

    def test_update_with_an_older_etag_is_a_conflict(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed()
        etag = provider.get_event(calendar, remote_id).etag
        provider.update_event(calendar, remote_id, EventDraft(title="Theirs"), etag=etag)

        with pytest.raises(UpstreamConflict):
            provider.update_event(calendar, remote_id, EventDraft(title="Ours"), etag=etag)
        assert provider.get_event(calendar, remote_id).title == "Theirs"

    def test_update_of_nothing_sends_nothing(self, sandbox, provider, calendar, seed):
        remote_id = seed("Same")

        assert provider.update_event(calendar, remote_id, EventDraft()).title == "Same"
        assert sandbox.calls(self.UPDATE) == []

    def test_update_of_a_gone_event_says_so(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed()
        sandbox.store.delete_event(remote_calendar, remote_id)

        for changed in (EventDraft(title="New"), EventDraft(conference=Conference.NONE)):
            with pytest.raises(EventGone):
                provider.update_event(calendar, remote_id, changed)

    def test_update_of_another_organizers_event_is_forbidden(self, provider, calendar, seed):
        remote_id = seed(organizer="boss@example.org")

        with pytest.raises(UpstreamForbidden):
            provider.update_event(calendar, remote_id, EventDraft(title="Mine now"))

    # --- Deleting ---

    def test_deleted_event_is_gone(self, provider, calendar, seed):
        remote_id = seed()

        provider.delete_event(calendar, remote_id)

        assert self.listed(provider, calendar, span(2, 3)) == []

    def test_delete_of_a_gone_event_is_a_success(self, provider, calendar, seed):
        remote_id = seed()
        provider.delete_event(calendar, remote_id)

        provider.delete_event(calendar, remote_id)

        with pytest.raises(EventGone):
            provider.get_event(calendar, remote_id)

    def test_delete_without_notice_of_a_gone_event_is_a_success(self, provider, calendar, seed):
        remote_id = seed()
        provider.delete_event(calendar, remote_id)

        provider.delete_event(calendar, remote_id, notify=False)

    def test_delete_of_one_occurrence_leaves_the_others(self, provider, calendar, seed):
        seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        second = self.listed(provider, calendar, span(3, 4))[0]

        provider.delete_event(calendar, second.remote_id)

        assert [e.start.at for e in self.listed(provider, calendar, span(2, 6))] == [
            at(2, 9),
            at(4, 9),
        ]

    # --- Conferences ---

    def test_native_conference_has_a_link_once_it_is_ready(self, provider, calendar):
        made = provider.create_event(calendar, draft(conference=provider.native_conference))

        read = provider.get_event(calendar, made.remote_id).conference

        assert made.conference.kind is read.kind is provider.native_conference
        assert made.conference.state in {ConferenceState.PENDING, ConferenceState.READY}
        assert read.state is ConferenceState.READY
        assert read.url.startswith("https://")

    def test_native_conference_survives_every_other_change(self, provider, calendar):
        kind = provider.native_conference
        made = provider.create_event(calendar, draft(conference=kind, description="Old text"))
        link = provider.get_event(calendar, made.remote_id).conference
        changes = [
            EventDraft(title="New"),
            EventDraft(description="New text\nwith <lines>"),
            EventDraft(start=at(3, 9), end=at(3, 10)),
            EventDraft(conference=kind, title="Again"),
            EventDraft(description="Newest text", conference=kind),
        ]

        for changed in changes:
            provider.update_event(calendar, made.remote_id, changed)
            assert provider.get_event(calendar, made.remote_id).conference == link

        assert provider.get_event(calendar, made.remote_id).description == "Newest text"

    def test_native_conference_is_added_later(self, provider, calendar, seed):
        remote_id = seed(description="Text")

        provider.update_event(
            calendar, remote_id, EventDraft(conference=provider.native_conference)
        )

        event = provider.get_event(calendar, remote_id)
        assert event.conference.state is ConferenceState.READY
        assert event.description == "Text"

    def test_foreign_conference_is_refused(self, provider, calendar, seed):
        foreign = {Conference.MEET, Conference.TEAMS} - {provider.native_conference}
        remote_id = seed()

        for kind in (*foreign, Conference.AUTO):
            with pytest.raises(Unsupported):
                provider.create_event(calendar, draft(conference=kind))
            with pytest.raises(Unsupported):
                provider.update_event(calendar, remote_id, EventDraft(conference=kind))
        assert len(self.listed(provider, calendar, span(2, 3))) == 1

    def test_zoom_link_stands_in_location_and_text(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(description="Agenda", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        read = provider.get_event(calendar, made.remote_id)

        assert read.location == ZOOM_URL
        assert read.description == f"Agenda\n\nJoin with Zoom: {ZOOM_URL}"
        assert (read.conference.kind, read.conference.url) == (Conference.ZOOM, ZOOM_URL)
        assert read.conference.state is ConferenceState.READY

    def test_zoom_link_leaves_a_place_where_it_is(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(location="Room 4", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        assert made.location == "Room 4"
        assert made.conference.url == ZOOM_URL

    def test_link_of_ours_is_added_to_an_event_and_the_native_one_stays(self, provider, calendar):
        kind = provider.native_conference
        made = provider.create_event(calendar, draft(conference=kind, description="Agenda"))
        room = "https://meridian.example/join/abc"

        provider.update_event(calendar, made.remote_id, EventDraft(conference_url=room))

        read = provider.get_event(calendar, made.remote_id)
        assert (read.location, read.description) == (room, f"Agenda\n\nJoin: {room}")
        assert read.conference.kind is kind

    def test_zoom_link_goes_when_the_conference_does(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(description="Agenda", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        read = provider.update_event(
            calendar, made.remote_id, EventDraft(conference=Conference.NONE)
        )

        assert (read.location, read.description, read.conference) == ("", "Agenda", None)

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

    # --- Changes ---

    def test_changes_tell_what_happened_since(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        stays, changes, goes = seed("Stays"), seed("Changes"), seed("Goes")
        window = Span(at(1, 0), at(1, 0, month=4))
        first = provider.changes(calendar, baseline_cursor(window))
        provider.update_event(calendar, changes, EventDraft(title="Changed"))
        provider.delete_event(calendar, goes)
        comes = seed("Comes", start=at(3, 9))

        second = provider.changes(calendar, first.cursor)
        third = provider.changes(calendar, second.cursor)

        assert {e.remote_id for e in first.events} == {stays, changes, goes}
        told = {e.remote_id: (e.status, e.title) for e in second.events}
        assert told[changes] == (EventStatus.CONFIRMED, "Changed")
        assert told[comes] == (EventStatus.CONFIRMED, "Comes")
        assert told[goes][0] is EventStatus.CANCELLED
        assert set(told) == {changes, comes, goes}
        assert third.events == ()

    def test_changes_come_over_all_pages(self, sandbox, provider, calendar, seed, monkeypatch):
        sandbox.store.set_setting("google.page_size", 2)
        monkeypatch.setattr("calendars.providers.microsoft.adapter.DELTA_PAGE_SIZE", 2)
        for hour in range(8, 13):
            seed(f"At {hour}", start=at(2, hour))

        first = provider.changes(calendar, baseline_cursor(span(1, 4)))

        assert len(first.events) == 5
        assert len(sandbox.calls(self.CHANGES)) == 3

    def test_changes_hold_series_and_their_exceptions_in_full(self, provider, calendar, seed):
        seed("Standup", location="Room 4", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        second = self.listed(provider, calendar, span(3, 4))[0]
        provider.update_event(calendar, second.remote_id, EventDraft(title="Moved"))

        events = provider.changes(calendar, baseline_cursor(span(1, 9))).events

        (master,) = [e for e in events if e.is_series_master]
        exception = next(e for e in events if e.remote_id == second.remote_id)
        assert master.start.at == at(2, 9)
        assert exception.series_remote_id == master.remote_id
        assert exception.original_start_at == at(3, 9)
        assert {e.location for e in events} == {"Room 4"}

    def test_changes_say_when_the_cursor_is_lost(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        first = provider.changes(calendar, baseline_cursor(span(1, 9)))
        sandbox.store.forget_sync(remote_calendar)

        with pytest.raises(CursorLost):
            provider.changes(calendar, first.cursor)

    @pytest.mark.parametrize("cursor", ["", "baseline:nonsense", "baseline:2026-03-01/2026-03-01"])
    def test_changes_refuse_a_cursor_that_is_none(self, provider, calendar, cursor):
        with pytest.raises(CursorLost):
            provider.changes(calendar, cursor)

    # --- Channels ---

    def test_channel_is_opened_and_closed_twice(self, provider, calendar):
        wish = ChannelWish("7b0f3a52-1111", "https://meridian.example/push", "s3cret")

        channel = provider.watch(calendar, wish)

        assert channel.remote_id
        assert channel.resource_remote_id
        ahead = channel.expires_at - datetime.now(UTC)
        assert timedelta(days=6) < ahead <= timedelta(days=7)
        provider.unwatch(channel)
        provider.unwatch(channel)

    # --- What goes wrong ---

    def every_call(self, provider, calendar, remote_id):
        """Every operation, with the sandbox's name for its request."""
        window = span(2, 3)
        return {
            self.CALENDARS: lambda: provider.list_calendars(),
            self.LIST: lambda: self.listed(provider, calendar, window),
            self.GET: lambda: provider.get_event(calendar, remote_id),
            self.CREATE: lambda: provider.create_event(calendar, draft()),
            self.UPDATE: lambda: provider.update_event(
                calendar, remote_id, EventDraft(title="New")
            ),
            self.DELETE: lambda: provider.delete_event(calendar, remote_id),
            self.BUSY: lambda: provider.busy([calendar], window),
            self.CHANGES: lambda: provider.changes(calendar, baseline_cursor(window)),
        }

    def test_every_call_fails_in_the_way_that_needs_a_reaction(
        self, sandbox, provider, calendar, seed
    ):
        calls = self.every_call(provider, calendar, seed())
        faults = [
            ({"status": 401}, ReconnectNeeded),
            ({"status": 429, "retry_after": 7}, RateLimited),
            ({"status": 500}, UpstreamUnavailable),
            ({"status": 503}, UpstreamUnavailable),
            ({"status": 200, "body": "<html>", "content_type": "text/html"}, BadReply),
            ({"status": 502, "body": "<html>"}, UpstreamUnavailable),
            ({"status": 302, "body": ""}, BadReply),
            ({"delay": 6}, UpstreamUnavailable),
            ({"lost": True}, UpstreamUnavailable),
        ]
        for operation, call in calls.items():
            for fault, expected in faults:
                if operation == self.DELETE and (fault.get("lost") or fault.get("delay")):
                    continue
                if operation == self.DELETE and expected is BadReply and fault["status"] == 200:
                    continue
                sandbox.fault(operation, **fault)
                with pytest.raises(expected) as caught:
                    call()
                assert type(caught.value) is expected, (operation, fault)
                if expected is RateLimited:
                    assert caught.value.retry_after == timedelta(seconds=7)
                sandbox.store.clear_faults()

    @pytest.mark.parametrize("body", NONSENSE)
    def test_nonsense_is_a_bad_reply_and_nothing_else(
        self, sandbox, provider, calendar, seed, body
    ):
        for operation, call in self.every_call(provider, calendar, seed()).items():
            if operation == self.DELETE:
                continue
            sandbox.fault(operation, status=200, body=body)
            with pytest.raises(BadReply):
                call()
            sandbox.store.clear_faults()

    def test_withdrawn_consent_means_reconnect(self, sandbox, provider, calendar, account, seed):
        remote_id = seed()
        sandbox.store.revoke(account)

        for call in self.every_call(provider, calendar, remote_id).values():
            with pytest.raises(ReconnectNeeded):
                call()

    def test_missing_scope_is_forbidden(self, make_provider, account, calendar, seed):
        seed()
        narrow = make_provider(account, ["openid", "email"])

        with pytest.raises(UpstreamForbidden):
            self.listed(narrow, calendar, span(2, 3))

    def test_errors_hold_neither_token_nor_answer(self, sandbox, account, provider, calendar):
        sandbox.fault(self.CALENDARS, status=400, message="s3cret words", reason="s3cretReason")

        with pytest.raises(UpstreamError) as caught:
            provider.list_calendars()

        error = caught.value
        shown = f"{error!r} {error.message} {error.details()} {error.__context__!r}"
        assert "s3cret" not in shown
        assert error.status == 400

    # --- What it says of itself ---

    def test_provider_is_registered_under_its_key(self, provider):
        assert provider_class(self.KEY) is type(provider)
        assert provider.label
