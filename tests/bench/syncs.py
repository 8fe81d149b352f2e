"""Syncs against the sandbox within this process, whose own time does not count."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from audit.services import vault
from calendars.models import Event
from calendars.services import sync
from common import http
from common.oauth import TokenSet
from common.secrets import Secret
from sandbox.server import create_app, endpoints
from sandbox.server.store import Store
from sandbox.server.transport import WSGIAdapter
from tests.bench.measure import report_value
from tests.bench.rows import ACTOR, owner_of
from tests.factories import make_connection


class _Watched(WSGIAdapter):
    """The sandbox within the process, and how long it took itself."""

    seconds = 0.0

    def send(self, *args, **options):
        begin = time.perf_counter()
        try:
            return super().send(*args, **options)
        finally:
            self.seconds += time.perf_counter() - begin


def bench_sync() -> None:
    for provider in ("google", "outlook"):
        _bench_sync_with(provider)


def _bench_sync_with(provider: str) -> None:
    base, store = "https://sandbox.bench", Store()
    adapter = _Watched(create_app(store, base, lambda _: None))
    for name, address in endpoints(base).items():
        setattr(settings, name, address)
    http.mount(f"{base}/", adapter)
    side = "microsoft" if provider == "outlook" else provider
    account = store.add_account(side, email="bench@example.com")
    remote = store.primary_calendar(account)
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    for number in range(10_000):
        begin = start + timedelta(minutes=45 * number % 600_000)
        store.add_event(remote, title=f"E {number}", start=begin, end=begin + timedelta(minutes=30))
    row = make_connection(owner_of(), provider=provider)
    access = Secret(store.token_for(account))
    in_a_day = timezone.now() + timedelta(days=1)
    tokens = TokenSet(access, Secret("r"), in_a_day, frozenset())
    vault.store_tokens(connection=row, tokens=tokens)

    def run(ids=None) -> float:
        """Our own seconds of one run."""
        adapter.seconds, begin = 0.0, time.perf_counter()
        sync.sync_connection(connection=row, actor=ACTOR, now=timezone.now(), calendar_ids=ids)
        return time.perf_counter() - begin - adapter.seconds

    report_value(f"first sync of 10,000 events, {provider}, our own", run(), "s", most=10)
    ids = [calendar.pk for calendar in row.calendars.all()]
    count = Event.objects.filter(calendar__in=ids, deleted_at__isnull=True).count()
    assert count == 10_000, count
    store.add_event(remote, title="New", start=start, end=start + timedelta(hours=1))
    asked = len(store.log)
    own = run(ids)
    report_value(f"increment, one change, {provider}", len(store.log) - asked, "requests", most=1)
    report_value(f"increment, one change, {provider}, our own", own * 1000, "ms", most=100)
    http.unmount(f"{base}/")
