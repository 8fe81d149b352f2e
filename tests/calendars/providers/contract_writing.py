"""What creating, changing and deleting events owes us."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from calendars.enums import Response, Visibility
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import CalendarGone, EventGone
from common.errors import (
    UpstreamConflict,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.spans import Span
from conferencing.enums import Conference
from tests.calendars.providers.contract_base import (
    KEY,
    ProviderBase,
    at,
    draft,
    span,
)


class WritingContract(ProviderBase):
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
        hours = EventDraft(all_day=False, start=at(6, 9), end=at(6, 10), timezone="Europe/Berlin")

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

    def test_what_a_key_made_is_found_until_it_is_deleted(self, provider, calendar):
        assert provider.find_created(calendar, KEY) is None
        made = provider.create_event(calendar, draft())

        assert provider.find_created(calendar, KEY).remote_id == made.remote_id

        provider.delete_event(calendar, made.remote_id)
        assert provider.find_created(calendar, KEY) is None
