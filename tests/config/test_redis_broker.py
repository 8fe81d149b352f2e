"""A broker that goes away while a worker has work in hand does not end the worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest
import redis
from kombu import Connection

from config.celery import app
from config.redis_broker import Transport
from tests.chaos.processes import ROOT, free_port

SLOW_WORKER = """
import time
from config.celery import app

@app.task(name="slow")
def slow(path):
    with open(path, "a") as file:
        file.write("begun\\n")
    time.sleep(2)

app.worker_main(["worker", "-P", "threads", "-c", "3", "-Q", "celery", "-n", "slow@broker"])
"""


@pytest.fixture
def broker():
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")
    broker = Broker()
    yield broker
    broker.end()


class Broker:
    """A broker of this test's own, that can be killed and started again."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        said = subprocess.DEVNULL
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(command, stdout=said, stderr=said)
        client = redis.Redis(port=self.port)
        wait_for(lambda: is_up(client))

    def end(self):
        self.process.kill()
        self.process.wait()


def is_up(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def wait_for(true, seconds=60):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_the_app_uses_it():
    for scheme in ("redis", "rediss"):
        with Connection(f"{scheme}://127.0.0.1") as connection:
            assert isinstance(connection.transport, Transport)
    assert app.connection_for_write("redis://127.0.0.1").transport_cls == "redis"


def test_a_worker_with_work_in_hand_outlives_its_broker(broker, tmp_path):
    begun, said = tmp_path / "begun", tmp_path / "said"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "CELERY_BROKER_URL": broker.url,
        "REDIS_URL": "",
        "DATA_DIR": str(tmp_path),
    }
    with said.open("w") as out:
        worker = subprocess.Popen(
            [sys.executable, "-c", SLOW_WORKER], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        for round_ in (1, 2, 3):
            with Connection(broker.url) as connection:
                app.send_task("slow", [str(begun)], connection=connection, queue="celery")
            wait_for(
                lambda number=round_: begun.exists() and begun.read_text().count("b") >= number
            )
            broker.end()
            # Longer than a task takes: the worker notices with the task in hand, or just done.
            time.sleep(0.5 * round_)
            assert worker.poll() is None, said.read_text()
            broker.start()
        before = begun.read_text().count("b")
        with Connection(broker.url) as connection:
            app.send_task("slow", [str(begun)], connection=connection, queue="celery")
        wait_for(lambda: begun.read_text().count("b") > before or worker.poll() is not None)
        assert worker.poll() is None, said.read_text()
    finally:
        worker.kill()
        worker.wait()
