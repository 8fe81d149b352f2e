"""`manage.py sandbox`: Google, Microsoft, Zoom, LiveKit and Resend on one port of this machine."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from sandbox.server import create_app
from sandbox.server.store import FileStore

_HOOKS = {"resend.tracking": "resend_tracking", "resend.inbound": "booking:resend_inbound"}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(WSGIRequestHandler):
    """Quiet, and able to drop a connection when an answer is to be lost."""

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        environ["sandbox.drop"] = self._drop
        return environ

    def _drop(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        """The sandbox keeps its own request log, without queries."""


class Command(BaseCommand):
    help = "Serve the stand-ins of Google, Microsoft, Zoom, LiveKit and Resend."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8100)
        parser.add_argument("--file", type=Path, help="Where the state is kept.")

    def handle(self, *args: Any, **options: Any) -> None:
        store = FileStore(options["file"] or Path(settings.DATA_DIR) / "sandbox.sqlite3")
        base_url = f"http://localhost:{options['port']}"
        app = create_app(store, base_url)
        for setting, name in _HOOKS.items():
            store.set_setting(setting, f"{settings.PUBLIC_URL}{reverse(name)}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with make_server("127.0.0.1", options["port"], app, _Server, _Handler) as server:
            self.stdout.write(f"Sandbox on {base_url}")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                pass
            finally:
                store.close()
