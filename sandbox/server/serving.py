"""A threaded HTTP server for the sandbox, which can drop a connection when a fault says so."""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from sandbox.server.app import SandboxApp

SILENCE = 60.0


class SandboxServer(ThreadingHTTPServer):
    """`serve_forever()` in a thread or a process of its own, `shutdown()` to stop."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], app: SandboxApp) -> None:
        self.app = app
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell of."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def base_url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


def make_server(app: SandboxApp, host: str, port: int) -> SandboxServer:
    """A server bound to that address; port 0 takes a free one. Raises OSError."""
    return SandboxServer((host, port), app)


class _Handler(BaseHTTPRequestHandler):
    """Runs the app for each request of a connection."""

    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    server: SandboxServer

    def _run(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.send_error(411)
            return
        lost: list[bool] = []
        started: list[Any] = []
        environ = self._environ()
        environ["sandbox.drop"] = lambda: lost.append(True)

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            started[:] = [status, headers]

        body = b"".join(self.server.app(environ, start_response))
        if lost:
            # The call took effect and the client never hears of it.
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, headers = started
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:
        """Every method runs the app; the base class looks for `do_GET` and its kin."""
        if name.startswith("do_"):
            return self._run
        raise AttributeError(name)

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, encoding="latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": self.rfile,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                environ["HTTP_" + key] = value
        return environ

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's word
        """Nothing is printed: addresses can hold codes."""
