"""Holds requests and answers to what Google and Microsoft publish; a violation fails the test.

Mount `RecordingWSGIAdapter(app)` in place of `WSGIAdapter(app)`: every call that passes is
validated both ways and kept in `calls`. Answers that a fault made up are not validated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.server.transport import WSGIAdapter
from tests.fidelity import google, graph

GOOGLE_PREFIX = "/google/calendar/v3/"
GRAPH_PREFIX = "/microsoft/graph/v1.0/"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passed; `operation` is "" for what is not a documented API."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    operation: str
    status: int


class RecordingWSGIAdapter(WSGIAdapter):
    """Validates every Google and Graph call; raises AssertionError on a violation."""

    def __init__(self, app, **options) -> None:
        super().__init__(app, **options)
        self.calls: list[Call] = []

    def before(self, request) -> None:
        method, path, query, body = _parts(request)
        if path.startswith(GOOGLE_PREFIX):
            operation = google.operation(method, path.removeprefix(GOOGLE_PREFIX))
            google.validate_request(operation, body, query)
        elif path.startswith(GRAPH_PREFIX):
            operation = graph.operation(method, path.removeprefix(GRAPH_PREFIX))
            graph.validate_request(operation, body, query)

    def after(self, request, status: int, body: bytes) -> None:
        method, path, query, sent = _parts(request)
        operation = ""
        if path.startswith(GOOGLE_PREFIX):
            operation = google.operation(method, path.removeprefix(GOOGLE_PREFIX))
            google.validate_answer(operation, status, json.loads(body) if body else None)
        elif path.startswith(GRAPH_PREFIX):
            operation = graph.operation(method, path.removeprefix(GRAPH_PREFIX))
            graph.validate_answer(operation, status, json.loads(body) if body else None)
        self.calls.append(Call(method, path, query, sent, operation, status))


def _parts(request) -> tuple[str, str, tuple[tuple[str, str], ...], Any]:
    parts = urlsplit(request.url)
    data = request.body or b""
    text = data if isinstance(data, str) else data.decode()
    body: Any = text or None
    if text and "json" in request.headers.get("Content-Type", ""):
        body = json.loads(text)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return request.method, unquote(parts.path), query, body


def validate_google_request(operation: str, body: Any, query=()) -> None:
    """`operation` as the discovery document has it: `events.insert`."""
    google.validate_request(operation, body, query)


def validate_google_answer(operation: str, status: int, body: Any) -> None:
    google.validate_answer(operation, status, body)


def validate_graph_request(operation: str, body: Any, query=()) -> None:
    """`operation` is a method and a template of `graph.OPERATIONS`: `POST me/events`."""
    graph.validate_request(operation, body, query)


def validate_graph_answer(operation: str, status: int, body: Any) -> None:
    graph.validate_answer(operation, status, body)
