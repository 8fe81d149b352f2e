"""What cursors, channels and failures owe us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.enums import EventStatus
from calendars.providers.base import ChannelWish, EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost
from calendars.providers.registry import provider_class
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.spans import Span
from tests.calendars.providers.contract_base import (
    NONSENSE,
    ProviderBase,
    at,
    draft,
    span,
)


class TroubleContract(ProviderBase):
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
            self.CALENDARS: provider.list_calendars,
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
