"""A server of calendar feeds on this machine, reached under a public name by a given look-up."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common.fetch_guard import resolving_with

HOST = "feeds.example"
LOOPBACK = "127.0.0.1"

HOLIDAYS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//feeds//example//EN
X-WR-CALNAME:Holidays
{events}END:VCALENDAR
"""
EVENT = """BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
{lines}
END:VEVENT
"""


def event(uid, *lines):
    return EVENT.format(uid=uid, lines="\n".join(lines))


def feed(*events):
    """A calendar file of these events, lines ended as RFC 5545 wants them."""
    return HOLIDAYS.format(events="".join(events)).replace("\n", "\r\n").encode()


class FeedServer:
    """Answers by path: bytes, or (status, headers, body). `asked` are the requests' heads."""

    def __init__(self) -> None:
        self.pages = {}
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                page = outer.pages.get(self.path, (404, {}, b"no"))
                status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.port = self.server.server_address[1]

    def url(self, path="/holidays.ics?key=s3cret", host=HOST):
        return f"http://{host}:{self.port}{path}"

    def serve(self, body, path="/holidays.ics?key=s3cret"):
        self.pages[path] = body
        return self.url(path)


@contextmanager
def feed_server():
    """The server, found under every name that is asked for."""
    server = FeedServer()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        with resolving_with(lambda host, port: [LOOPBACK]):
            yield server
    finally:
        server.server.shutdown()
        server.server.server_close()
        thread.join()
