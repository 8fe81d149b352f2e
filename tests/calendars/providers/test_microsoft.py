"""Outlook's adapter: the contract, and what only Graph does."""

from __future__ import annotations

import pytest
import responses

from calendars.enums import ConferenceState, Response
from calendars.providers.base import Attendee, ChannelWish, EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost
from common.errors import (
    Unsupported,
    UpstreamConflict,
)
from conferencing.enums import Conference
from tests.calendars.providers.contract import CalendarProviderContract, at, draft, span


class TestOutlook(CalendarProviderContract):
    KEY = "outlook"
    SIDE = "microsoft"
    CALENDARS = "microsoft.calendars.list"
    LIST = BUSY = "microsoft.calendarView.list"
    CHANGES = "microsoft.calendarView.delta"
    GET = "microsoft.events.get"
    CREATE = "microsoft.events.create"
    UPDATE = "microsoft.events.update"
    ANSWER = "microsoft.events.respond"
    DECLINED_STAYS = False
    DELETE = "microsoft.events.delete"
    ELSEWHERE = "workingElsewhere"

    @pytest.fixture
    def personal(self, sandbox):
        return sandbox.store.add_account("microsoft", email="ann@outlook.example", kind="personal")

    def guest_answers(self, sandbox, remote_calendar, remote_id, email):
        event = sandbox.store.get("event", remote_id)
        for guest in event["body"]["attendees"]:
            if guest["emailAddress"]["address"] == email:
                guest["status"] = {"response": "accepted", "time": "2026-03-01T08:00:00Z"}

    def answers(self, sandbox, remote_calendar, remote_id):
        words = {
            "none": Response.NEEDS_ACTION,
            "notResponded": Response.NEEDS_ACTION,
            "tentativelyAccepted": Response.TENTATIVE,
        }
        found = sandbox.store.get("event", remote_id)["body"]["attendees"]
        said = {a["emailAddress"]["address"]: a["status"]["response"] for a in found}
        return {email: words.get(word, word) for email, word in said.items()}

    @pytest.mark.parametrize("status", [400, 409])
    def test_duplicate_transaction_is_known_by_its_code(self, sandbox, provider, calendar, status):
        sandbox.store.set_setting("microsoft.duplicate_status", status)
        first = provider.create_event(calendar, draft())

        assert provider.create_event(calendar, draft()) == first

    def test_duplicate_whose_event_cannot_be_found_is_a_conflict(self, sandbox, provider, calendar):
        sandbox.fault(self.CREATE, status=409, reason="ErrorDuplicateTransactionId")

        with pytest.raises(UpstreamConflict):
            provider.create_event(calendar, draft())

    def test_silence_towards_guests_is_refused_and_nothing_happens(
        self, sandbox, provider, calendar, seed
    ):
        guests = (Attendee("guest@example.org"),)
        invited = seed("Invited", attendees=("guest@example.org",))
        alone = seed("Alone", start=at(2, 12))
        before = len(sandbox.store.all("mail"))

        with pytest.raises(Unsupported):
            provider.create_event(calendar, draft(attendees=guests, notify=False))
        with pytest.raises(Unsupported):
            provider.update_event(calendar, invited, EventDraft(title="New", notify=False))
        with pytest.raises(Unsupported):
            provider.update_event(calendar, alone, EventDraft(attendees=guests, notify=False))
        with pytest.raises(Unsupported):
            provider.delete_event(calendar, invited, notify=False)

        assert len(sandbox.store.all("mail")) == before
        provider.update_event(calendar, alone, EventDraft(title="New", notify=False))
        provider.delete_event(calendar, alone, notify=False)
        assert [e.title for e in self.listed(provider, calendar, span(2, 3))] == ["Invited"]

    def test_teams_meeting_cannot_be_taken_away(self, provider, calendar):
        made = provider.create_event(calendar, draft(conference=Conference.TEAMS))

        with pytest.raises(Unsupported):
            provider.update_event(
                calendar, made.remote_id, EventDraft(conference=Conference.NONE, title="New")
            )
        assert provider.get_event(calendar, made.remote_id).title == "Review"

    def test_personal_account_without_a_link_says_so_in_words(self, make_provider, personal):
        provider = make_provider(personal)
        calendar = provider.list_calendars()[0]

        made = provider.create_event(calendar, draft(conference=Conference.TEAMS))

        assert (made.conference.kind, made.conference.state, made.conference.url) == (
            Conference.TEAMS,
            ConferenceState.FAILED,
            "",
        )
        assert made.conference.note
        assert provider.create_event(calendar, draft(conference=Conference.TEAMS)) == made

    def test_personal_account_that_gives_a_link_has_it(self, sandbox, make_provider, personal):
        """Only when the provider is not named: with it the link stays out without a word."""
        sandbox.store.set_setting("microsoft.personal_teams", True)
        provider = make_provider(personal)
        calendar = provider.list_calendars()[0]

        made = provider.create_event(calendar, draft(conference=Conference.TEAMS))

        assert made.conference.state is ConferenceState.READY

    def test_description_of_a_teams_meeting_is_what_people_wrote(self, provider, calendar):
        made = provider.create_event(
            calendar, draft(conference=Conference.TEAMS, description="Agenda\nof two lines")
        )

        assert provider.get_event(calendar, made.remote_id).description == "Agenda\nof two lines"

    def test_one_reminder_is_all_there_is(self, provider, calendar):
        with pytest.raises(Unsupported):
            provider.create_event(calendar, draft(reminders=(5, 60)))
        assert provider.create_event(calendar, draft(reminders=None)).reminders == (15,)

    @pytest.mark.parametrize(
        "rule",
        [
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15",
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1",
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=31",
        ],
    )
    def test_rule_that_graph_has_not_is_refused_before_anything_is_made(
        self, sandbox, provider, calendar, rule
    ):
        with pytest.raises(Unsupported):
            provider.create_event(calendar, draft(recurrence=(rule,)))
        assert sandbox.calls(self.CREATE) == []

    def test_rule_is_added_to_an_event_that_starts_when_it_did(self, provider, calendar, seed):
        remote_id = seed()

        after = provider.update_event(
            calendar, remote_id, EventDraft(recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",))
        )

        assert after.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=MO;COUNT=3",)
        assert [e.start.at for e in self.listed(provider, calendar, span(1, 20))] == [
            at(2, 9),
            at(9, 9),
            at(16, 9),
        ]

    def test_occurrence_moved_past_its_neighbour_is_refused_in_words(
        self, provider, calendar, seed
    ):
        seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        first = self.listed(provider, calendar, span(2, 3))[0]

        with pytest.raises(Unsupported) as caught:
            provider.update_event(
                calendar, first.remote_id, EventDraft(start=at(5, 9), end=at(5, 10))
            )

        assert "occurrence" in caught.value.message

    def test_event_in_a_zone_that_windows_has_not_keeps_its_instant(self, provider, calendar):
        made = provider.create_event(calendar, draft(timezone="Antarctica/Troll"))

        assert made.start.at == at(2, 9)

    def test_series_in_a_zone_that_windows_has_not_is_refused(self, provider, calendar):
        with pytest.raises(Unsupported):
            provider.create_event(
                calendar,
                draft(timezone="Antarctica/Troll", recurrence=("RRULE:FREQ=DAILY;COUNT=2",)),
            )

    def test_subscription_says_where_lifecycle_news_go(self, sandbox, provider, calendar):
        wish = ChannelWish(
            "c1",
            "https://meridian.example/push",
            "s3cret",
            lifecycle_address="https://meridian.example/life",
        )

        channel = provider.watch(calendar, wish)

        kept = sandbox.store.get("subscription", channel.remote_id)
        assert kept["lifecycle_address"] == "https://meridian.example/life"
        assert (kept["client_state"], kept["calendar"]) == ("s3cret", calendar.remote_id)

    def test_cursor_of_another_host_is_lost_and_gets_no_token(self, provider, calendar):
        with responses.RequestsMock() as upstream, pytest.raises(CursorLost):
            provider.changes(calendar, "https://evil.example/delta?$deltatoken=1")
        assert len(upstream.calls) == 0

    def test_occurrences_of_a_changed_series_come_whole_in_an_increment(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        master = seed("Standup", recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        first = provider.changes(calendar, baseline_cursor(span(1, 9)))
        sandbox.store.delete_event(remote_calendar, first.events[1].remote_id)

        second = provider.changes(calendar, first.cursor)

        told = [e for e in second.events if e.series_remote_id == master]
        assert [e.title for e in told] == ["Standup", "Standup"]
        assert [e.original_start_at for e in told] == [e.start.at for e in told]
