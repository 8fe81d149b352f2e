"""Bookings as production makes them: several server processes, the commit on disk.

The provider's step is left out: the owners have no calendar, so nobody is asked. Each client waits
for its answer before it books again. On a machine of few cores PostgreSQL, the broker and all the
clients share them, so the time of the processors is told beside the wall time.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import connection, connections
from django.utils import timezone

from booking.booker import Booker
from booking.errors import SlotTaken
from booking.models import BookingLink, SalesMeeting
from booking.owners import owner_of_link
from booking.services.meetings import book_meeting
from calendars.models import Hold
from common.models import OutboxMessage
from tests.bench.measure import report, report_peers, report_value, statements
from tests.bench.rows import ACTOR, link_of, next_monday, open_all_day, owner_of
from tests.crowd import in_processes

CLIENTS, WORKSPACES, EACH, RIVALS = 8, 20, 60, 50


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


def bench_commit() -> None:
    """One client alone, then eight at once: in a process each, and as threads of one process."""
    links = [link_of(owner_of(number)) for number in range(WORKSPACES)]
    for link in links:
        open_all_day(owner_of_link(link))
    slots = iter(next_monday() + timedelta(minutes=30 * number) for number in range(10_000))
    turn = iter(range(10_000))
    alone = lambda: _book(links[0], next(slots), f"alone{next(turn)}")  # noqa: E731
    report_value("booking commit, statements with BEGIN and COMMIT", statements(alone), "")
    _told(links, "1 client", 1, _in_processes, week=1)
    _told(links, f"{CLIENTS} clients, a process each", CLIENTS, _in_processes, week=2, least=400)
    _told(links, f"{CLIENTS} clients, threads of one process", CLIENTS, _in_threads, week=3)
    report_peers("Easy!Appointments 129 bookings/s")
    _check(links, 2 + (1 + 2 * CLIENTS) * (EACH + 1))


def _told(links, who, clients, run, *, week, least=None) -> None:
    start = next_monday() + timedelta(weeks=week * 6)
    clients_done = run(clients, lambda number: _client(number, links, start, f"w{week}"))
    figures = [figure for mine, _, _ in clients_done for figure in mine]
    seconds = max(end for _, _, (_, end) in clients_done) - min(
        begin for _, _, (begin, _) in clients_done
    )
    report(f"booking commit, {who}", figures, p50=15, p95=40)
    if run is _in_processes:
        cpu = sum(worked for _, worked, _ in clients_done) / len(figures)
        report_value("booking commit, Python's processor time", cpu * 1000, "ms")
    report_value("bookings a second", len(figures) / seconds, "1/s", least=least)


def _in_processes(count, client):
    # Whatever a process does only once is not part of a booking: its first one is not counted.
    return in_processes(count, client)


def _in_threads(count, client):
    def one(number):
        try:
            return client(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def _client(number: int, links, start: datetime, key: str):
    """Books one time after the other, each with another owner."""
    _book(links[number], start - timedelta(days=1, hours=number), f"{key}-warm{number}")
    figures = []
    worked, began = time.process_time(), time.perf_counter()
    for turn in range(EACH):
        slot = start + timedelta(minutes=30 * (number * EACH + turn))
        begin = time.perf_counter()
        _book(links[(number + turn * CLIENTS) % WORKSPACES], slot, f"{key}-{number}-{turn}")
        figures.append((time.perf_counter() - begin) * 1000)
    return figures, time.process_time() - worked, (began, time.perf_counter())


def _check(links, expected: int) -> None:
    """Every meeting is there, with its hold and its two messages."""
    booked = SalesMeeting.objects.filter(link__in=links).count()
    holds = Hold.objects.filter(owner_id__in=[link.user_id for link in links]).count()
    messages = OutboxMessage.objects.filter(kind__startswith="booking.").count()
    if (booked, holds, messages) != (expected, expected, 2 * expected):
        raise AssertionError(f"{booked} meetings, {holds} holds, {messages} of {expected}")


def bench_rivals() -> None:
    """Fifty visitors, one time, a process each: one has it, all others are told at once."""
    link = link_of(owner_of(99))
    start = next_monday(10)

    def connected(number):
        connection.ensure_connection()

    def rival(number):
        begin = time.perf_counter()
        try:
            _book(link, start, f"r{number}")
            said = "won"
        except SlotTaken as taken:
            said = "told" if taken.nearest else "told nothing else"
        except Exception as error:
            said = repr(error)
        return said, begin, time.perf_counter()

    answers = in_processes(RIVALS, rival, ready=connected)
    said = Counter(words for words, _, _ in answers)
    if said != {"won": 1, "told": RIVALS - 1}:
        raise AssertionError(f"{RIVALS} rivals: {said}")
    took = max(end for _, _, end in answers) - min(begin for _, begin, _ in answers)
    what = f"{RIVALS} rivals for one slot, a process each: 1 wins"
    report_value(what, took * 1000, "ms", most=1000)
    report_peers("of 50 rivals, Cal.com, Easy!Appointments and Thunderbird let 1 to 32 win")
