"""What answering an invitation owes us."""

from __future__ import annotations

import pytest

from calendars.enums import Response
from calendars.providers.errors import EventGone
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamError,
    UpstreamUnavailable,
)
from tests.calendars.providers.contract_base import ProviderBase, at, span

BOSS = "boss@example.org"


class AnsweringContract(ProviderBase):
    ANSWER = ""
    DECLINED_STAYS = True

    @pytest.fixture
    def invited(self, seed):
        return seed("Review", organizer=BOSS, attendees=("other@example.org",))

    def answers(self, sandbox, remote_calendar, remote_id):
        """Everybody's answer as the provider's side has it: {e-mail: word of ours}."""
        raise NotImplementedError

    @pytest.mark.parametrize("said", [Response.ACCEPTED, Response.TENTATIVE])
    def test_answer_is_read_back(self, provider, calendar, invited, said):
        before = provider.get_event(calendar, invited)
        assert (before.response, before.is_organizer) == (Response.NEEDS_ACTION, False)

        after = provider.respond(calendar, invited, said)

        assert after.response == said
        assert provider.get_event(calendar, invited) == after
        assert (after.title, after.start, after.end) == (before.title, before.start, before.end)

    def test_answer_leaves_the_other_guests_as_they_are(
        self, sandbox, provider, calendar, seed, remote_calendar
    ):
        remote_id = seed("Review", organizer=BOSS, attendees=("yes@example.org", "no@example.org"))
        self.guest_answers(sandbox, remote_calendar, remote_id, "yes@example.org")

        provider.respond(calendar, remote_id, Response.TENTATIVE, comment="Ten minutes late")

        assert self.answers(sandbox, remote_calendar, remote_id) == {
            "yes@example.org": Response.ACCEPTED,
            "no@example.org": Response.NEEDS_ACTION,
            "ann@example.com": Response.TENTATIVE,
        }

    def test_declined_event_is_declined_or_off_the_calendar_and_never_busy(
        self, provider, calendar, invited
    ):
        assert self.busy(provider, [calendar], span(2, 3)) != []

        after = provider.respond(calendar, invited, Response.DECLINED)

        if self.DECLINED_STAYS:
            assert after.response == Response.DECLINED
            assert provider.get_event(calendar, invited).response == Response.DECLINED
        else:
            assert after is None
            assert self.listed(provider, calendar, span(2, 3)) == []
        assert self.busy(provider, [calendar], span(2, 3)) == []

    def test_maybe_stays_busy(self, provider, calendar, invited):
        provider.respond(calendar, invited, Response.TENTATIVE)

        assert self.busy(provider, [calendar], span(2, 3)) == [(at(2, 9), at(2, 10))]

    def test_another_answer_replaces_the_first(self, provider, calendar, invited):
        provider.respond(calendar, invited, Response.TENTATIVE)

        assert provider.respond(calendar, invited, Response.ACCEPTED).response == Response.ACCEPTED

    def test_same_answer_again_is_not_sent_again(self, sandbox, provider, calendar, invited):
        first = provider.respond(calendar, invited, Response.ACCEPTED)

        assert provider.respond(calendar, invited, Response.ACCEPTED) == first
        assert len(sandbox.calls(self.ANSWER)) == 1

    def test_comment_is_sent_though_the_answer_is_the_same(
        self, sandbox, provider, calendar, invited
    ):
        provider.respond(calendar, invited, Response.ACCEPTED)
        provider.respond(calendar, invited, Response.ACCEPTED, comment="On my way")

        assert len(sandbox.calls(self.ANSWER)) == 2

    @pytest.mark.parametrize("said", [Response.ACCEPTED, Response.DECLINED])
    def test_answer_whose_reply_was_lost_is_given_when_repeated(
        self, sandbox, provider, calendar, invited, said
    ):
        sandbox.fault(self.ANSWER, lost=True)
        with pytest.raises(UpstreamUnavailable):
            provider.respond(calendar, invited, said)

        after = provider.respond(calendar, invited, said)

        assert after is None or after.response == said
        assert len(sandbox.calls(self.ANSWER)) == 1

    def test_answer_to_one_occurrence_leaves_the_others(self, provider, calendar, seed):
        seed("Standup", organizer=BOSS, recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
        second = self.listed(provider, calendar, span(3, 4))[0]

        provider.respond(calendar, second.remote_id, Response.TENTATIVE)

        told = [e.response for e in self.listed(provider, calendar, span(2, 6))]
        assert told == [Response.NEEDS_ACTION, Response.TENTATIVE, Response.NEEDS_ACTION]

    def test_answer_to_a_series_is_for_all_of_it(self, provider, calendar, seed):
        series_id = seed("Standup", organizer=BOSS, recurrence=("RRULE:FREQ=DAILY;COUNT=3",))

        provider.respond(calendar, series_id, Response.ACCEPTED)

        told = {e.response for e in self.listed(provider, calendar, span(2, 6))}
        assert told == {Response.ACCEPTED}

    def test_answer_to_ones_own_event_is_refused(self, provider, calendar, seed):
        own = seed("Mine", attendees=("guest@example.org",))

        with pytest.raises(Unsupported):
            provider.respond(calendar, own, Response.ACCEPTED)

    def test_yes_to_a_gone_event_says_so(
        self, sandbox, provider, calendar, invited, remote_calendar
    ):
        sandbox.store.delete_event(remote_calendar, invited)

        with pytest.raises(EventGone):
            provider.respond(calendar, invited, Response.ACCEPTED)

    def test_answer_reaches_the_organizers_copy(self, sandbox, provider, calendar, seed):
        boss = sandbox.store.add_account(self.SIDE, email=BOSS, name="Boss")
        theirs = sandbox.store.primary_calendar(boss)
        copy = sandbox.store.add_event(
            theirs, title="Review", start=at(2, 9), end=at(2, 10),
            attendees=("ann@example.com", "other@example.org"), uid="one@example.org",
        )  # fmt: skip
        ours = seed("Review", organizer=BOSS, uid="one@example.org")

        provider.respond(calendar, ours, Response.TENTATIVE)

        name = copy["body"].get("id") or copy["id"]
        assert self.answers(sandbox, theirs, name) == {
            "ann@example.com": Response.TENTATIVE,
            "other@example.org": Response.NEEDS_ACTION,
        }

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"status": 401}, ReconnectNeeded),
            ({"status": 429, "retry_after": 7}, RateLimited),
            ({"status": 500}, UpstreamUnavailable),
            ({"status": 503}, UpstreamUnavailable),
            ({"status": 302, "body": ""}, BadReply),
            ({"status": 400}, UpstreamError),
        ],
    )
    def test_answer_fails_in_the_way_that_needs_a_reaction(
        self, sandbox, provider, calendar, invited, remote_calendar, fault, expected
    ):
        sandbox.fault(self.ANSWER, **fault)
        with pytest.raises(expected):
            provider.respond(calendar, invited, Response.ACCEPTED)
        sandbox.store.clear_faults()

        said = self.answers(sandbox, remote_calendar, invited)["ann@example.com"]
        assert said == Response.NEEDS_ACTION
