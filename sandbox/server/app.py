"""The WSGI callable: finds the route, applies faults, runs the handler, keeps the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from sandbox.server import oauth
from sandbox.server.faults import fault_answer, take_fault
from sandbox.server.http import (
    Environ,
    NotJson,
    Refusal,
    Request,
    Response,
    Router,
    json_response,
)
from sandbox.server.push import Courier, Post
from sandbox.server.records import Record, Records
from sandbox.server.routes import all_routes

StartResponse = Callable[..., Any]
LIMIT = 4 * 1024 * 1024


class AnswerLost(ConnectionError):
    """The fault says that the answer never arrives: the server must drop the connection."""


class SandboxApp:
    """Stands for Google, Microsoft, Zoom, LiveKit, Close and Resend under one address.

    A server or transport may put two callables into the environ: `sandbox.pause(seconds)` in
    place of sleeping, and `sandbox.drop()` to be told that the connection is to be dropped; it
    finds the id of the fault that was applied, or None, in `sandbox.fault`. `post` carries what
    providers send to their clients' addresses, in place of HTTP.
    """

    def __init__(
        self, store: Records, base_url: str | None = None, post: Post | None = None
    ) -> None:
        self.store = store
        store.courier = Courier(store, post)
        self.base_url = base_url.rstrip("/") if base_url else None
        self.router = Router(all_routes())

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = self._read(environ)
        response, dropped = self._answer(request, environ)
        if dropped:
            drop = environ.get("sandbox.drop")
            if drop is None:
                raise AnswerLost
            drop()
        body = b"" if request.method == "HEAD" else response.body
        headers = [*response.headers]
        if response.status not in {204, 304}:
            headers.append(("Content-Length", str(len(response.body))))
        start_response(response.status_line, headers)
        return [body]

    def _read(self, environ: Environ) -> Request:
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LIMIT)
        host = headers.get("host") or environ.get("SERVER_NAME", "sandbox.test")
        address = f"{environ.get('wsgi.url_scheme', 'http')}://{host}"
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
            query=tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
            headers=headers,
            raw=environ["wsgi.input"].read(length) if length else b"",
            base_url=self.base_url or address,
            store=self.store,
        )

    def _answer(self, request: Request, environ: Environ) -> tuple[Response, bool]:
        """The response, and whether it is to be lost on the way."""
        asked = "GET" if request.method == "HEAD" else request.method
        found = self.router.match(asked, request.path)
        if found is None:
            status = 405 if self.router.knows(request.path) else 404
            return json_response({"error": "The sandbox has no such address."}, status), False
        route, params = found
        account = oauth.account_email_of(request)
        fault = take_fault(self.store, route.operation, account)
        environ["sandbox.fault"] = fault["id"] if fault else None
        if fault and fault.get("delay"):
            environ.get("sandbox.pause", time.sleep)(float(fault["delay"]))
        response = fault_answer(fault, request, route.operation) if fault else None
        if response is None:
            response = self._handle(route.handler, _with_params(request, params))
        self._note(request, route.operation, response, account, fault)
        if fault and fault.get("held"):
            environ.get("sandbox.pause", time.sleep)(float(fault["held"]))
        return response, bool(fault and (fault.get("lost") or fault.get("unreached")))

    def _handle(self, handler: Callable[[Request], Response], request: Request) -> Response:
        with self.store.transaction():
            oauth.carry_out_withdrawals(self.store)
            try:
                return handler(request)
            except Refusal as refusal:
                return refusal.response
            except NotJson:
                return json_response({"error": {"code": 400, "message": "Parse Error"}}, 400)

    def _note(
        self,
        request: Request,
        operation: str,
        response: Response,
        account: str,
        fault: Record | None,
    ) -> None:
        """One line of the request log: no query, no header, no body, so no token or code."""
        if operation.startswith(("control.", "pages.")):
            return
        self.store.log.append(
            {
                "at": self.store.now().isoformat(),
                "method": request.method,
                "path": request.path,
                "operation": operation,
                "status": response.status,
                "account": account,
                "fault": fault["id"] if fault else None,
            }
        )


def _with_params(request: Request, params: dict[str, str]) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        raw=request.raw,
        base_url=request.base_url,
        store=request.store,
        params=params,
    )
