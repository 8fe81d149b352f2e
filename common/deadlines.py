"""Connections that give a whole answer a deadline, whatever pace it comes at.

A socket's own time limit begins anew with each byte: an answer whose headers drip holds its reader
for as long as it likes. Here each read of it may take what is left until the deadline.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket

    import requests


class _Reader(io.RawIOBase):
    """What a socket still says until then."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, ends: float) -> None:
        self._sock, self._raw, self._ends = sock, raw, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """Reads no longer than the socket's time limit from when it began to wait, all in all."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        limit = sock.gettimeout()
        if limit is not None:
            ends = time.monotonic() + limit
            self.fp = io.BufferedReader(_Reader(sock, self.fp.detach(), ends))


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response


class BoundedHTTPPool(HTTPConnectionPool):
    """As urllib3's, but the time limit for reading is one for the whole answer."""

    ConnectionCls = _HTTPConnection


class BoundedHTTPSPool(HTTPSConnectionPool):
    """As urllib3's, but the time limit for reading is one for the whole answer."""

    ConnectionCls = _HTTPSConnection


_POOLS: Final = {"http": BoundedHTTPPool, "https": BoundedHTTPSPool}


def bound(*, connect: float, whole: float) -> Timeout:
    """Limits in seconds: to connect, and to have all of the answer, connecting included."""
    return Timeout(connect=connect, total=whole)


class BoundedAdapter(HTTPAdapter):
    """requests' adapter; of the two limits it is given, the second is for everything."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        limits = more.get("timeout")
        if isinstance(limits, tuple):
            more["timeout"] = bound(connect=limits[0], whole=limits[1])
        return super().send(request, *args, **more)
