"""How the bench measures and prints: rows of figures, a database of its own, a visitor."""

from __future__ import annotations

import os
import platform
import statistics
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, get_runner
from django.utils import timezone

from tests.first_load import Sent, first_load

over: list[str] = []
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_PACKED = {"HTTP_ACCEPT_ENCODING": "gzip"}


def print_machine() -> None:
    """What the figures were measured on."""
    engine = connection.vendor
    if engine == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'),"
                " current_setting('synchronous_commit')"
            )
            engine += " {} on this machine, fsync {}, synchronous_commit {}".format(
                *cursor.fetchone()
            )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{timezone.now():%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores")
    print(f"load before {load}; Python {platform.python_version()}")
    print(f"{engine}; broker {settings.CELERY_BROKER_URL.partition(':')[0]}")
    print("Milliseconds by the clock unless another unit is named; cpu is Python's part of them,")
    print("which another program's load lengthens less.\n")


def print_reference() -> None:
    """What a fixed piece of pure Python takes now. Figures of different days and machines compare
    as multiples of it; it does not feel a crowded cache as much as a page does."""
    took = []
    for _ in range(5):
        begin = time.process_time()
        found = {}
        for number in range(100_000):
            found[number % 997] = str(number)
        took.append((time.process_time() - begin) * 1000)
    load = os.getloadavg()[0]
    report_value(f"reference: a fixed loop (load {load:.1f})", statistics.median(took), "ms cpu")


class Figures(list):
    """The milliseconds of each call; `cpu` is the median of this process's processor time."""

    cpu: float | None = None


def report(what: str, figures: list[float], *, p50: float, p95: float | None = None) -> None:
    """Print median and 95th percentile in milliseconds, and whether they are in the budget."""
    middle = statistics.median(figures)
    high = sorted(figures)[min(len(figures) - 1, int(len(figures) * 0.95))]
    budget = f"at most {p50:g}" + (f" / {p95:g}" if p95 is not None else "")
    is_over = middle > p50 or (p95 is not None and high > p95)
    cpu = getattr(figures, "cpu", None)
    worked = "" if cpu is None else f"  cpu {cpu:6.2f}"
    _row(what, f"p50 {middle:8.2f}  p95 {high:8.2f}{worked}", budget, is_over=is_over)


def report_value(
    what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None
) -> None:
    """Print one figure; without a bound it is told only."""
    is_over = (most is not None and value > most) or (least is not None and value < least)
    bounds = {"at most": most, "at least": least}
    budget = "".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)
    _row(what, f"{value:12.1f} {unit}", budget, is_over=is_over)


def report_peers(words: str) -> None:
    """What others were measured to need on a machine like these."""
    print(f"  to beat: {words}", flush=True)


def _row(what: str, figure: str, budget: str, *, is_over: bool) -> None:
    verdict = ("over" if is_over else "ok") if budget else ""
    print(f"{what:<58} {figure:<40} {budget:<17} {verdict}".rstrip(), flush=True)
    if is_over:
        over.append(what)


def timed(call, times: int) -> Figures:
    """The milliseconds of each call, after one that is not counted."""
    call()
    figures, worked = Figures(), []
    for _ in range(times):
        start, begin = time.perf_counter(), time.process_time()
        call()
        worked.append((time.process_time() - begin) * 1000)
        figures.append((time.perf_counter() - start) * 1000)
    figures.cpu = statistics.median(worked)
    return figures


def statements(call) -> int:
    """How many statements a call sends; one call before it is not counted."""
    call()
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


@contextmanager
def bench_database():
    """A database of its own. Without the suite's hooks, which copy every template's context."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    before = runner.setup_databases()
    try:
        yield
    finally:
        connections.close_all()
        runner.teardown_databases(before)


@contextmanager
def collected_files():
    """Scripts and styles as production serves them: collected, under hashed names, packed."""
    with TemporaryDirectory(prefix="meridian-bench-") as folder:
        settings.STATIC_ROOT = folder
        call_command("collectstatic", interactive=False, verbosity=0)
        yield


class Visitor:
    """Somebody's browser, as far as the server sees it: the WSGI application is called itself."""

    def __init__(self, user=None) -> None:
        # What production serves, settled as there.
        from config.wsgi import application

        self._application = application
        self._requests = RequestFactory()
        if user is not None:
            signed_in = Client()
            signed_in.force_login(user, backend=_BACKEND)
            self._requests.cookies = signed_in.cookies

    def get(self, address: str, *, status: int = 200, **headers) -> bytes:
        """The body of the answer, which has to have that status."""
        return self._fetch(address, status, headers).body

    def first_load(self, address: str) -> tuple[float, int]:
        """kB as they are sent to who takes gzip, and requests."""
        weights = first_load(address, lambda one: self._fetch(one, 200, _PACKED))
        return sum(weights.values()) / 1000, len(weights)

    def _fetch(self, address: str, status: int, headers) -> Sent:
        heads: list[str] = []
        packing: list[str] = []

        def start(line, given) -> None:
            heads.append(line)
            packing.extend(v for name, v in given if name.lower() == "content-encoding")

        answer = self._application(self._requests.get(address, **headers).environ, start)
        body = b"".join(answer)
        answer.close()
        if not heads[0].startswith(str(status)):
            raise AssertionError(f"{address} answered {heads[0]}")
        return Sent(body, is_packed=packing == ["gzip"])
