"""Google Calendar v3. https://developers.google.com/workspace/calendar/api/v3/reference"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

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
    answer_body,
    asks_for_meet,
    copied_conference,
    create_body,
    needs_current,
    update_body,
)
from calendars.providers.google.errors import error_for, error_for_busy, reason_of
from calendars.providers.google.mapping import (
    NO_MEET_HERE,
    living,
    read_calendar,
    read_event,
    read_occurrence,
    read_span,
)
from calendars.providers.google.wire import (
    Google,
    event_path,
    events_path,
    instant,
    write_params,
)
from calendars.providers.reading import Reply
from common.errors import BadReply, Unsupported, UpstreamConflict
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calendars.enums import Response
    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import ChannelWish, EventDraft
    from common.spans import Span

PAGE_SIZE: Final = 2500
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
            Feature.MOVE_CALENDAR,
            Feature.DELTA,
            Feature.CALENDAR_ZONES,
            Feature.SECONDARY_COLOURS,
            Feature.OUT_OF_OFFICE,
            Feature.FOCUS_TIME,
            Feature.LINK_REMOVAL,
            Feature.FIXED_KINDS,
            Feature.PUSH,
        }
    )
    native_conference: ClassVar[Conference] = Conference.MEET
    hook: ClassVar[str] = "hooks/google"

    def __init__(self, account: RemoteAccount) -> None:
        self._google = Google(account, self.label)

    def list_calendars(self) -> list[RemoteCalendar]:
        params = {"maxResults": "250", "showHidden": "true"}
        return [
            read_calendar(item)
            for page in self._google.pages("users/me/calendarList", params)
            for item in page.parts("items")
            if not item.flag("deleted")
        ]

    def list_events(self, calendar: RemoteCalendar, span: Span) -> Iterator[list[RemoteEvent]]:
        params = {
            "singleEvents": "true",
            "orderBy": "startTime",
            "timeMin": instant(span.start),
            "timeMax": instant(span.end),
            "maxResults": str(PAGE_SIZE),
        }
        for page in self._google.pages(events_path(calendar), params):
            yield [read_event(item, calendar) for item in page.parts("items")]

    def get_event(self, calendar: RemoteCalendar, event_remote_id: str) -> RemoteEvent:
        return self._read(calendar, event_remote_id)[1]

    def create_event(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        body = create_body(draft, calendar)
        if isinstance(draft.copy_conference_of, str):
            body |= copied_conference(self._read(calendar, draft.copy_conference_of)[0])
        answer = self._google.send(
            "POST",
            events_path(calendar),
            json=body,
            params=write_params(notify=draft.notify),
        )
        if reason_of(answer) == "duplicate" and draft.idempotency_key:
            return self._made_before(calendar, draft.idempotency_key)
        if answer.status == 400 and asks_for_meet(body):
            # The calendar allows no Meet links any more: the event itself it may well take.
            made = self.create_event(calendar, replace(draft, conference=Conference.NONE))
            return replace(made, conference=NO_MEET_HERE)
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
        if needs_current(draft):
            raw, current = self._read(calendar, event_remote_id)
            etag = etag or current.etag
        body = update_body(draft, current, raw)
        if not body:
            return current or self.get_event(calendar, event_remote_id)
        try:
            reply = self._google.call(
                "PATCH",
                event_path(calendar, event_remote_id),
                json=body,
                params=write_params(notify=draft.notify),
                etag=etag,
                on_event=True,
            )
        except Unsupported:
            if body.keys() == {"conferenceData"} and asks_for_meet(body):
                raise Unsupported("Google Meet", NO_MEET_HERE.note, field="conference") from None
            raise
        return living(read_event(reply, calendar))

    def delete_event(
        self, calendar: RemoteCalendar, event_remote_id: str, *, notify: bool = True
    ) -> None:
        answer = self._google.send(
            "DELETE",
            event_path(calendar, event_remote_id),
            params={"sendUpdates": "all" if notify else "none"},
        )
        if not answer.ok:
            error = error_for(answer, on_event=True)
            if not isinstance(error, EventGone):
                raise error
        elif answer.data is not None:
            # A deletion is answered with nothing: whoever says more did something else.
            raise BadReply

    def respond(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        response: Response,
        *,
        comment: str = "",
        notify: bool = True,
    ) -> RemoteEvent | None:
        raw, current = self._read(calendar, event_remote_id)
        body = answer_body(raw, response, comment)
        if current.response == response and not comment:
            return current
        reply = self._google.call(
            "PATCH",
            event_path(calendar, event_remote_id),
            json=body,
            params=write_params(notify=notify),
            etag=current.etag,
            on_event=True,
        )
        return living(read_event(reply, calendar))

    def move_event(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        destination: RemoteCalendar,
        *,
        notify: bool = True,
    ) -> RemoteEvent:
        """https://developers.google.com/workspace/calendar/api/v3/reference/events/move"""
        told = "all" if notify else "none"
        try:
            reply = self._google.call(
                "POST",
                f"{event_path(calendar, event_remote_id)}/move",
                params={"destination": destination.remote_id, "sendUpdates": told},
                on_event=True,
            )
        except EventGone:
            try:
                # Moved by a try whose answer was lost: it keeps its id.
                return self.get_event(destination, event_remote_id)
            except EventGone:
                self.get_event(calendar, event_remote_id)
                raise CalendarGone(calendar_remote_id=destination.remote_id) from None
        return living(read_event(reply, destination))

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
            "timeMin": instant(window.start),
            "timeMax": instant(window.end),
            "items": [{"id": calendar_id} for calendar_id in calendar_ids],
        }
        answers = self._google.call("POST", "freeBusy", json=body).part("calendars")
        found: dict[str, list[Span]] = {}
        for calendar_id in calendar_ids:
            if calendar_id not in answers:
                raise BadReply
            entry = answers.part(calendar_id)
            for error in entry.parts("errors"):
                raise error_for_busy(error.text("reason"), calendar_id)
            if "busy" not in entry:
                raise BadReply
            found[calendar_id] = [read_span(taken) for taken in entry.parts("busy")]
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
            "timeMin": instant(span.start),
            "timeMax": instant(span.end),
            "maxResults": str(PAGE_SIZE),
        }
        path = f"{event_path(calendar, series_remote_id)}/instances"
        for page in self._google.pages(path, params, on_event=True):
            yield [read_event(item, calendar) for item in page.parts("items")]

    def get_occurrence(
        self, calendar: RemoteCalendar, series_remote_id: str, original_start_at: datetime
    ) -> RemoteEvent:
        path = f"{event_path(calendar, series_remote_id)}/instances"
        params = {"originalStart": instant(original_start_at)}
        for item in self._google.call("GET", path, params=params, on_event=True).parts("items"):
            return living(read_event(item, calendar))
        raise EventGone

    def occurrence_starts(
        self, calendar: RemoteCalendar, span: Span
    ) -> frozenset[tuple[str, datetime]]:
        params = {
            "singleEvents": "true",
            "timeMin": instant(span.start),
            "timeMax": instant(span.end),
            "maxResults": str(PAGE_SIZE),
            # Names and times alone: a tenth of what the events would weigh.
            "fields": "nextPageToken,items(id,recurringEventId,originalStartTime)",
        }
        pages = self._google.pages(events_path(calendar), params)
        found = (read_occurrence(item, calendar) for page in pages for item in page.parts("items"))
        return frozenset(one for one in found if one is not None)

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
            params |= {"timeMin": instant(span.start), "timeMax": instant(span.end)}
        for page in self._google.pages(events_path(calendar), params, first=page_token):
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
        reply = self._google.call("POST", f"{events_path(calendar)}/watch", json=body)
        try:
            expires_at = datetime.fromtimestamp(int(reply.needed("expiration")) / 1000, tz=UTC)
        except (ValueError, OverflowError, OSError):
            raise BadReply from None
        return RemoteChannel(reply.needed("id"), reply.needed("resourceId"), expires_at)

    def unwatch(self, channel: RemoteChannel) -> None:
        body = {"id": channel.remote_id, "resourceId": channel.resource_remote_id}
        try:
            self._google.call("POST", "channels/stop", json=body, has_reply=False)
        except CalendarGone:
            return

    def _read(self, calendar: RemoteCalendar, event_remote_id: str) -> tuple[Reply, RemoteEvent]:
        """The event, raw and read. Google answers deleted ones too: they are gone."""
        reply = self._google.call("GET", event_path(calendar, event_remote_id), on_event=True)
        return reply, living(read_event(reply, calendar))
