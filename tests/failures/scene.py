"""A person with one account, a clock that stands still, and everything put back after each try."""

from __future__ import annotations

import copy
import html
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.messages import get_messages
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from audit.services.tokens import RECONNECT_KIND
from booking.models import Meeting, SalesMeeting
from calendars.models import Calendar, CalendarConnection, Event, UserCalendarConnection
from common import oauth as oauth_protocol
from common import outbox
from common.models import OutboxMessage
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from tests.conftest import _is_deleted

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
# Ten o'clock in Berlin, the next day.
TEN = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
SIDES = {"google": "google", "outlook": "microsoft", "zoom": "zoom"}


@dataclass(frozen=True)
class Seen:
    """What a person gets: the status, the words, and whether it was done."""

    status: int
    words: str
    done: bool
    body: str = field(repr=False, default="")


@dataclass
class Scene:
    """Everything a flow needs. `kept` is what its preparation left for the acts."""

    provider: str
    sandbox: Any
    owner: Any
    actor: Any
    browser: Any
    settings: Any
    clock: Any
    connection: Any = None
    zoom: Any = None
    kept: dict[str, Any] = field(default_factory=dict)
    painted: dict[Any, Seen] = field(default_factory=dict)

    @property
    def side(self) -> str:
        return SIDES[self.provider]

    @property
    def calendar(self) -> Calendar:
        return Calendar.objects.get(is_primary=True)

    @property
    def remote(self) -> Any:
        return self.sandbox.calendar(self.connection)

    def event(self, **rules: Any) -> Event:
        return Event.objects.get(deleted_at=None, **rules)

    # --- What there is ---

    def at_provider(self) -> list[tuple[Any, ...]]:
        """The provider's own events, whatever their ids: what must be there once, and only once."""
        found = []
        for record in self._held():
            body = record["body"]
            start, end = body.get("start"), body.get("end")
            title = body.get("summary") or body.get("subject") or ""
            rule = body.get("recurrence")
            # An occurrence of its own says when it stands in for; its series is another's id.
            stands_for = body.get("originalStartTime") or record.get("original")
            found.append((title, _text(start), _text(end), _text(rule), _text(stands_for)))
        return sorted(found)

    def _held(self) -> list[Any]:
        store, account = self.sandbox.store, self.sandbox.account(self.connection)
        mine = [one for one in store.all("calendar") if account["id"] in one.values()]
        records = [record for one in mine for record in store.events_of(one["id"])]
        return [record for record in records if not _is_deleted(record)]

    def in_copy(self) -> list[tuple[Any, ...]]:
        rows = Event.objects.filter(deleted_at=None).values_list(
            "title", "start_at", "end_at", "is_exception", "conference"
        )
        return sorted((*row[:3], bool(row[3]), row[4]) for row in rows)

    def state(self) -> State:
        return State(
            account=_state_of(self.provider, self.connection),
            events=tuple(self.at_provider()) if self.connection else (),
            copy=tuple(self.in_copy()),
            meetings=_meetings(),
            log=tuple(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome")),
            outbox=tuple(
                OutboxMessage.objects.order_by("created_at", "pk").values_list(
                    "kind", "state", "due_at", "last_error"
                )
            ),
            paused_until=Calendar.objects.order_by("-sync_after")
            .values_list("sync_after", flat=True)
            .exclude(sync_after=None)
            .first(),
            failed=tuple(
                Calendar.objects.exclude(sync_error="").values_list("sync_error", flat=True)
            ),
            gone=Calendar.objects.exclude(gone_at=None).count(),
            rooms=len(self.sandbox.store.all("meeting")),
        )

    # --- Trying ---

    @contextmanager
    def tried(self):
        """Whatever happens inside did not happen afterwards, here or at the provider."""
        store = self.sandbox.store
        held = copy.deepcopy((store._kinds, store._events, store._exceptions))
        log, cookies = list(store.log), copy.deepcopy(self.browser.cookies)
        kept = copy.deepcopy(self.kept)
        # Like a test's own: what is durable inside it stays allowed.
        block = transaction.Atomic(using=None, savepoint=True, durable=False)
        block._from_testcase = True
        block.__enter__()
        try:
            yield
        finally:
            database.needs_rollback = True
            block.__exit__(None, None, None)
            store._kinds, store._events, store._exceptions = held
            store.log.clear()
            store.log.extend(log)
            self.browser.cookies, self.kept = cookies, kept
            self.clock.move_to(NOW)
            oauth_protocol._keys.clear()
            for row in (self.connection, self.zoom):
                if row is not None:
                    row.refresh_from_db()

    def recover(self, grants: Any) -> None:
        """Time has passed, the provider is well, and a person connected what had to be."""
        self.clock.shift(timedelta(minutes=1))
        store = self.sandbox.store
        store.clear_faults()
        for key, grant in grants.items():
            store.put("grant", key, copy.deepcopy(grant))
        for table in (UserCalendarConnection, CalendarConnection, ZoomConnection):
            table.objects.filter(state=ConnectionState.RECONNECT_NEEDED).update(
                state=ConnectionState.ACTIVE, last_error=""
            )
        Calendar.objects.update(sync_after=None, sync_tried_at=None)

    def look_after_rooms(self) -> None:
        """What the sweep of Zoom meetings does some hours later."""
        for room in ZoomMeeting.objects.all():
            tried = room.attempted_at and room.attempted_at - 4 * HOUR
            ZoomMeeting.objects.filter(pk=room.pk).update(
                attempted_at=tried, created_at=room.created_at - 4 * HOUR, due_at=timezone.now()
            )
        sweep_zoom()

    def deliver(self) -> None:
        """What the workers do in the end."""
        for _ in range(3):
            waiting = OutboxMessage.objects.filter(state="pending").exclude(kind=RECONNECT_KIND)
            waiting.update(due_at=timezone.now())
            if not outbox.sweep():
                return


@dataclass(frozen=True)
class State:
    """Both sides at one moment."""

    account: str
    events: tuple[Any, ...]
    copy: tuple[Any, ...]
    meetings: int
    log: tuple[tuple[str, str], ...]
    outbox: tuple[tuple[Any, ...], ...]
    paused_until: datetime | None
    failed: tuple[str, ...]
    gone: int
    rooms: int


def _state_of(provider: str, connection: Any) -> str:
    if connection is None:
        return "none"
    row = type(connection).objects.filter(pk=connection.pk).first()
    return "disconnected" if row is None else str(row.state)


def _meetings() -> int:
    return Meeting.objects.count() + SalesMeeting.objects.count()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(sorted((k, _text(v)) for k, v in value.items()))
    return "" if value is None else str(value)


_NOTES = re.compile(
    r'<(?P<tag>div|p|span)[^>]*(?:role="alert"|class="(?:banner|notice)[^"]*")[^>]*>', re.DOTALL
)
_INNER = re.compile(r"<[^>]+>")
_HIDDEN = re.compile(r"<(svg|template|script|h3|label)\b.*?</\1>", re.DOTALL)


def said(page: str) -> str:
    """The notices and alerts of a page, as a person reads them."""
    page = _HIDDEN.sub("", page)
    found = []
    for match in _NOTES.finditer(page):
        inside = _inside(page, match.end(), match["tag"])
        words = " ".join(html.unescape(_INNER.sub(" ", inside)).split())
        if words and words not in found and not any(words in one for one in found):
            found.append(words)
    return " ".join(found)


def _inside(page: str, start: int, tag: str) -> str:
    """From there to the end of the element."""
    depth = 1
    for match in re.finditer(rf"<(/?){tag}\b", page[start:]):
        depth += -1 if match[1] else 1
        if depth == 0:
            return page[start : start + match.start()]
    return page[start:]


def seen(response: Any, *, done: bool | None = None) -> Seen:
    """What the answer tells a person: a page's alerts, a redirect's messages, a script's words."""
    body = response.content.decode()
    if response.headers.get("Content-Type", "").startswith("application/json"):
        told = response.json()
        words = [told.get("message", ""), *told.get("notes", ())]
        return Seen(response.status_code, " ".join(words).strip(), bool(told.get("ok")), body)
    words = said(body)
    if 300 <= response.status_code < 400:
        words = " ".join(str(one) for one in get_messages(response.wsgi_request))
    is_done = response.status_code < 400 if done is None else done
    return Seen(response.status_code, words, is_done, body)


class Ear(logging.Handler):
    """Hears every line that is logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if record.exc_info:
            line += logging.Formatter().formatException(record.exc_info)
        extra = {k: v for k, v in record.__dict__.items() if isinstance(v, str)}
        self.lines.append(f"{line} {extra}")
