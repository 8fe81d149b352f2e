"""Outlook calendars through Microsoft Graph v1.0. https://learn.microsoft.com/en-us/graph/api"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from calendars.enums import ConferenceState, Response
from calendars.providers.base import (
    UNSET,
    BusySpan,
    CalendarProvider,
    Changes,
    Feature,
    RemoteCalendar,
    RemoteChannel,
    RemoteConference,
    RemoteEvent,
)
from calendars.providers.busy import busy_events
from calendars.providers.cursors import baseline_span
from calendars.providers.errors import CursorLost, EventGone
from calendars.providers.microsoft.body import with_blob
from calendars.providers.microsoft.drafting import (
    ANSWER_VERBS,
    OWN_ID,
    answer_body,
    create_body,
    needs_current,
    update_body,
)
from calendars.providers.microsoft.errors import DUPLICATE, code_of, error_for
from calendars.providers.microsoft.mapping import read_calendar, read_event
from calendars.providers.microsoft.wire import (
    Graph,
    calendar_path,
    event_path,
    instant_text,
    window,
)
from calendars.providers.reading import Reply, read_moment
from common.errors import BadReply, Unsupported, UpstreamConflict
from common.spans import Span
from conferencing.enums import Conference, LinkFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import ChannelWish, EventDraft

PAGE_SIZE: Final = 500
DELTA_PAGE_SIZE: Final = 200
NEIGHBOURHOOD: Final = timedelta(days=400)
# Graph allows just under seven days for events.
SUBSCRIPTION_LIFE: Final = timedelta(days=6, hours=20)
_BUSY_FIELDS = (
    "id,start,end,showAs,isCancelled,isAllDay,responseStatus,"
    "originalStartTimeZone,originalEndTimeZone,seriesMasterId,type"
)
_NO_LINK = "Outlook saved the event and made no Teams link."
_NEVER_A_LINK = "This personal Outlook account made no Teams link."


class OutlookCalendar(CalendarProvider):
    """One Microsoft account, of an organisation or of a person."""

    key: ClassVar[str] = "outlook"
    label: ClassVar[str] = "Outlook"
    features: ClassVar[frozenset[Feature]] = frozenset(
        {Feature.DELTA, Feature.EXPANDED_CHANGES, Feature.PUSH, Feature.OUT_OF_OFFICE}
        | {Feature.FEW_AT_ONCE}
    )
    native_conference: ClassVar[Conference] = Conference.TEAMS
    hook: ClassVar[str] = "hooks/microsoft"
    lifecycle_hook: ClassVar[str] = "hooks/microsoft/lifecycle"

    def __init__(self, account: RemoteAccount) -> None:
        self._account = account
        self._graph = Graph(account, self.label)

    def list_calendars(self) -> list[RemoteCalendar]:
        return [
            read_calendar(item)
            for page in self._graph.pages("me/calendars", {"$top": "100"})
            for item in page.parts("value")
        ]

    def list_events(self, calendar: RemoteCalendar, span: Span) -> Iterator[list[RemoteEvent]]:
        params = {**window(span), "$top": str(PAGE_SIZE)}
        for page in self._graph.pages(f"{calendar_path(calendar)}/calendarView", params):
            yield [read_event(item, calendar) for item in page.parts("value")]

    def get_event(self, calendar: RemoteCalendar, event_remote_id: str) -> RemoteEvent:
        reply = self._graph.call("GET", event_path(event_remote_id), on_event=True)
        return read_event(reply, calendar)

    def create_event(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        if not draft.notify and _invites(draft):
            self._refuse_silence()
        if isinstance(draft.copy_conference_of, str):
            other = self.get_event(calendar, draft.copy_conference_of)
            # Graph makes every event a Teams meeting of its own.
            draft = replace(draft, conference=Conference.TEAMS) if _is_teams(other) else draft
        body = create_body(draft, calendar, self._account.kind)
        answer = self._graph.send("POST", f"{calendar_path(calendar)}/events", json=body)
        if code_of(answer) == DUPLICATE and draft.idempotency_key:
            return self._made_before(calendar, draft)
        if not answer.ok:
            raise error_for(answer, on_event=False)
        return self._with_link(calendar, draft, read_event(Reply(answer.data), calendar))

    def _made_before(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        made = self.find_created(calendar, draft.idempotency_key)
        if made is None:
            raise UpstreamConflict("This event was created before and deleted since.")
        return self._with_link(calendar, draft, made)

    def find_created(self, calendar: RemoteCalendar, idempotency_key: str) -> RemoteEvent | None:
        """By the id of ours that it carries."""
        wanted = (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{OWN_ID}'"
            f" and ep/value eq '{idempotency_key}')"
        )
        page = self._graph.call(
            "GET", f"{calendar_path(calendar)}/events", params={"$filter": wanted}
        )
        return next((read_event(item, calendar) for item in page.parts("value")), None)

    def _with_link(
        self, calendar: RemoteCalendar, draft: EventDraft, event: RemoteEvent
    ) -> RemoteEvent:
        """The event with the truth about its Teams link: Graph leaves one out without a word."""
        if draft.conference is not Conference.TEAMS or _has_link(event):
            return event
        event = self.get_event(calendar, event.remote_id)
        if event.conference is not None and event.conference.kind is Conference.TEAMS:
            return event
        # A person's account may make one or not; of an organisation's one expects it.
        is_personal = self._account.kind == "personal"
        failed = RemoteConference(
            Conference.TEAMS,
            ConferenceState.FAILED,
            note=_NEVER_A_LINK if is_personal else _NO_LINK,
            failure=LinkFailure.REFUSED if is_personal else LinkFailure.NOT_MADE,
        )
        return replace(event, conference=failed)

    def update_event(
        self, calendar: RemoteCalendar, event_remote_id: str, draft: EventDraft, *, etag: str = ""
    ) -> RemoteEvent:
        current: RemoteEvent | None = None
        if needs_current(draft):
            current = self.get_event(calendar, event_remote_id)
            etag = etag or current.etag
        if not draft.notify and (_invites(draft) or (current and current.attendees)):
            self._refuse_silence()
        body = update_body(draft, calendar, self._account.kind, current)
        if not body:
            return current or self.get_event(calendar, event_remote_id)
        if "body" in body and current and _is_teams(current):
            body["body"] = self._body_with_blob(
                event_remote_id, Reply(body["body"]).text("content")
            )
        reply = self._graph.call(
            "PATCH", event_path(event_remote_id), json=body, etag=etag, on_event=True
        )
        return self._with_link(calendar, draft, read_event(reply, calendar))

    def _body_with_blob(self, event_remote_id: str, text: str) -> dict[str, str]:
        former = self._graph.call(
            "GET", event_path(event_remote_id), params={"$select": "body"}, on_event=True
        )
        return {
            "contentType": "html",
            "content": with_blob(text, former.part("body").text("content")),
        }

    def delete_event(
        self, calendar: RemoteCalendar, event_remote_id: str, *, notify: bool = True
    ) -> None:
        try:
            if not notify and self.get_event(calendar, event_remote_id).attendees:
                self._refuse_silence()
            answer = self._graph.send("DELETE", event_path(event_remote_id))
            if not answer.ok:
                raise error_for(answer, on_event=True)
            if answer.data is not None:
                # A deletion is answered with nothing: whoever says more did something else.
                raise BadReply
        except EventGone:
            return

    def respond(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        response: Response,
        *,
        comment: str = "",
        notify: bool = True,
    ) -> RemoteEvent | None:
        """Outlook takes a declined event off the calendar, unless its owner told it not to."""
        path = event_path(event_remote_id)
        try:
            raw = self._graph.call("GET", path, on_event=True)
            current = read_event(raw, calendar)
            if current.response == response and not comment:
                return current
            answer = self._graph.send(
                "POST",
                f"{path}/{ANSWER_VERBS[response]}",
                json=answer_body(raw, comment, notify=notify),
            )
            if not answer.ok:
                raise error_for(answer, on_event=True)
            return replace(self.get_event(calendar, event_remote_id), response=response)
        except EventGone:
            if response != Response.DECLINED:
                raise
            return None

    def _refuse_silence(self) -> None:
        message = "Outlook always mails the guests of an event."
        raise Unsupported(Feature.NOTIFY_SWITCH.value, message)

    def busy(
        self,
        calendars: Sequence[RemoteCalendar],
        span: Span,
        *,
        ignoring: frozenset[str] = frozenset(),
    ) -> list[BusySpan]:
        """From the calendars' events: getSchedule knows no personal accounts and no second
        calendar.
        """
        params = {**window(span), "$select": _BUSY_FIELDS, "$top": str(PAGE_SIZE)}
        found: list[BusySpan] = []
        for calendar in {c.remote_id: c for c in calendars}.values():
            for page in self._graph.pages(f"{calendar_path(calendar)}/calendarView", params):
                events = [read_event(item, calendar) for item in page.parts("value")]
                found += busy_events(events, calendar, span, ignoring=ignoring)
        return found

    def list_occurrences(
        self, calendar: RemoteCalendar, series_remote_id: str, span: Span
    ) -> Iterator[list[RemoteEvent]]:
        params = {**window(span), "$top": str(PAGE_SIZE)}
        path = f"{event_path(series_remote_id)}/instances"
        for page in self._graph.pages(path, params, on_event=True):
            yield [read_event(item, calendar) for item in page.parts("value")]

    def get_occurrence(
        self, calendar: RemoteCalendar, series_remote_id: str, original_start_at: datetime
    ) -> RemoteEvent:
        """Graph finds occurrences by where they are now: it lets none pass its neighbours."""
        around = Span(original_start_at - NEIGHBOURHOOD, original_start_at + NEIGHBOURHOOD)
        for page in self.list_occurrences(calendar, series_remote_id, around):
            for event in page:
                if event.original_start_at == original_start_at:
                    return event
        raise EventGone

    def change_pages(self, calendar: RemoteCalendar, cursor: str) -> Iterator[Changes]:
        span = baseline_span(cursor)
        path, params = cursor, None
        if span is not None:
            path, params = f"{calendar_path(calendar)}/calendarView/delta", window(span)
        elif not self._graph.is_ours(cursor):
            raise CursorLost
        known: dict[str, Reply | None] = {}
        for page in self._graph.pages(path, params, page_size=DELTA_PAGE_SIZE):
            items = self._completed(page.parts("value"), known)
            events = tuple(read_event(item, calendar) for item in items)
            following = page.text("@odata.nextLink")
            if following:
                yield Changes(events, following, is_whole=False)
            else:
                yield Changes(events, page.needed("@odata.deltaLink"))

    def _completed(self, items: list[Reply], known: dict[str, Reply | None]) -> Iterator[Reply]:
        """Occurrences in a delta hold few fields: the others are those of their series.

        `known` keeps the series of the pages before, None for one that is gone.
        """
        known |= {item.text("id"): item for item in items if item.text("type") == "seriesMaster"}
        for item in items:
            series_id = item.text("seriesMasterId")
            if "@removed" in item or not series_id or "subject" in item:
                yield item
                continue
            if series_id not in known:
                known[series_id] = self._series(series_id)
            series = known[series_id]
            if series is None:
                yield Reply({"id": item.needed("id"), "@removed": {"reason": "deleted"}})
                continue
            not_theirs = {"recurrence", "@odata.etag"}
            of_series = {k: v for k, v in series.record.items() if k not in not_theirs}
            yield Reply({**of_series, **item.record})

    def _series(self, series_id: str) -> Reply | None:
        try:
            return self._graph.call("GET", event_path(series_id), on_event=True)
        except EventGone:
            return None

    def watch(self, calendar: RemoteCalendar, channel: ChannelWish) -> RemoteChannel:
        """Graph names the channel itself; the secret is sent back as clientState."""
        expires_at = self._account.clock() + SUBSCRIPTION_LIFE
        # A name in a body, not an address: its id is not encoded.
        resource = f"me/calendars/{calendar.remote_id}/events"
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": channel.address,
            "resource": resource,
            "expirationDateTime": instant_text(expires_at.isoformat()),
            "clientState": channel.secret,
        }
        if channel.lifecycle_address:
            body["lifecycleNotificationUrl"] = channel.lifecycle_address
        reply = self._graph.call("POST", "subscriptions", json=body)
        ends = read_moment(reply.needed("expirationDateTime"))
        # Graph has asked our address for the handshake before it answers.
        found = reply.text("resource") or resource
        return RemoteChannel(reply.needed("id"), found, ends, is_proven=True)

    def unwatch(self, channel: RemoteChannel) -> None:
        answer = self._graph.send("DELETE", f"subscriptions/{quote(channel.remote_id, safe='')}")
        if not answer.ok and answer.status != 404:
            raise error_for(answer, on_event=False)


def _invites(draft: EventDraft) -> bool:
    return draft.attendees is not UNSET and bool(draft.attendees)


def _has_link(event: RemoteEvent) -> bool:
    return event.conference is not None and event.conference.state is ConferenceState.READY


def _is_teams(event: RemoteEvent) -> bool:
    return event.conference is not None and event.conference.kind is Conference.TEAMS
