"""`make bench`: figures against the budgets, on the engine that DATABASE_URL names.

Each figure stands beside its budget with ok or over. The machine and its load stand above them:
what is over on a busy machine says little. The exit code is 1 only for a wrong result. Bookings
kick workers through the broker that CELERY_BROKER_URL names: Redis, as production has it, or files.
"""

from __future__ import annotations

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

import django

django.setup()

from config.celery import app
from tests.bench import measure
from tests.bench.bookings import bench_commit, bench_rivals
from tests.bench.pages import bench_calendar, bench_growth, bench_public
from tests.bench.rules import bench_slots, bench_tokens
from tests.bench.syncs import bench_sync

_BENCHES = (
    bench_slots,
    bench_tokens,
    bench_calendar,
    bench_growth,
    bench_public,
    bench_sync,
    bench_commit,
    bench_rivals,
)


def main(wanted: list[str]) -> int:
    """Run all, or those whose names are given: `python -m tests.bench slots commit rivals`."""
    wrong = []
    with measure.collected_files(), measure.bench_database():
        measure.print_machine()
        for bench in _BENCHES:
            if wanted and bench.__name__.removeprefix("bench_") not in wanted:
                continue
            measure.print_reference()
            try:
                bench()
            except AssertionError as error:
                wrong.append(f"{bench.__name__}: {error}")
        _throw_queue_away()
    print(f"\n{len(measure.over)} over budget" + "".join(f"\n  {one}" for one in measure.over))
    for one in wrong:
        print(f"WRONG {one}")
    return bool(wrong)


def _throw_queue_away() -> None:
    """What was kicked and nobody is to deliver."""
    with app.connection_for_write() as broker:
        broker.default_channel.queue_delete(app.conf.task_default_queue)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
