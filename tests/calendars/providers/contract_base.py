"""What the parts of the provider contract share: people, places and drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.providers.base import EventDraft
from calendars.providers.registry import adapter_for
from common.secrets import Secret
from common.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")
KEY = "0123456789abcdef0123456789abcdef"
ZOOM_URL = "https://us02web.zoom.us/j/81234567890?pwd=abc.1"
NONSENSE = [
    "[]",
    '"text"',
    "7",
    '{"items": 7, "value": 7, "calendars": 7, "id": 7, "busy": 7}',
    '{"items": [7], "value": [7], "calendars": [7], "id": "e", "start": 7}',
    '{"items": [{"id": 7}], "value": [{"id": 7}], "id": "e", "start": {"dateTime": "soon"}}',
    '{"items": [{}], "value": [{}], "calendars": {}}',
    "<html>Sign in</html>",
    '{"items": [',
]


def at(day, hour, minute=0, month=3):
    """A moment of 2026 in Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def span(first, last, month=3):
    return Span(at(first, 0, month=month), at(last, 0, month=month))


def draft(**fields):
    given = {
        "title": "Review",
        "start": at(2, 9),
        "end": at(2, 10),
        "timezone": "Europe/Berlin",
        "idempotency_key": KEY,
    }
    return EventDraft(**{**given, **fields})


class ProviderBase:
    """Set `KEY`, `SIDE` (the sandbox's word) and the names of the sandbox's operations."""

    KEY = ""
    SIDE = ""
    # How the provider says that somebody works elsewhere, as the sandbox is told.
    ELSEWHERE = ""
    CREATE = LIST = GET = UPDATE = DELETE = BUSY = CALENDARS = CHANGES = ""

    @pytest.fixture
    def account(self, sandbox):
        return sandbox.store.add_account(
            self.SIDE, email="ann@example.com", name="Ann", timezone="Europe/Berlin"
        )

    @pytest.fixture
    def make_provider(self, sandbox, settings):
        def make(account, scopes=None):
            return adapter_for(
                self.KEY,
                token=Secret(sandbox.store.token_for(account, scopes)),
                api_url=getattr(settings, f"{self.SIDE.upper()}_API_URL"),
                time_limit=timedelta(seconds=5),
                account_kind=account["kind"],
            )

        return make

    @pytest.fixture
    def provider(self, make_provider, account):
        return make_provider(account)

    @pytest.fixture
    def calendar(self, provider):
        """The default calendar, in Ann's zone, which not every provider tells."""
        return replace(provider.list_calendars()[0], timezone="Europe/Berlin")

    @pytest.fixture
    def seed(self, sandbox, account):
        """Puts an event on the provider's side."""
        remote = sandbox.store.primary_calendar(account)

        def put(title="Seeded", start=None, end=None, calendar=None, **fields):
            start = start or at(2, 9)
            end = end or start + timedelta(hours=1)
            record = sandbox.store.add_event(
                calendar or remote, title=title, start=start, end=end, **fields
            )
            return record["body"].get("id") or record["id"]

        return put

    @pytest.fixture
    def remote_calendar(self, sandbox, account):
        return sandbox.store.primary_calendar(account)

    def listed(self, provider, calendar, window):
        return [event for page in provider.list_events(calendar, window) for event in page]

    def busy(self, provider, calendars, window, **more):
        found = provider.busy(calendars, window, **more)
        return sorted({(b.span.start, b.span.end) for b in found})
