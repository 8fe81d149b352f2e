"""Graph on the wire: its table of refusals, headers and links."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import responses

from calendars.providers.account import RemoteAccount
from calendars.providers.base import EventDraft, RemoteCalendar
from calendars.providers.errors import CalendarGone, CursorLost, EventGone
from calendars.providers.microsoft.adapter import OutlookCalendar
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
from tests.calendars.providers.contract import span

API = "https://graph.microsoft.com/v1.0"
CALENDAR = RemoteCalendar("AAMk=", "Calendar", "Europe/Berlin")
VIEW = f"{API}/me/calendars/AAMk%3D/calendarView"


@pytest.fixture
def graph():
    account = RemoteAccount(token=Secret("t0ken"), api_url=API, time_limit=timedelta(seconds=5))
    return OutlookCalendar(account)


def refusal(status, code, headers=None):
    inner = {"date": "2026-03-02T08:00:00", "request-id": "r", "client-request-id": "c"}
    body = {"error": {"code": code, "message": "words of Graph", "innerError": inner}}
    return {"status": status, "json": body, "headers": headers or {}}


ON_EVENTS = [
    (400, "ErrorInvalidIdMalformed", Unsupported),
    (400, "ErrorPropertyValidationFailure", Unsupported),
    (400, "ErrorOccurrenceCrossingBoundary", Unsupported),
    (400, "ErrorDuplicateTransactionId", UpstreamConflict),
    (401, "InvalidAuthenticationToken", ReconnectNeeded),
    (401, "CompactTokenParsingFailed", ReconnectNeeded),
    (401, "LifetimeValidationFailed", ReconnectNeeded),
    (403, "ErrorAccessDenied", UpstreamForbidden),
    (403, "SomethingNew", UpstreamForbidden),
    (404, "ErrorItemNotFound", EventGone),
    (404, "MailboxNotEnabledForRESTAPI", UpstreamForbidden),
    (409, "ErrorDuplicateTransactionId", UpstreamConflict),
    (409, "ErrorIrresolvableConflict", UpstreamConflict),
    (412, "ErrorIrresolvableConflict", UpstreamConflict),
    (412, "PreconditionFailed", UpstreamConflict),
    (423, "Locked", UpstreamUnavailable),
    (429, "TooManyRequests", RateLimited),
    (429, "ApplicationThrottled", RateLimited),
    (503, "ApplicationThrottled", RateLimited),
    (500, "InternalServerError", UpstreamUnavailable),
    (503, "ServiceUnavailable", UpstreamUnavailable),
    (504, "GatewayTimeout", UpstreamUnavailable),
    (418, "Teapot", Unsupported),
]
ON_CALENDARS = [
    (404, "ErrorItemNotFound", CalendarGone),
    (404, "MailboxNotEnabledForRESTAPI", UpstreamForbidden),
    (410, "SyncStateNotFound", CursorLost),
    (410, "syncStateNotFound", CursorLost),
    (410, "SyncStateInvalid", CursorLost),
    (410, "resyncRequired", CursorLost),
    (410, "Gone", CursorLost),
    (400, "SyncStateNotFound", CursorLost),
    (412, "ErrorIrresolvableConflict", UpstreamUnavailable),
]


class TestRefusals:
    """https://learn.microsoft.com/en-us/graph/errors and what others have seen, row by row."""

    @responses.activate
    @pytest.mark.parametrize(("status", "code", "error"), ON_EVENTS)
    def test_code_on_an_event(self, graph, status, code, error):
        responses.patch(f"{API}/me/events/e1", **refusal(status, code))

        with pytest.raises(error) as caught:
            graph.update_event(CALENDAR, "e1", EventDraft(title="New"))

        assert type(caught.value) is error
        assert "words of Graph" not in str(caught.value)

    @responses.activate
    @pytest.mark.parametrize(("status", "code", "error"), ON_CALENDARS)
    def test_code_on_a_calendar(self, graph, status, code, error):
        responses.get(f"{API}/me/calendars/x/calendarView/delta", **refusal(status, code))

        with pytest.raises(error) as caught:
            graph.changes(CALENDAR, f"{API}/me/calendars/x/calendarView/delta")

        assert type(caught.value) is error

    @responses.activate
    @pytest.mark.parametrize("body", [{}, [], {"error": 7}, {"error": {"code": 7}}, None])
    def test_refusal_without_a_code_goes_by_its_status(self, graph, body):
        responses.get(VIEW, status=403, json=body)

        with pytest.raises(UpstreamForbidden):
            graph.busy([CALENDAR], span(2, 3))

    @responses.activate
    def test_rate_limit_says_how_long(self, graph):
        responses.get(VIEW, **refusal(429, "TooManyRequests", {"Retry-After": "30"}))

        with pytest.raises(RateLimited) as caught:
            graph.busy([CALENDAR], span(2, 3))

        assert caught.value.retry_after == timedelta(seconds=30)

    @responses.activate
    def test_log_names_the_request_and_nothing_else(self, graph, caplog):
        caplog.set_level(logging.DEBUG)
        headers = {"request-id": "8e5a1b6c-0000-4000-8000-000000000000"}
        responses.get(VIEW, **refusal(403, "ErrorAccessDenied", headers))

        with pytest.raises(UpstreamForbidden):
            graph.busy([CALENDAR], span(2, 3))

        assert "8e5a1b6c-0000" in caplog.text
        assert "erroraccessdenied" in caplog.text
        assert "t0ken" not in caplog.text
        assert "words of Graph" not in caplog.text
        assert "AAMk" not in caplog.text

    @responses.activate
    def test_log_lets_no_line_break_in(self, graph, caplog):
        caplog.set_level(logging.DEBUG)
        responses.get(VIEW, **refusal(403, "Evil\nline"))

        with pytest.raises(UpstreamForbidden):
            graph.busy([CALENDAR], span(2, 3))

        assert "code unknown" in caplog.text


class TestWire:
    @responses.activate
    def test_every_call_prefers_utc_text_and_lasting_ids(self, graph):
        responses.get(VIEW, json={"value": []})

        graph.busy([CALENDAR], span(2, 3))

        sent = responses.calls[0].request
        assert sent.headers["Prefer"] == (
            'outlook.timezone="UTC", outlook.body-content-type="html", IdType="ImmutableId"'
        )
        assert sent.headers["client-request-id"]
        assert sent.headers["Authorization"] == "Bearer t0ken"

    @responses.activate
    def test_next_link_is_followed_as_it_is(self, graph):
        link = f"{API}/me/calendars/other/calendarView?$skip=500&x=%24"
        responses.get(VIEW, json={"value": [], "@odata.nextLink": link})
        responses.get(f"{API}/me/calendars/other/calendarView", json={"value": []})

        graph.busy([CALENDAR], span(2, 3))

        assert responses.calls[1].request.url == link

    @responses.activate
    @pytest.mark.parametrize(
        "link",
        [
            "https://evil.example/v1.0/me/x",
            "http://graph.microsoft.com/v1.0/me/x",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "//evil.example/x",
            "me/x",
        ],
    )
    def test_next_link_to_elsewhere_gets_no_token(self, graph, link):
        responses.get(VIEW, json={"value": [], "@odata.nextLink": link})

        with pytest.raises(BadReply):
            graph.busy([CALENDAR], span(2, 3))

        assert len(responses.calls) == 1

    @responses.activate
    def test_endless_delta_is_a_bad_reply(self, graph):
        """Seen in May 2026: the same nextLink again and again, and never a deltaLink."""
        url = f"{API}/me/calendars/x/calendarView/delta"
        responses.get(url, json={"value": [], "@odata.nextLink": f"{url}?$skiptoken=1"})

        with pytest.raises(BadReply):
            graph.changes(CALENDAR, f"{url}?$deltatoken=0")

        assert len(responses.calls) == 2

    @responses.activate
    def test_delta_without_a_cursor_is_a_bad_reply(self, graph):
        url = f"{API}/me/calendars/x/calendarView/delta"
        responses.get(url, json={"value": []})

        with pytest.raises(BadReply):
            graph.changes(CALENDAR, url)

    @responses.activate
    def test_occurrence_whose_series_is_not_in_the_delta_is_completed(self, graph):
        url = f"{API}/me/calendars/x/calendarView/delta"
        start = {"dateTime": "2026-03-03T08:00:00.0000000", "timeZone": "UTC"}
        end = {"dateTime": "2026-03-03T09:00:00.0000000", "timeZone": "UTC"}
        brief = {"seriesMasterId": "m1", "type": "occurrence", "start": start, "end": end}
        items = [{"id": "o1", **brief}, {"id": "o2", **brief}]
        responses.get(url, json={"value": items, "@odata.deltaLink": f"{url}?1"})
        master = {"id": "m1", "type": "seriesMaster", "subject": "Standup", "start": start}
        responses.get(f"{API}/me/events/m1", json={**master, "end": end})

        events = graph.changes(CALENDAR, url).events

        assert [(e.remote_id, e.title, e.recurrence) for e in events] == [
            ("o1", "Standup", ()),
            ("o2", "Standup", ()),
        ]
        assert len(responses.calls) == 2
