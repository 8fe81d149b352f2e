"""Requests and responses of the sandbox, and the router between them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from sandbox.server.records import Records

Json = dict[str, Any]
Environ = dict[str, Any]


class NotJson(Exception):
    """The body is not a JSON object."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def status_line(self) -> str:
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


class Refusal(Exception):
    """Raised by a handler to answer at once with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole; `params` are the named parts of the route."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    raw: bytes
    base_url: str
    store: Records
    params: Mapping[str, str] = field(default_factory=dict)

    def arg(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.query if key == name), default)

    def args(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def flag(self, name: str) -> bool:
        return self.arg(name).lower() == "true"

    def json(self) -> Json:
        """The body as a JSON object; an empty body is an empty object. Raises NotJson."""
        if not self.raw.strip():
            return {}
        try:
            found = json.loads(self.raw)
        except ValueError as error:
            raise NotJson from error
        if not isinstance(found, dict):
            raise NotJson
        return found

    def form(self) -> dict[str, list[str]]:
        """The body as form fields, each with all its values."""
        fields: dict[str, list[str]] = {}
        for key, value in parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True):
            fields.setdefault(key, []).append(value)
        return fields

    def bearer(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def basic(self) -> tuple[str, str] | None:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, _, word = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, word


def json_response(
    payload: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    body = json.dumps(payload).encode()
    kind = ("Content-Type", "application/json; charset=UTF-8")
    return Response(status, body, (kind, ("Cache-Control", "no-store"), *headers))


def empty(status: int = 204, headers: Iterable[tuple[str, str]] = ()) -> Response:
    return Response(status, b"", tuple(headers))


def redirect(address: str) -> Response:
    return Response(302, b"", (("Location", address), ("Cache-Control", "no-store")))


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    operation: str


def route(method: str, template: str, handler: Handler, operation: str) -> Route:
    """A route whose `{name}` parts match one path segment each."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    return Route(method, re.compile(pattern + r"\Z"), handler, operation)


class Router:
    """Finds the route of a request; the first that matches wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for candidate in self.routes:
            found = candidate.pattern.match(path) if candidate.method == method else None
            if found:
                return candidate, found.groupdict()
        return None

    def knows(self, path: str) -> bool:
        return any(candidate.pattern.match(path) for candidate in self.routes)
