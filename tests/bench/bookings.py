"""Bookings as production makes them: several server processes, the commit on disk.

The provider's step is left out: the owners have no calendar, so nobody is asked. Each client waits
for its answer before it books again. On a machine of few cores PostgreSQL, the broker and all the
clients share them, so the time of the processors is told beside the wall time.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone

from booking.booker import Booker
from booking.errors import SlotTaken
from booking.models import BookingLink, SalesMeeting
from booking.owners import owner_of_link
from booking.services.meetings import book_meeting
from calendars.models import Hold
from common.models import OutboxMessage
from tests.bench.measure import report, report_value, statements
from tests.bench.rows import ACTOR, link_of, next_monday, open_all_day, owner_of

CLIENTS, WORKSPACES, EACH = 8, 20, 60
_fork = multiprocessing.get_context("fork")


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


def bench_bookings() -> None:
    """One client alone, then eight at once in a process each."""
    links = [link_of(owner_of(number)) for number in range(WORKSPACES)]
    for link in links:
        open_all_day(owner_of_link(link))
    slots = iter(next_monday() + timedelta(minutes=30 * number) for number in range(10_000))
    turn = iter(range(10_000))
    alone = lambda: _book(links[0], next(slots), f"alone{next(turn)}")  # noqa: E731
    report_value("booking commit, statements with BEGIN and COMMIT", statements(alone), "")
    _run_clients(links, clients=1, first_week=1)
    figures, cpu, seconds = _run_clients(links, clients=1, first_week=2)
    report("booking commit, 1 client", figures, p50=15, p95=40)
    report_value("booking commit, Python's processor time", cpu, "ms")
    figures, cpu, seconds = _run_clients(links, clients=CLIENTS, first_week=3)
    what = f"{CLIENTS} clients, a process each, {WORKSPACES} workspaces"
    report(f"booking commit, {what}", figures, p50=15, p95=40)
    report_value("booking commit, Python's processor time", cpu, "ms")
    report_value("bookings a second", len(figures) / seconds, "1/s", least=400)
    _check(links, clients=CLIENTS)


def _run_clients(links, *, clients: int, first_week: int) -> tuple[list[float], float, float]:
    """Each booking's milliseconds, processor milliseconds a booking, and seconds for all."""
    connections.close_all()
    for one in connections.all(initialized_only=True):
        one.close_pool()
    gate, answers = _fork.Barrier(clients + 1), _fork.Queue()
    start = next_monday() + timedelta(weeks=first_week * 4)
    args = (links, start, f"w{first_week}", gate, answers)
    processes = [_fork.Process(target=_client, args=(number, *args)) for number in range(clients)]
    for process in processes:
        process.start()
    gate.wait()
    begin = time.perf_counter()
    found = [answers.get(timeout=300) for _ in processes]
    seconds = time.perf_counter() - begin
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise AssertionError("a client failed")
    figures = [figure for mine, _ in found for figure in mine]
    return figures, sum(cpu for _, cpu in found) * 1000 / len(figures), seconds


def _client(number: int, links, start: datetime, key: str, gate, answers) -> None:
    """Books one time after the other, each with another owner."""
    # Whatever a process does only once is not part of a booking.
    _book(links[number], start - timedelta(days=1, hours=number), f"{key}-warm{number}")
    figures = []
    gate.wait()
    worked = time.process_time()
    for turn in range(EACH):
        slot = start + timedelta(minutes=30 * (number * EACH + turn))
        begin = time.perf_counter()
        _book(links[(number + turn * CLIENTS) % WORKSPACES], slot, f"{key}-{number}-{turn}")
        figures.append((time.perf_counter() - begin) * 1000)
    answers.put((figures, time.process_time() - worked))
    connections.close_all()


def _check(links, *, clients: int) -> None:
    """Every meeting is there, with its hold and its two messages."""
    booked = SalesMeeting.objects.filter(link__in=links).count()
    holds = Hold.objects.filter(owner_id__in=[link.user_id for link in links]).count()
    messages = OutboxMessage.objects.filter(kind__startswith="booking.").count()
    least = (clients + 2) * EACH
    if booked < least or holds != booked or messages != 2 * booked:
        raise AssertionError(f"{booked} meetings, {holds} holds, {messages} messages")


def bench_rivals() -> None:
    """Fifty visitors, one time: one has it, all others are told at once."""
    link = link_of(owner_of(99))
    outcome = {"won": 0, "refused": 0, "broken": 0}
    start = next_monday(10)
    ready = threading.Barrier(51)

    def rival(number: int) -> None:
        try:
            ready.wait()
            _book(link, start, f"r{number}")
            outcome["won"] += 1
        except SlotTaken:
            outcome["refused"] += 1
        except Exception as error:
            print(repr(error))
            outcome["broken"] += 1
        finally:
            connections.close_all()

    threads = [threading.Thread(target=rival, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    if outcome != {"won": 1, "refused": 49, "broken": 0}:
        raise AssertionError(f"50 rivals: {outcome}")
    report_value("50 rivals for one slot: 1 wins, 49 told", seconds * 1000, "ms", most=1000)
