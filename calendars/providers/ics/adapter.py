"""A subscribed `.ics` feed as a provider: one calendar, read whole, never written. RFC 5545."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from calendars.enums import EventKind, EventStatus, Visibility
from calendars.providers.base import (
    BusySpan,
    CalendarProvider,
    Changes,
    Feature,
    RemoteCalendar,
    RemoteEvent,
    When,
)
from calendars.providers.busy import busy_events
from calendars.providers.cursors import baseline_span
from calendars.providers.errors import CursorLost, EventGone
from calendars.providers.reading import read_date, read_moment
from common import fetch_guard
from common.errors import BadReply, Unsupported, UpstreamUnavailable
from common.spans import Span
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

    from calendars.enums import Response
    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import ChannelWish, EventDraft, RemoteChannel

READER: Final = Path(__file__).with_name("reader.py")
READ_LIMIT: Final = timedelta(seconds=10)
FEED: Final = "feed"
# The cursor is the edition that was read; what changed in a new one is not told.
_EDITION: Final = "edition:"
_LONGEST_ID: Final = 1024
# What Outlook and Exchange add to the events that they publish ([MS-OXCICAL] 2.1.3.1.1.20.31).
_KINDS: Final = {
    "OOF": EventKind.OUT_OF_OFFICE,
    "WORKINGELSEWHERE": EventKind.WORKING_LOCATION,
}


class Feed(CalendarProvider):
    """One feed; the account's token is its address, which is often all the secret there is.

    It is fetched once for the length of the operation.
    """

    key: ClassVar[str] = "ics"
    label: ClassVar[str] = "Subscription"
    features: ClassVar[frozenset[Feature]] = frozenset({Feature.EXPANDED_CHANGES})
    native_conference: ClassVar[Conference] = Conference.NONE
    rests: ClassVar[timedelta] = timedelta(hours=1)
    is_single: ClassVar[bool] = True

    def __init__(self, account: RemoteAccount) -> None:
        self.account = account
        self._fetched: fetch_guard.Fetched | None = None
        self._name: str | None = None
        whole = account.total_time_limit
        self._ends = None if whole is None else time.monotonic() + whole.total_seconds()

    def list_calendars(self) -> list[RemoteCalendar]:
        now = self.account.clock()
        self._read("UTC", Span(now, now + timedelta(days=1)))
        return self.learnt_calendars()

    def learnt_calendars(self) -> list[RemoteCalendar]:
        if self._name is None:
            return []
        name = self._name or fetch_guard.host_of(self.account.token.reveal())
        return [RemoteCalendar(remote_id=FEED, name=name, is_writable=False)]

    def list_events(self, calendar: RemoteCalendar, span: Span) -> Iterator[list[RemoteEvent]]:
        yield list(self._events(calendar, span))

    def get_event(self, calendar: RemoteCalendar, event_remote_id: str) -> RemoteEvent:
        now = self.account.clock()
        around = Span(now - timedelta(days=366), now + timedelta(days=732))
        for event in self._events(calendar, around):
            if event.remote_id == event_remote_id:
                return event
        raise EventGone

    def list_occurrences(
        self, calendar: RemoteCalendar, series_remote_id: str, span: Span
    ) -> Iterator[list[RemoteEvent]]:
        found = self._events(calendar, span)
        yield [event for event in found if event.series_remote_id == series_remote_id]

    def get_occurrence(
        self, calendar: RemoteCalendar, series_remote_id: str, original_start_at: datetime
    ) -> RemoteEvent:
        around = Span(
            original_start_at - timedelta(days=366), original_start_at + timedelta(days=366)
        )
        for event in self._events(calendar, around):
            is_it = event.original_start_at == original_start_at
            if is_it and event.series_remote_id == series_remote_id:
                return event
        raise EventGone

    def busy(
        self,
        calendars: Sequence[RemoteCalendar],
        span: Span,
        *,
        ignoring: frozenset[str] = frozenset(),
    ) -> list[BusySpan]:
        return [
            taken
            for calendar in calendars
            for taken in busy_events(
                self._events(calendar, span), calendar, span, ignoring=ignoring
            )
        ]

    def change_pages(self, calendar: RemoteCalendar, cursor: str) -> Iterator[Changes]:
        span = baseline_span(cursor)
        if span is not None:
            events = tuple(self._events(calendar, span))
            yield Changes(events, _written(self._feed().edition))
            return
        seen = _edition(cursor)
        if seen is None or not seen.as_headers() or self._fetched is not None:
            raise CursorLost
        self._fetched = fetch_guard.fetch_if_new(
            self.account.token, seen, time_limit=self._limit(fetch_guard.TIME_LIMIT)
        )
        if self._fetched is not None:
            raise CursorLost
        yield Changes((), cursor)

    def create_event(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        self._refuse()

    def find_created(self, calendar: RemoteCalendar, idempotency_key: str) -> RemoteEvent | None:
        return None

    def update_event(
        self, calendar: RemoteCalendar, event_remote_id: str, draft: EventDraft, *, etag: str = ""
    ) -> RemoteEvent:
        self._refuse()

    def delete_event(
        self, calendar: RemoteCalendar, event_remote_id: str, *, notify: bool = True
    ) -> None:
        self._refuse()

    def respond(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        response: Response,
        *,
        comment: str = "",
        notify: bool = True,
    ) -> RemoteEvent | None:
        self._refuse()

    def watch(self, calendar: RemoteCalendar, channel: ChannelWish) -> RemoteChannel:
        self._refuse()

    def unwatch(self, channel: RemoteChannel) -> None:
        """There is never one."""

    def _refuse(self) -> NoReturn:
        raise Unsupported("writing", "A subscription can be read only.")

    def _events(self, calendar: RemoteCalendar, span: Span) -> Iterator[RemoteEvent]:
        for told in self._read(calendar.timezone, span)["events"]:
            yield _event(told)

    def _read(self, zone: str, span: Span) -> dict[str, Any]:
        """What a process of its own makes of the feed. Raises BadReply, UpstreamUnavailable."""
        asked = {"zone": zone, "start": span.start.isoformat(), "end": span.end.isoformat()}
        try:
            done = subprocess.run(  # noqa: S603 -- our own script; the feed is its input only
                [sys.executable, "-I", str(READER)],
                input=json.dumps(asked).encode() + b"\n" + self._feed().body,
                capture_output=True,
                timeout=self._limit(READ_LIMIT).total_seconds(),
                env={},
                check=False,
            )
            told = json.loads(done.stdout) if done.returncode == 0 else {}
        except subprocess.TimeoutExpired:
            told = {"refused": "Reading it took too long."}
        except ValueError:
            told = {}
        host = fetch_guard.host_of(self.account.token.reveal())
        if "events" not in told:
            why = told.get("refused", "It asks for more time or memory than a feed may.")
            raise BadReply(f"The subscription at {host} cannot be read. {why}")
        self._name = str(told["name"])
        return dict(told)

    def _feed(self) -> fetch_guard.Fetched:
        if self._fetched is None:
            nothing = fetch_guard.Edition()
            self._fetched = fetch_guard.fetch_if_new(
                self.account.token, nothing, time_limit=self._limit(fetch_guard.TIME_LIMIT)
            )
        if self._fetched is None:
            raise BadReply
        return self._fetched

    def _limit(self, most: timedelta) -> timedelta:
        """The time there is for a step: what is left of the operation's, where that has a limit."""
        if self._ends is None:
            return most
        left = timedelta(seconds=self._ends - time.monotonic())
        if left <= timedelta(0):
            raise UpstreamUnavailable("The subscription took too long.")
        return min(left, most)


def _written(edition: fetch_guard.Edition) -> str:
    return _EDITION + json.dumps([edition.etag, edition.modified])


def _edition(cursor: str) -> fetch_guard.Edition | None:
    """The edition that a cursor of ours names; None for another's."""
    try:
        etag, modified = json.loads(cursor.removeprefix(_EDITION))
    except ValueError:
        return None
    return fetch_guard.Edition(str(etag), str(modified))


def _event(told: dict[str, Any]) -> RemoteEvent:
    original = read_moment(told["original"])
    kind = _KINDS.get(told["shown_as"], EventKind.NORMAL)
    uid = told["uid"] or _digest(f"{told['title']}\n{told['begins']}")
    remote_id = f"{uid}#{original.isoformat()}" if told["repeats"] else uid
    return RemoteEvent(
        remote_id=remote_id if len(remote_id) <= _LONGEST_ID else _digest(remote_id),
        status=EventStatus.TENTATIVE if told["tentative"] else EventStatus.CONFIRMED,
        start=_when(told, "begins"),
        end=_when(told, "ends"),
        title=told["title"],
        description=told["description"],
        location=told["location"],
        is_all_day=told["all_day"],
        is_busy=told["busy"] and kind is not EventKind.WORKING_LOCATION,
        visibility=Visibility.PRIVATE if told["private"] else Visibility.DEFAULT,
        is_organizer=False,
        kind=kind,
        ical_uid=uid,
        series_remote_id=uid if told["repeats"] else "",
        original_start_at=original if told["repeats"] else None,
    )


def _when(told: dict[str, Any], side: str) -> When:
    wall = told[f"{side}_wall"]
    return When(
        at=read_moment(told[side]).astimezone(UTC),
        wall=wall,
        timezone=told[f"{side}_zone"],
        on=read_date(wall) if told["all_day"] else None,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
