"""`manage.py demo`: the whole product in one command, with the same processes as in production."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

SETTINGS = "sandbox.demo_settings"


class _Stop(Exception):
    """Somebody pressed Ctrl-C, or asked politely."""


class Command(BaseCommand):
    help = "Start sandbox, web, worker and beat with demo data; Ctrl-C stops them all."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SETTINGS_MODULE != SETTINGS:
            raise CommandError(f"Run it with --settings {SETTINGS}, or simply: make demo")
        self.folder = Path(settings.DATA_DIR)
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        self._need_free_port(settings.PORT, "PORT")
        self._need_free_port(settings.SANDBOX_PORT, "SANDBOX_PORT")
        try:
            self._run()
        except _Stop:
            self.stdout.write("\nStopping.")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._end_children()
        self.stdout.write("Stopped. The data are kept; `make reset` throws them away.")

    def _run(self) -> None:
        started = time.monotonic()
        is_new = self._prepare_data()
        self._start("sandbox", "manage.py", "sandbox", "--port", str(settings.SANDBOX_PORT))
        self._await(f"{settings.SANDBOX_URL}/", "sandbox")
        if is_new:
            self.stdout.write("Filling in two workspaces and their calendars …")
            from sandbox.demo.fill import fill_meridian  # noqa: PLC0415 -- slow import

            fill_meridian()
            (self.folder / "filled").touch()
        connections.close_all()
        self._start(
            "web",
            *("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(settings.PORT), "--workers", "1", "--blocking-threads", "8"),
            *("--no-ws", "--log-level", "warning", "config.wsgi:application"),
        )
        self._start(
            "worker",
            *("-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "4"),
            *("--without-gossip", "--without-mingle", "-l", "WARNING"),
        )
        self._start("beat", "-m", "celery", "-A", "config", "beat", "-l", "WARNING")
        self._await(f"http://127.0.0.1:{settings.PORT}/healthz", "web")
        self._greet(time.monotonic() - started)
        while True:
            self._watch_children()
            time.sleep(0.5)

    def _prepare_data(self) -> bool:
        """Migrate; True when there is nothing yet, or a first start was cut short."""
        is_new = not (self.folder / "filled").exists()
        if is_new:
            for path in self.folder.iterdir():
                if path.name not in {"secrets.json", "logs"}:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        if is_new:
            from sandbox.demo.fill import fill_sandbox  # noqa: PLC0415 -- slow import

            fill_sandbox(self.folder / "sandbox.sqlite3")
        return is_new

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.logs / f"{name}.log").open("ab")
        self.children[name] = subprocess.Popen(  # noqa: S603 -- our own processes
            [sys.executable, *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS},
            # Ctrl-C reaches the whole group of the terminal; they are stopped in order instead.
            start_new_session=True,
        )

    def _await(self, url: str, name: str) -> None:
        for _ in range(600):
            self._watch_children()
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 -- our own address
                return
            time.sleep(0.1)
        raise CommandError(f"{name} did not start; see {self.logs / name}.log")

    def _watch_children(self) -> None:
        for name, child in self.children.items():
            if child.poll() is not None:
                tail = (self.logs / f"{name}.log").read_text(errors="replace")[-2000:]
                raise CommandError(f"{name} ended by itself ({child.returncode}):\n{tail}")

    def _end_children(self) -> None:
        for child in reversed(self.children.values()):
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + 15
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _stop(self, *_: Any) -> None:
        raise _Stop

    def _need_free_port(self, port: int, variable: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CommandError(
                    f"Port {port} is in use. Choose another: {variable}={port + 1} make demo"
                ) from None

    def _greet(self, seconds: float) -> None:
        from sandbox.demo.scene import PASSWORD, PEOPLE  # noqa: PLC0415 -- slow import

        width = max(len(person.email) for person in PEOPLE)
        lines = [
            "",
            f"Meridian is up after {seconds:.0f} s.",
            "",
            f"  Everything to try   {settings.PUBLIC_URL}/demo/",
            f"  Sign in             {settings.PUBLIC_URL}/",
            f"  Mails it sent       {settings.PUBLIC_URL}/demo/mail",
            f"  The sandbox         {settings.SANDBOX_URL}/",
            "",
            f"  Password of all: {PASSWORD}",
            *(f"  {person.email:<{width}}  {person.role}" for person in PEOPLE),
            "",
            "Ctrl-C stops it.",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
