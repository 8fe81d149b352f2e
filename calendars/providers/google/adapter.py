"""Google Calendar v3. https://developers.google.com/workspace/calendar/api/v3/reference"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from calendars.enums import EventStatus
from calendars.providers.base import (
    BusySpan,
    CalendarProvider,
    Changes,
    Feature,
    RemoteCalendar,
    RemoteChannel,
    RemoteEvent,
)
from calendars.providers.busy import busy_events, windows
from calendars.providers.cursors import baseline_span, page_cursor, split_page
from calendars.providers.errors import CalendarGone, EventGone
from calendars.providers.google.drafting import (
    NEEDS_CURRENT,
    copied_conference,
    create_body,
    update_body,
)
from calendars.providers.google.errors import error_for, error_for_busy, reason_of
from calendars.providers.google.mapping import read_calendar, read_event
from calendars.providers.reading import Reply, read_moment
from common.errors import BadReply, UpstreamConflict
from common.spans import Span
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import ChannelWish, EventDraft

PAGE_SIZE: Final = 2500
MOST_PAGES: Final = 400
BUSY_CALENDARS: Final = 50
BUSY_SPAN: Final = timedelta(days=60)
CHANNEL_LIFE: Final = timedelta(days=7)


class GoogleCalendar(CalendarProvider):
    """One Google account."""

    key: ClassVar[str] = "google"
    label: ClassVar[str] = "Google Calendar"
    features: ClassVar[frozenset[Feature]] = frozenset(
        {
            Feature.NOTIFY_SWITCH,
            Feature.CLIENT_EVENT_ID,
            Feature.DELTA,
            Feature.CALENDAR_ZONES,
            Feature.PUSH,
        }
    )
    native_conference: ClassVar[Conference] = Conference.MEET
    hook: ClassVar[str] = "hooks/google"

    def __init__(self, account: RemoteAccount) -> None:
        self._account = account
        self._session = account.open_session(self.label)

    def list_calendars(self) -> list[RemoteCalendar]:
        params = {"maxResults": "250", "showHidden": "true"}
        return [
            read_calendar(item)
            for page in self._pages("users/me/calendarList", params)
            for item in page.parts("items")
            if not item.flag("deleted")
        ]

    def list_events(self, calendar: RemoteCalendar, span: Span) -> Iterator[list[RemoteEvent]]:
        params = {
            "singleEvents": "true",
            "orderBy": "startTime",
            "timeMin": _instant(span.start),
            "timeMax": _instant(span.end),
            "maxResults": str(PAGE_SIZE),
        }
        for page in self._pages(_events(calendar), params):
            yield [read_event(item, calendar) for item in page.parts("items")]

    def get_event(self, calendar: RemoteCalendar, event_remote_id: str) -> RemoteEvent:
        return self._read(calendar, event_remote_id)[1]

    def create_event(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        body = create_body(draft, calendar)
        if isinstance(draft.copy_conference_of, str):
            body |= copied_conference(self._read(calendar, draft.copy_conference_of)[0])
        answer = self._session.send(
            "POST",
            self._account.address(_events(calendar)),
            token=self._account.token,
            json=body,
            params=_write_params(notify=draft.notify),
        )
        if reason_of(answer) == "duplicate" and draft.idempotency_key:
            return self._made_before(calendar, draft.idempotency_key)
        if not answer.ok:
            raise error_for(answer, on_event=False)
        return read_event(Reply(answer.data), calendar)

    def _made_before(self, calendar: RemoteCalendar, key: str) -> RemoteEvent:
        """The event that an earlier try made. An id stays burnt after its event is deleted."""
        made = self.find_created(calendar, key)
        if made is None:
            raise UpstreamConflict("This event was created before and deleted since.")
        return made

    def find_created(self, calendar: RemoteCalendar, idempotency_key: str) -> RemoteEvent | None:
        try:
            return self.get_event(calendar, idempotency_key)
        except EventGone:
            return None

    def update_event(
        self, calendar: RemoteCalendar, event_remote_id: str, draft: EventDraft, *, etag: str = ""
    ) -> RemoteEvent:
        raw: Reply | None = None
        current: RemoteEvent | None = None
        if draft.given() & NEEDS_CURRENT:
            raw, current = self._read(calendar, event_remote_id)
            etag = etag or current.etag
        body = update_body(draft, current, raw)
        if not body:
            return current or self.get_event(calendar, event_remote_id)
        reply = self._call(
            "PATCH",
            _event(calendar, event_remote_id),
            json=body,
            params=_write_params(notify=draft.notify),
            etag=etag,
            on_event=True,
        )
        return _living(read_event(reply, calendar))

    def delete_event(
        self, calendar: RemoteCalendar, event_remote_id: str, *, notify: bool = True
    ) -> None:
        answer = self._session.send(
            "DELETE",
            self._account.address(_event(calendar, event_remote_id)),
            token=self._account.token,
            params={"sendUpdates": "all" if notify else "none"},
        )
        if not answer.ok:
            error = error_for(answer, on_event=True)
            if not isinstance(error, EventGone):
                raise error

    def busy(
        self,
        calendars: Sequence[RemoteCalendar],
        span: Span,
        *,
        ignoring: frozenset[str] = frozenset(),
    ) -> list[BusySpan]:
        by_id = {calendar.remote_id: calendar for calendar in calendars}
        ids = sorted(by_id)
        groups = [ids[at : at + BUSY_CALENDARS] for at in range(0, len(ids), BUSY_CALENDARS)]
        found: list[BusySpan] = []
        for window in windows(span, BUSY_SPAN):
            for group in groups:
                for calendar_id, spans in self._free_busy(group, window).items():
                    if spans and ignoring:
                        # Merged spans name no events, so the events themselves have to tell.
                        found += self._busy_events(by_id[calendar_id], window, ignoring)
                    else:
                        found += [BusySpan(taken, calendar_id) for taken in spans]
        return found

    def _free_busy(self, calendar_ids: list[str], window: Span) -> dict[str, list[Span]]:
        """The busy spans of each; an error on one of them is raised, for unknown is not free."""
        body = {
            "timeMin": _instant(window.start),
            "timeMax": _instant(window.end),
            "items": [{"id": calendar_id} for calendar_id in calendar_ids],
        }
        answers = self._call("POST", "freeBusy", json=body).part("calendars")
        found: dict[str, list[Span]] = {}
        for calendar_id in calendar_ids:
            if calendar_id not in answers:
                raise BadReply
            entry = answers.part(calendar_id)
            for error in entry.parts("errors"):
                raise error_for_busy(error.text("reason"), calendar_id)
            if "busy" not in entry:
                raise BadReply
            found[calendar_id] = [_span(taken) for taken in entry.parts("busy")]
        return found

    def _busy_events(
        self, calendar: RemoteCalendar, window: Span, ignoring: frozenset[str]
    ) -> list[BusySpan]:
        return [
            taken
            for events in self.list_events(calendar, window)
            for taken in busy_events(events, calendar, window, ignoring=ignoring)
        ]

    def list_occurrences(
        self, calendar: RemoteCalendar, series_remote_id: str, span: Span
    ) -> Iterator[list[RemoteEvent]]:
        params = {
            "timeMin": _instant(span.start),
            "timeMax": _instant(span.end),
            "maxResults": str(PAGE_SIZE),
        }
        path = f"{_event(calendar, series_remote_id)}/instances"
        for page in self._pages(path, params, on_event=True):
            yield [read_event(item, calendar) for item in page.parts("items")]

    def get_occurrence(
        self, calendar: RemoteCalendar, series_remote_id: str, original_start_at: datetime
    ) -> RemoteEvent:
        path = f"{_event(calendar, series_remote_id)}/instances"
        params = {"originalStart": _instant(original_start_at)}
        for item in self._call("GET", path, params=params, on_event=True).parts("items"):
            return _living(read_event(item, calendar))
        raise EventGone

    def change_pages(self, calendar: RemoteCalendar, cursor: str) -> Iterator[Changes]:
        """Series come as masters and changed occurrences: a cursor over expanded ones would
        stand on Google's own horizon.
        """
        began, page_token = split_page(cursor)
        span = baseline_span(began)
        params = {"singleEvents": "false", "maxResults": str(PAGE_SIZE)}
        if span is None:
            params["syncToken"] = began
        else:
            params |= {"timeMin": _instant(span.start), "timeMax": _instant(span.end)}
        for page in self._pages(_events(calendar), params, first=page_token):
            events = [read_event(item, calendar) for item in page.parts("items")]
            told = tuple(replace(e, is_exception=bool(e.series_remote_id)) for e in events)
            following = page.text("nextPageToken")
            if following:
                yield Changes(told, page_cursor(began, following), is_whole=False)
            else:
                yield Changes(told, page.needed("nextSyncToken"))

    def watch(self, calendar: RemoteCalendar, channel: ChannelWish) -> RemoteChannel:
        body = {
            "id": channel.channel_id,
            "type": "web_hook",
            "address": channel.address,
            "token": channel.secret,
            "params": {"ttl": str(int(CHANNEL_LIFE.total_seconds()))},
        }
        reply = self._call("POST", f"{_events(calendar)}/watch", json=body)
        try:
            expires_at = datetime.fromtimestamp(int(reply.needed("expiration")) / 1000, tz=UTC)
        except (ValueError, OverflowError, OSError):
            raise BadReply from None
        return RemoteChannel(reply.needed("id"), reply.needed("resourceId"), expires_at)

    def unwatch(self, channel: RemoteChannel) -> None:
        body = {"id": channel.remote_id, "resourceId": channel.resource_remote_id}
        try:
            self._call("POST", "channels/stop", json=body, has_reply=False)
        except CalendarGone:
            return

    def _read(self, calendar: RemoteCalendar, event_remote_id: str) -> tuple[Reply, RemoteEvent]:
        """The event, raw and read. Google answers deleted ones too: they are gone."""
        reply = self._call("GET", _event(calendar, event_remote_id), on_event=True)
        return reply, _living(read_event(reply, calendar))

    def _pages(
        self, path: str, params: Mapping[str, str], *, first: str = "", on_event: bool = False
    ) -> Iterator[Reply]:
        """Every page from the `first` on; a page may be empty and still not the last.

        Raises BadReply on a loop.
        """
        token = first
        for _ in range(MOST_PAGES):
            page = self._call(
                "GET",
                path,
                params={**params, "pageToken": token} if token else params,
                on_event=on_event,
            )
            if "items" not in page:
                # An answer without a list is not an empty one.
                raise BadReply
            yield page
            following = page.text("nextPageToken")
            if not following:
                return
            if following == token:
                break
            token = following
        raise BadReply

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        etag: str = "",
        on_event: bool = False,
        has_reply: bool = True,
    ) -> Reply:
        answer = self._session.send(
            method,
            self._account.address(path),
            token=self._account.token,
            json=json,
            params=params,
            headers={"If-Match": etag} if etag else None,
        )
        if not answer.ok:
            raise error_for(answer, on_event=on_event)
        return Reply(answer.data if has_reply else {})


def _events(calendar: RemoteCalendar) -> str:
    return f"calendars/{quote(calendar.remote_id, safe='')}/events"


def _event(calendar: RemoteCalendar, event_remote_id: str) -> str:
    return f"{_events(calendar)}/{quote(event_remote_id, safe='')}"


def _write_params(*, notify: bool) -> dict[str, str]:
    # Without the version Google drops conference data silently, also such as is already there.
    return {"conferenceDataVersion": "1", "sendUpdates": "all" if notify else "none"}


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _span(reply: Reply) -> Span:
    try:
        return Span(read_moment(reply.needed("start")), read_moment(reply.needed("end")))
    except ValueError:
        raise BadReply from None


def _living(event: RemoteEvent) -> RemoteEvent:
    if event.status is EventStatus.CANCELLED:
        raise EventGone
    return event
