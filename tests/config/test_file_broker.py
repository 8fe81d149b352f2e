"""The demo's queue of files: no worker ever sees half a message."""

from __future__ import annotations

import os
import threading
import uuid

import pytest
from kombu import Connection

from config.celery import app
from config.file_broker import Transport


@pytest.fixture
def name():
    """A queue of this test's own: kombu remembers for the process which ones it has bound."""
    return uuid.uuid4().hex


@pytest.fixture
def connection(tmp_path):
    folders = {"data_folder_in": tmp_path, "data_folder_out": tmp_path}
    options = {**{k: str(v) for k, v in folders.items()}, "control_folder": str(tmp_path / "c")}
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection


def test_the_app_uses_it(connection):
    assert isinstance(connection.transport, Transport)
    assert app.connection_for_write("filesystem://").transport_cls.endswith("filesystem")


def test_a_message_has_its_name_only_when_it_is_whole(connection, name, tmp_path, monkeypatch):
    queue = connection.SimpleQueue(name)
    seen = []
    replace = os.replace

    def look(source, target):
        seen.append([path.name for path in tmp_path.glob("*.msg")])
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    queue.put({"n": 1})
    assert seen == [[]]
    assert queue.get(timeout=1).payload == {"n": 1}


def test_a_reader_that_looks_all_the_time_gets_every_message(connection, name):
    writers = connection.clone()
    queue = connection.SimpleQueue(name)

    def write():
        out = writers.SimpleQueue(name)
        for number in range(200):
            out.put(number)

    thread = threading.Thread(target=write)
    thread.start()
    got = []
    while len(got) < 200:
        message = queue.get(timeout=5)
        message.ack()
        got.append(message.payload)
    thread.join()
    writers.release()
    assert sorted(got) == list(range(200))
