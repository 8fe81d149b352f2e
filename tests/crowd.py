"""Many callers at the same moment, each a process of its own, as a web server's workers are."""

from __future__ import annotations

import fcntl
import multiprocessing
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, connections

from common.errors import DomainError

_fork = multiprocessing.get_context("fork")
_PATIENCE = 300


@dataclass(frozen=True)
class Answer:
    """What a call came to: the status a browser would see, and what was returned or raised."""

    status: int
    said: Any


def in_processes(count, work, *, ready=lambda number: None, meanwhile=lambda: None):
    """What `work(number)` answered in each of so many processes, all started together.

    `ready(number)` is called before that, for what a process does once only.

    `work` answers or yields what can be pickled. `meanwhile` is called here again and again until
    the last one is done.
    """
    with _one_crowd_at_a_time():
        return _in_processes(count, work, ready, meanwhile)


def _in_processes(count, work, ready, meanwhile):
    _let_go()
    gate, answers = _fork.Barrier(count), _fork.SimpleQueue()
    processes = [
        _fork.Process(target=_run, args=(number, ready, work, gate, answers))
        for number in range(count)
    ]
    for process in processes:
        process.start()
    found, ends = {}, time.monotonic() + _PATIENCE
    try:
        while len(found) < count:
            while not answers.empty():
                number, said = answers.get()
                found[number] = said
            meanwhile()
            if time.monotonic() > ends:
                raise AssertionError(f"{count - len(found)} of {count} processes never answered")
            time.sleep(0.02)
    finally:
        for process in processes:
            process.join(timeout=5)
            process.kill()
    return [found[number] for number in range(count)]


@contextmanager
def _one_crowd_at_a_time():
    """Suites that run beside each other share the server, which has connections for one crowd."""
    with (Path(tempfile.gettempdir()) / "meridian-crowd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def as_answer(call):
    """The answer that a browser would get: refusals have their status, whatever else breaks 500."""
    try:
        return Answer(200, call())
    except DomainError as refusal:
        return Answer(refusal.status, f"{type(refusal).__name__}: {refusal}")
    except Exception as error:
        return Answer(500, repr(error))


def _run(number, ready, work, gate, answers):
    # A pool opens a second connection while it waits for its first: too many for one server here.
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if pool:
        pool["max_size"] = 1
    try:
        ready(number)
        gate.wait(timeout=_PATIENCE)
        said = work(number)
    except BaseException as error:
        said = Answer(500, repr(error))
    finally:
        _let_go()
    answers.put((number, said))


def _let_go():
    """A connection must not be used by two processes."""
    connections.close_all()
    for one in connections.all(initialized_only=True):
        if hasattr(one, "close_pool"):
            one.close_pool()
