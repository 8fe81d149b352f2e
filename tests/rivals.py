"""Several callers at the same moment, each with connections of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def at_once(count, call):
    """What `call(number)` returned or raised for each of them, all started together."""
    start = threading.Barrier(count)

    def one(number):
        start.wait()
        try:
            return call(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
