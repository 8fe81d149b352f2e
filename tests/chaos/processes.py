"""The processes of the chaos test: started, killed and started again, each by its own id."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    """Below those that the kernel gives to connections: nobody takes it by chance, not even while
    the process that listens there is killed and started again.
    """
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Processes:
    """By name: `broker`, `worker 1`, `worker 2`, `beat`, `mail` and `booker`.

    `fallen` counts those that had ended by themselves.
    """

    def __init__(self, folder, environment, *, booker):
        self.folder = folder
        self.broker_port, self.mail_port = free_port(), free_port()
        redis = f"redis://127.0.0.1:{self.broker_port}"
        self.environment = {
            **os.environ,
            **environment,
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CELERY_BROKER_URL": f"{redis}/0",
            "REDIS_URL": f"{redis}/1",
            "CHAOS_MAIL_PORT": str(self.mail_port),
            "OUTBOX_LEASE_SECONDS": "6",
            "LOG_LEVEL": "WARNING",
        }
        celery = [sys.executable, "-m", "celery", "-A", "config"]
        worker = ["worker", "-P", "threads", "-c", "3", "--without-gossip", "--without-mingle"]
        self.commands = {
            "broker": [
                shutil.which("redis-server") or "redis-server", "--port", str(self.broker_port),
                "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder),
            ],
            "worker 1": [*celery, *worker, "-n", "one@chaos"],
            "worker 2": [*celery, *worker, "-n", "two@chaos"],
            "beat": [*celery, "beat", "--schedule", str(folder / "beat")],
            "mail": [
                sys.executable, "-m", "tests.chaos.smtp", str(self.mail_port), str(self.mails),
            ],
            "booker": [sys.executable, "-m", "tests.chaos.booker", *booker],
        }  # fmt: skip
        self.running, self.kills, self.starts, self.fallen = {}, Counter(), Counter(), Counter()

    @property
    def mails(self):
        return self.folder / "mails.jsonl"

    def start(self, name):
        if self.is_running(name):
            return
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                ["nice", "-n", "15", *self.commands[name]],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.starts[name] += 1

    def is_running(self, name):
        process = self.running.get(name)
        return process is not None and process.poll() is None

    def kill(self, name):
        """As the kernel does when memory runs out: SIGKILL, to what was started here alone."""
        if self.is_running(name):
            self.running[name].kill()
            self.running[name].wait()
            self.kills[name] += 1
        elif name in self.running:
            self.fallen[name] += 1

    def end(self):
        for process in self.running.values():
            process.kill()
            process.wait()

    def wait_for_ports(self, *ports, seconds=60):
        ends = time.monotonic() + seconds
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert time.monotonic() < ends, self.said()
                    time.sleep(0.1)

    def said(self):
        """The end of what each of them wrote."""
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.folder.glob("*.log"))
        )
