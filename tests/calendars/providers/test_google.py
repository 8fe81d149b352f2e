"""Google's adapter: the contract, its table of refusals, and what only Google does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import responses

from calendars.enums import ConferenceState, Response
from calendars.providers.account import RemoteAccount
from calendars.providers.base import Attendee, EventDraft, RemoteCalendar
from calendars.providers.errors import CalendarGone, CursorLost, EventGone
from calendars.providers.google.adapter import GoogleCalendar
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamConflict,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.secrets import Secret
from conferencing.enums import Conference
from tests.calendars.providers.contract import KEY, CalendarProviderContract, draft, span
from tests.calendars.providers.contract_moving import MoversContract

API = "https://www.googleapis.com/calendar/v3"
CALENDAR = RemoteCalendar("cal/1@group", "Team", "Europe/Berlin")
EVENTS = f"{API}/calendars/cal%2F1%40group/events"
HOLIDAYS = "en.usa#holiday@group.v.calendar.google.com"


class TestGoogle(MoversContract, CalendarProviderContract):
    KEY = SIDE = "google"
    CALENDARS = "google.calendarList.list"
    LIST = CHANGES = "google.events.list"
    GET = "google.events.get"
    CREATE = "google.events.insert"
    UPDATE = ANSWER = "google.events.patch"
    DELETE = "google.events.delete"
    MOVE = "google.events.move"
    BUSY = "google.freebusy.query"
    ELSEWHERE = "workingLocation"

    def guest_answers(self, sandbox, remote_calendar, remote_id, email):
        event = sandbox.store.get("event", f"{remote_calendar['id']}/{remote_id}")
        for guest in event["body"]["attendees"]:
            if guest["email"] == email:
                guest["responseStatus"] = "accepted"

    def answers(self, sandbox, remote_calendar, remote_id):
        event = sandbox.store.get("event", f"{remote_calendar['id']}/{remote_id}")
        words = {"needsAction": Response.NEEDS_ACTION}
        return {
            guest["email"]: words.get(guest["responseStatus"], guest["responseStatus"])
            for guest in event["body"]["attendees"]
        }

    def mails(self, sandbox):
        return [mail["about"] for mail in sandbox.store.all("mail")]

    def test_calendar_zone_is_told(self, provider, account):
        assert provider.list_calendars()[0].timezone == "Europe/Berlin"

    def test_idempotency_key_is_the_events_id(self, provider, calendar):
        assert provider.create_event(calendar, draft()).remote_id == KEY

    def test_create_repeated_after_its_event_was_deleted_is_a_conflict(self, provider, calendar):
        """An id stays burnt at Google, and a deleted booking must not come back to life."""
        made = provider.create_event(calendar, draft())
        provider.delete_event(calendar, made.remote_id)

        with pytest.raises(UpstreamConflict):
            provider.create_event(calendar, draft())

    def test_guests_are_told_unless_they_are_not_to_be(self, sandbox, provider, calendar):
        guests = (Attendee("guest@example.org"),)

        made = provider.create_event(calendar, draft(attendees=guests, notify=False))
        provider.update_event(calendar, made.remote_id, EventDraft(title="New", notify=False))
        assert self.mails(sandbox) == []

        provider.update_event(calendar, made.remote_id, EventDraft(title="Newer"))
        provider.delete_event(calendar, made.remote_id)
        assert self.mails(sandbox) == ["update", "cancel"]

    def test_meet_link_is_pending_until_google_has_made_it(self, sandbox, provider, calendar):
        sandbox.store.set_setting("meet", {"mode": "pending", "reads": 2})

        made = provider.create_event(calendar, draft(conference=Conference.MEET))

        states = [provider.get_event(calendar, made.remote_id).conference for _ in range(3)]
        assert made.conference.state is ConferenceState.PENDING
        assert [s.state for s in states] == [
            ConferenceState.PENDING,
            ConferenceState.PENDING,
            ConferenceState.READY,
        ]
        assert [bool(s.url) for s in states] == [False, False, True]

    def test_meet_link_that_failed_is_asked_for_anew(self, sandbox, provider, calendar):
        sandbox.store.set_setting("meet", {"mode": "failure"})
        made = provider.create_event(calendar, draft(conference=Conference.MEET))
        failed = provider.get_event(calendar, made.remote_id).conference
        assert (failed.state, failed.url) == (ConferenceState.FAILED, "")
        assert failed.note

        sandbox.store.set_setting("meet", {"mode": "immediate"})
        again = EventDraft(conference=Conference.MEET)
        assert provider.update_event(calendar, made.remote_id, again).conference.url

    def test_meet_link_is_taken_away(self, provider, calendar):
        made = provider.create_event(calendar, draft(conference=Conference.MEET))

        after = provider.update_event(
            calendar, made.remote_id, EventDraft(conference=Conference.NONE)
        )

        assert after.conference is None
        assert provider.get_event(calendar, made.remote_id).conference is None

    def test_meet_link_in_a_calendar_that_allows_none_is_missing_and_the_event_is_made(
        self, sandbox, provider, account, calendar
    ):
        quiet = sandbox.store.add_calendar(account, name="Quiet", meet=False)
        there = replace(calendar, remote_id=quiet["id"])

        made = provider.create_event(there, draft(conference=Conference.MEET))

        assert made.conference.state == ConferenceState.FAILED
        assert made.conference.url == ""
        assert made.conference.note == "This Google calendar does not allow Meet links."
        assert provider.get_event(there, made.remote_id).title == made.title

    def test_meet_link_for_an_event_of_a_calendar_that_allows_none_is_refused(
        self, sandbox, provider, account, calendar
    ):
        quiet = sandbox.store.add_calendar(account, name="Quiet", meet=False)
        there = replace(calendar, remote_id=quiet["id"])
        made = provider.create_event(there, draft())

        with pytest.raises(Unsupported) as refusal:
            provider.update_event(there, made.remote_id, EventDraft(conference=Conference.MEET))

        assert refusal.value.field == "conference"

    def test_our_own_entry_stays_among_the_guests(self, provider, calendar, seed):
        """Leaving it out would decline the event for us."""
        remote_id = seed(response="accepted", attendees=("guest@example.org",))

        after = provider.update_event(
            calendar, remote_id, EventDraft(attendees=(Attendee("new@example.org"),))
        )

        assert {(a.email, a.is_self) for a in after.attendees} == {
            ("new@example.org", False),
            ("ann@example.com", True),
        }

    def test_reminders_go_back_to_the_calendars_own(self, provider, calendar):
        made = provider.create_event(calendar, draft(reminders=(60, 5)))
        assert made.reminders == (5, 60)

        after = provider.update_event(calendar, made.remote_id, EventDraft(reminders=None))

        assert after.reminders is None

    @pytest.mark.parametrize(
        ("reason", "error"),
        [
            ("notFound", CalendarGone),
            ("internalError", UpstreamUnavailable),
            ("groupTooBig", UpstreamUnavailable),
            ("tooManyCalendarsRequested", UpstreamUnavailable),
        ],
    )
    def test_busy_raises_for_a_calendar_that_google_cannot_read(
        self, sandbox, provider, calendar, remote_calendar, reason, error
    ):
        sandbox.store.change_calendar(remote_calendar, freebusy_error=reason)

        with pytest.raises(error) as caught:
            provider.busy([calendar], span(2, 3))
        if error is CalendarGone:
            assert caught.value.calendar_remote_id == calendar.remote_id

    def test_busy_asks_about_many_calendars_in_portions(self, sandbox, provider, account, seed):
        for number in range(60):
            sandbox.store.add_calendar(account, name=f"More {number}")
        calendars = provider.list_calendars()

        provider.busy(calendars, span(2, 3))

        assert len(calendars) == 61
        assert len(sandbox.calls(self.BUSY)) == 2


# --- The wire ---


@pytest.fixture
def google():
    account = RemoteAccount(
        token=Secret("t0ken"), api_url=API + "/", time_limit=timedelta(seconds=5)
    )
    return GoogleCalendar(account)


def refusal(status, reason, headers=None):
    detail = {"domain": "global", "reason": reason, "message": "words of Google"}
    body = {"error": {"errors": [detail], "code": status, "message": "words of Google"}}
    return {"status": status, "json": body, "headers": headers or {}}


ON_EVENTS = [
    (400, "timeRangeEmpty", Unsupported),
    (400, "badRequest", Unsupported),
    (400, "invalid", Unsupported),
    (400, "required", Unsupported),
    (401, "authError", ReconnectNeeded),
    (403, "userRateLimitExceeded", RateLimited),
    (403, "rateLimitExceeded", RateLimited),
    (403, "quotaExceeded", RateLimited),
    (403, "forbiddenForNonOrganizer", UpstreamForbidden),
    (403, "insufficientPermissions", UpstreamForbidden),
    (403, "requiredAccessLevel", UpstreamForbidden),
    (403, "accessNotConfigured", UpstreamForbidden),
    (403, "somethingNew", UpstreamForbidden),
    (404, "notFound", EventGone),
    (409, "duplicate", UpstreamConflict),
    (409, "conflict", UpstreamConflict),
    (410, "deleted", EventGone),
    (412, "conditionNotMet", UpstreamConflict),
    (429, "rateLimitExceeded", RateLimited),
    (500, "backendError", UpstreamUnavailable),
    (503, "backendError", UpstreamUnavailable),
    (418, "teapot", Unsupported),
]
ON_CALENDARS = [
    (404, "notFound", CalendarGone),
    (410, "fullSyncRequired", CursorLost),
    (410, "updatedMinTooLongAgo", CursorLost),
]


class TestRefusals:
    """https://developers.google.com/workspace/calendar/api/guides/errors, row by row."""

    @responses.activate
    @pytest.mark.parametrize(("status", "reason", "error"), ON_EVENTS)
    def test_reason_on_an_event(self, google, status, reason, error):
        responses.patch(f"{EVENTS}/e1", **refusal(status, reason))

        with pytest.raises(error) as caught:
            google.update_event(CALENDAR, "e1", EventDraft(title="New"))

        assert type(caught.value) is error
        assert "words of Google" not in str(caught.value)

    @responses.activate
    @pytest.mark.parametrize(("status", "reason", "error"), ON_CALENDARS)
    def test_reason_on_a_calendar(self, google, status, reason, error):
        responses.get(EVENTS, **refusal(status, reason))

        with pytest.raises(error) as caught:
            google.changes(CALENDAR, "token")

        assert type(caught.value) is error

    @responses.activate
    def test_reason_in_the_newer_place(self, google):
        info = {"@type": "x", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "x"}
        body = {"error": {"code": 403, "status": "PERMISSION_DENIED", "details": [info]}}
        responses.get(EVENTS, status=403, json=body)

        with pytest.raises(UpstreamForbidden) as caught:
            google.changes(CALENDAR, "token")

        assert "Connect it again" in caught.value.message

    @responses.activate
    @pytest.mark.parametrize("body", [{}, [], {"error": 7}, {"error": {"errors": [7]}}, None])
    def test_refusal_without_a_reason_goes_by_its_status(self, google, body):
        responses.get(EVENTS, status=403, json=body)

        with pytest.raises(UpstreamForbidden):
            google.changes(CALENDAR, "token")

    @responses.activate
    def test_rate_limit_says_how_long(self, google):
        headers = {"Retry-After": "30"}
        responses.get(EVENTS, **refusal(403, "rateLimitExceeded", headers))

        with pytest.raises(RateLimited) as caught:
            google.changes(CALENDAR, "token")

        assert caught.value.retry_after == timedelta(seconds=30)

    @responses.activate
    def test_quota_of_invitations_waits_for_hours(self, google):
        responses.post(EVENTS, **refusal(403, "quotaExceeded"))

        with pytest.raises(RateLimited) as caught:
            google.create_event(CALENDAR, draft())

        assert caught.value.retry_after >= timedelta(hours=1)


class TestWire:
    @responses.activate
    def test_ids_are_encoded(self, google):
        address = f"{API}/calendars/en.usa%23holiday%40group.v.calendar.google.com/events/a%2Fb"
        responses.delete(address, status=204)

        google.delete_event(replace(CALENDAR, remote_id=HOLIDAYS), "a/b")

        assert responses.calls[0].request.url == f"{address}?sendUpdates=all"

    @responses.activate
    def test_pages_that_never_end_are_a_bad_reply(self, google):
        responses.get(EVENTS, json={"items": [], "nextPageToken": "again"})

        with pytest.raises(BadReply):
            list(google.list_events(CALENDAR, span(2, 3)))

        assert len(responses.calls) == 2

    @responses.activate
    def test_pages_without_number_are_a_bad_reply(self, google, monkeypatch):
        monkeypatch.setattr("calendars.providers.google.wire.MOST_PAGES", 5)

        def page(request):
            token = request.params.get("pageToken", "0")
            return 200, {}, f'{{"items": [], "nextPageToken": "{int(token) + 1}"}}'

        responses.add_callback(responses.GET, EVENTS, page)

        with pytest.raises(BadReply):
            list(google.list_events(CALENDAR, span(2, 3)))

        assert len(responses.calls) == 5

    @responses.activate
    def test_list_that_gives_no_cursor_is_a_bad_reply(self, google):
        responses.get(EVENTS, json={"items": []})

        with pytest.raises(BadReply):
            google.changes(CALENDAR, "token")

    @responses.activate
    def test_free_busy_that_leaves_a_calendar_out_is_a_bad_reply(self, google):
        """Silence about a calendar does not make it free."""
        responses.post(f"{API}/freeBusy", json={"calendars": {}})

        with pytest.raises(BadReply):
            google.busy([CALENDAR], span(2, 3))

    @responses.activate
    @pytest.mark.parametrize(
        ("reason", "error"),
        [("forbidden", UpstreamForbidden), ("somethingNew", UpstreamUnavailable)],
    )
    def test_free_busy_reason_that_no_document_names_is_never_free(self, google, reason, error):
        unread = {"errors": [{"domain": "global", "reason": reason}], "busy": []}
        responses.post(f"{API}/freeBusy", json={"calendars": {CALENDAR.remote_id: unread}})

        with pytest.raises(error):
            google.busy([CALENDAR], span(2, 3))

    @responses.activate
    def test_free_busy_without_spans_is_a_bad_reply(self, google):
        responses.post(f"{API}/freeBusy", json={"calendars": {CALENDAR.remote_id: {}}})

        with pytest.raises(BadReply):
            google.busy([CALENDAR], span(2, 3))
