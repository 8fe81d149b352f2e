"""What moving an event to another calendar owes us, or its refusal where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calendars.providers.base import EventDraft, Feature
from calendars.providers.errors import CalendarGone, EventGone
from common.errors import Unsupported, UpstreamError, UpstreamForbidden, UpstreamUnavailable
from tests.calendars.providers.contract_base import ProviderBase, span


class MovingContract(ProviderBase):
    @pytest.fixture
    def other(self, sandbox, account, calendar):
        made = sandbox.store.add_calendar(account, name="Studio")
        return replace(calendar, remote_id=made["id"], name="Studio")

    def test_event_moves_or_is_refused_in_words(self, provider, calendar, other, seed):
        remote_id = seed("Review", description="Notes", attendees=("guest@example.org",))
        if Feature.MOVE_CALENDAR not in provider.features:
            with pytest.raises(Unsupported) as caught:
                provider.move_event(calendar, remote_id, other)
            assert provider.label in caught.value.message
            assert [e.title for e in self.listed(provider, calendar, span(2, 3))] == ["Review"]
            return
        before = provider.get_event(calendar, remote_id)

        after = provider.move_event(calendar, remote_id, other)

        assert self.listed(provider, calendar, span(2, 3)) == []
        assert self.listed(provider, other, span(2, 3)) == [after]
        kept = ("title", "description", "start", "end", "attendees", "ical_uid")
        assert [getattr(after, n) for n in kept] == [getattr(before, n) for n in kept]


class MoversContract(MovingContract):
    """For providers that have Feature.MOVE_CALENDAR."""

    MOVE = ""

    def test_move_repeated_is_a_success(self, provider, calendar, other, seed):
        remote_id = seed("Review")
        first = provider.move_event(calendar, remote_id, other)

        assert provider.move_event(calendar, remote_id, other) == first

    def test_move_whose_answer_was_lost_is_found_where_it_went(
        self, sandbox, provider, calendar, other, seed
    ):
        remote_id = seed("Review")
        sandbox.fault(self.MOVE, lost=True)
        with pytest.raises(UpstreamUnavailable):
            provider.move_event(calendar, remote_id, other)

        assert provider.move_event(calendar, remote_id, other).title == "Review"
        assert len(self.listed(provider, other, span(2, 3))) == 1

    def test_series_moves_whole_with_what_its_events_have_of_their_own(
        self, provider, calendar, other, seed
    ):
        series_id = seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=4",))
        one, two, three, _ = self.listed(provider, calendar, span(2, 7))
        provider.update_event(calendar, two.remote_id, EventDraft(title="Longer"))
        provider.delete_event(calendar, three.remote_id)

        provider.move_event(calendar, series_id, other)

        told = [(e.title, e.start.at) for e in self.listed(provider, other, span(2, 7))]
        assert [title for title, _ in told] == ["Standup", "Longer", "Standup"]
        assert told[0][1] == one.start.at
        assert self.listed(provider, calendar, span(2, 7)) == []

    def test_one_of_a_series_does_not_move(self, provider, calendar, other, seed):
        seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=2",))
        first = self.listed(provider, calendar, span(2, 3))[0]
        provider.update_event(calendar, first.remote_id, EventDraft(title="Own"))

        with pytest.raises(UpstreamError):
            provider.move_event(calendar, first.remote_id, other)
        assert len(self.listed(provider, calendar, span(2, 5))) == 2

    def test_guest_does_not_move_the_event(self, provider, calendar, other, seed):
        remote_id = seed("Theirs", organizer="boss@example.org")

        with pytest.raises(UpstreamForbidden):
            provider.move_event(calendar, remote_id, other)

    def test_gone_event_is_gone(self, sandbox, provider, calendar, other, seed, remote_calendar):
        remote_id = seed("Review")
        sandbox.store.delete_event(remote_calendar, remote_id)

        with pytest.raises(EventGone):
            provider.move_event(calendar, remote_id, other)

    def test_destination_that_is_gone_takes_nothing(self, provider, calendar, other, seed):
        """Google's 404 does not say whether the event or the other calendar is not there."""
        remote_id = seed("Review")

        with pytest.raises(CalendarGone):
            provider.move_event(calendar, remote_id, replace(other, remote_id="no@such.example"))
        assert len(self.listed(provider, calendar, span(2, 3))) == 1

    def test_destination_that_can_only_be_read_is_refused(
        self, sandbox, provider, calendar, account, other, seed
    ):
        theirs = sandbox.store.add_calendar(account, name="Theirs", role="reader")

        with pytest.raises(UpstreamForbidden):
            provider.move_event(calendar, seed(), replace(other, remote_id=theirs["id"]))

    def test_guests_hear_of_a_move_unless_they_are_not_to(
        self, sandbox, provider, calendar, other, seed
    ):
        remote_id = seed("Review", attendees=("guest@example.org",))
        before = len(sandbox.store.all("mail"))

        provider.move_event(calendar, remote_id, other, notify=False)
        assert len(sandbox.store.all("mail")) == before

        provider.move_event(other, remote_id, calendar)
        assert [mail["about"] for mail in sandbox.store.all("mail")[before:]] == ["update"]
