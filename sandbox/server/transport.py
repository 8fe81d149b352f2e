"""A transport for requests that runs the sandbox inside the process, with no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


class WSGIAdapter(BaseAdapter):
    """Mount it: `session.mount("https://sandbox.test/", WSGIAdapter(app))`.

    A delay that reaches the read timeout raises ReadTimeout after the call took effect; an
    answer that is lost raises ConnectionError after it. Delays are only counted unless `sleep`
    is given (pass `time.sleep` where a test needs the time to pass).
    """

    def __init__(self, app: Any, *, sleep: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self.app: WSGIApp = app
        self.sleep = sleep
        self._builder = HTTPAdapter()

    def send(  # noqa: PLR0917 -- the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Run the app. Raises requests.ReadTimeout and requests.ConnectionError for faults."""
        pauses: list[float] = []
        drops: list[bool] = []
        environ = _environ(request)
        environ["sandbox.pause"] = lambda seconds: self._pause(pauses, seconds)
        environ["sandbox.drop"] = lambda: drops.append(True)
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started[:] = [status, headers]

        self.before(request)
        body = b"".join(self.app(environ, start_response))
        status, headers = started
        if not environ.get("sandbox.fault"):
            self.after(request, int(status.partition(" ")[0]), body)
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if limit is not None and sum(pauses) >= limit:
            raise requests.ReadTimeout("the sandbox took too long", request=request)
        if drops:
            raise requests.ConnectionError("the sandbox dropped the answer", request=request)
        code, _, reason = status.partition(" ")
        raw = HTTPResponse(
            body=BytesIO(body),
            headers=HTTPHeaderDict(headers),
            status=int(code),
            reason=reason,
            preload_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, raw)

    def before(self, request: requests.PreparedRequest) -> None:
        """Called with every request; a subclass may check it."""

    def after(self, request: requests.PreparedRequest, status: int, body: bytes) -> None:
        """Called with every answer that no fault touched; a subclass may check it."""

    def _pause(self, pauses: list[float], seconds: float) -> None:
        pauses.append(seconds)
        if self.sleep:
            self.sleep(seconds)

    def close(self) -> None:
        """Nothing is held open."""


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else bytes(body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, encoding="latin-1") or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(data),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name.lower() not in {"content-type", "content-length", "host"}:
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
