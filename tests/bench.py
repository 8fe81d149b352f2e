"""`make bench`: figures against the budgets, on the engine that DATABASE_URL names.

Each figure is the median (and 95th percentile) of several runs in this process; the machine, the
engine and the load stand beside it. A figure over its budget is marked, and the exit code is 1.
"""

from __future__ import annotations

import gzip
import os
import random
import statistics
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")

import django

django.setup()

from django.db import connection, connections
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext, get_runner, setup_test_environment
from django.utils import timezone

from audit.actors import Actor
from audit.enums import AccessReason, ActorKind
from audit.services import vault
from audit.services.tokens import resolve_provider_token
from booking.booker import Booker
from booking.errors import SlotTaken
from booking.models import BookingLink
from booking.services.meetings import book_meeting
from booking.slots import SlotRules, open_slots
from calendars.models import Event
from calendars.services import sync
from common import http
from common.oauth import TokenSet
from common.secrets import Secret
from common.spans import Span
from sandbox.server import create_app, endpoints
from sandbox.server.store import Store
from sandbox.server.transport import WSGIAdapter
from tests.factories import (
    make_calendar,
    make_connection,
    make_event,
    make_user,
    make_workspace,
)
from workspaces.availability import DEFAULT_AVAILABILITY
from workspaces.owners import owner_of_user

ACTOR = Actor(kind=ActorKind.PUBLIC_LINK, id="bench")
_over: list[str] = []


def report(what: str, figures: list[float], *, p50: float, p95: float | None = None) -> None:
    """Print median and 95th percentile in milliseconds, and note what is over its budget."""
    figures = sorted(figures)
    middle = statistics.median(figures)
    high = figures[min(len(figures) - 1, int(len(figures) * 0.95))]
    is_over = middle > p50 or (p95 is not None and high > p95)
    budget = f"budget {p50:g}" + (f" / {p95:g}" if p95 is not None else "")
    mark = "OVER" if is_over else "ok"
    print(f"{what:<58} p50 {middle:8.2f} ms  p95 {high:8.2f} ms  {budget:<16} {mark}")
    if is_over:
        _over.append(what)


def report_value(
    what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None
) -> None:
    is_over = (most is not None and value > most) or (least is not None and value < least)
    budget = f"at most {most:g}" if most is not None else f"at least {least:g}"
    print(f"{what:<58} {value:12.1f} {unit:<14} {budget:<16} {'OVER' if is_over else 'ok'}")
    if is_over:
        _over.append(what)


def timed(call, times: int) -> list[float]:
    call()
    figures = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        figures.append((time.perf_counter() - start) * 1000)
    return figures


@contextmanager
def test_database():
    from django.conf import settings

    runner = get_runner(settings)(verbosity=0, interactive=False)
    setup_test_environment()
    before = runner.setup_databases()
    try:
        yield
    finally:
        connections.close_all()
        runner.teardown_databases(before)


def bench_slots() -> None:
    dice = random.Random(7)
    start = datetime(2027, 1, 1, tzinfo=UTC)
    busy = []
    for _ in range(10_000):
        begin = start + timedelta(minutes=dice.randrange(365 * 24 * 60))
        busy.append(Span(begin, begin + timedelta(minutes=dice.choice((15, 30, 60)))))
    busy.sort(key=lambda span: span.start)
    rules = SlotRules(
        duration=timedelta(minutes=30),
        step=timedelta(minutes=30),
        buffer_before=timedelta(0),
        buffer_after=timedelta(0),
        minimum_notice=timedelta(0),
        horizon=timedelta(days=400),
        max_per_day=None,
        max_per_week=None,
        zone=ZoneInfo("Europe/Berlin"),
    )
    year = Span(start, start + timedelta(days=365))
    call = lambda: open_slots(rules, DEFAULT_AVAILABILITY, busy, start, year)  # noqa: E731
    report("slot maths, 1 year, 10,000 busy spans", timed(call, 30), p50=8)


def _owner(number: int = 0):
    user = make_user(f"Owner {number}")
    workspace = make_workspace(f"Bench {number}", owner=user)
    return owner_of_user(user, workspace)


def bench_tokens() -> None:
    owner = _owner()
    row = make_connection(owner)
    tokens = TokenSet(
        Secret("a" * 1500), Secret("r" * 1500), timezone.now() + timedelta(days=1), frozenset()
    )
    vault.store_tokens(connection=row, tokens=tokens)
    workspace = owner.workspace

    def resolve() -> None:
        resolve_provider_token(
            connection=row, workspace=workspace, actor=ACTOR, reason=AccessReason.EVENTS_LIST
        )

    report("audited token resolve", timed(resolve, 300), p50=3)


def _window() -> dict[str, datetime]:
    """What a sync a moment ago would have written."""
    now = timezone.now()
    return {"window_from": now - timedelta(days=90), "window_until": now + timedelta(days=450)}


def _monday() -> date:
    today = timezone.now().date()
    return today - timedelta(days=today.weekday())


def bench_week() -> None:
    owner = _owner()
    monday = datetime.combine(_monday(), datetime.min.time(), tzinfo=UTC)
    dice = random.Random(7)
    for number in range(10):
        row = make_connection(owner, account_remote_id=f"a{number}")
        calendar = make_calendar(row, f"Calendar {number}", **_window())
        for _ in range(100):
            start = monday + timedelta(days=dice.randrange(7), minutes=15 * dice.randrange(28, 72))
            make_event(calendar, "Something to do", start=start, end=start + timedelta(minutes=45))
    browser = Browser()
    browser.force_login(owner.user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def page() -> bytes:
        answer = browser.get("/calendar")
        assert answer.status_code == 200, answer.status_code
        return answer.content

    page()
    with CaptureQueriesContext(connection) as queries:
        content = page()
        count = len(queries.captured_queries) or len(connection.queries_log)
    report("week page, 10 calendars, 1,000 events", timed(page, 20), p50=40)
    report_value("week page, queries", count, "queries", most=15)
    report_value("week page, gzip, page alone", len(gzip.compress(content)) / 1000, "kB", most=120)


def _link(owner, **more) -> BookingLink:
    return BookingLink.objects.create(
        workspace=owner.workspace,
        user=owner.user,
        slug=f"bench-{owner.user.pk.hex[:12]}",
        title="Bench",
        notice_minutes=0,
        step_minutes=5,
        horizon_days=365,
        conference="none",
        **more,
    )


def _next_monday(hour: int = 9) -> datetime:
    return datetime.combine(_monday() + timedelta(days=7), datetime.min.time(), tzinfo=UTC).replace(
        hour=hour
    )


def bench_slot_answers() -> None:
    owner = _owner()
    link = _link(owner)
    dice = random.Random(7)
    monday = _next_monday(0)
    for number in range(3):
        row = make_connection(owner, account_remote_id=f"a{number}")
        calendar = make_calendar(row, f"Calendar {number}", **_window())
        for _ in range(200):
            start = monday + timedelta(days=dice.randrange(28), minutes=15 * dice.randrange(32, 68))
            make_event(calendar, "Busy", start=start, end=start + timedelta(minutes=30))
    browser = Browser()
    until = monday.date() + timedelta(days=27)
    asked = f"link={link.slug}&duration=30&from={monday.date()}&to={until}&tz=Europe/Dublin"
    address = f"/api/v1/booking/availability?{asked}"

    def ask() -> None:
        answer = browser.get(address)
        assert answer.status_code == 200, answer.content[:200]

    report("slots, 4 weeks, 3 calendars with 200 events, JSON", timed(ask, 60), p50=10, p95=25)
    page = browser.get(f"/book/{link.slug}")
    report_value(
        "public booking page, gzip, page alone",
        len(gzip.compress(page.content)) / 1000,
        "kB",
        most=40,
    )


def _in_threads(count: int, work) -> None:
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _book(link: BookingLink, start: datetime, key: str) -> None:
    book_meeting(
        link=link,
        start=start,
        duration=timedelta(minutes=30),
        booker=Booker(name="Bea", email=f"{key}@visitor.example", timezone="UTC"),
        submit_key=key,
        now=timezone.now(),
        actor=ACTOR,
    )


def bench_booking() -> None:
    links = [_link(_owner(number)) for number in range(20)]
    for link in links:
        owner = owner_of_user(link.user, link.workspace)
        hours = {
            day: {"enabled": True, "start": "00:00", "end": "24:00"}
            for day in DEFAULT_AVAILABILITY.to_json()
        }
        from workspaces.availability import parse_availability

        owner.save_hours(zone_name="UTC", availability=parse_availability(hours))
    start, figures = _next_monday(0), []

    def work(number: int) -> None:
        for turn in range(50):
            link = links[(number + turn * 8) % 20]
            slot = start + timedelta(minutes=30 * (number * 50 + turn))
            begin = time.perf_counter()
            _book(link, slot, f"b{number}-{turn}")
            figures.append((time.perf_counter() - begin) * 1000)

    begin = time.perf_counter()
    _in_threads(8, work)
    rate = len(figures) / (time.perf_counter() - begin)
    report("booking commit, 8 clients, 20 workspaces, no calendar", figures, p50=15, p95=40)
    report_value("bookings a second", rate, "1/s", least=400)


def bench_rivals() -> None:
    link = _link(_owner(99))
    outcome = SimpleNamespace(won=0, refused=0, broken=0)
    start = _next_monday(10)

    def work(number: int) -> None:
        try:
            _book(link, start, f"r{number}")
            outcome.won += 1
        except SlotTaken:
            outcome.refused += 1
        except Exception as error:
            print(repr(error))
            outcome.broken += 1

    begin = time.perf_counter()
    _in_threads(50, work)
    seconds = time.perf_counter() - begin
    print(f"50 rivals: {outcome.won} won, {outcome.refused} refused, {outcome.broken} broken")
    report_value("50 rivals for one slot, all answered", seconds * 1000, "ms", most=1000)
    if (outcome.won, outcome.refused) != (1, 49):
        _over.append("rivals")


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
    from django.conf import settings

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
    row = make_connection(_owner(), provider=provider)
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


def main() -> int:
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {connection.vendor}")
    bench_slots()
    with test_database():
        for bench in (
            bench_tokens,
            bench_week,
            bench_slot_answers,
            bench_sync,
            bench_booking,
            bench_rivals,
        ):
            bench()
    if _over:
        print(f"Over budget: {', '.join(_over)}")
    return bool(_over)


if __name__ == "__main__":
    sys.exit(main())
