"""Answers and error bodies of Microsoft Graph."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.server.http import Json, NotJson, Refusal, Request, Response, empty, json_response


def _ids(request: Request) -> tuple[str, str]:
    own = str(uuid.uuid4())
    return own, request.headers.get("client-request-id", own)


def answer(request: Request, payload: Any, status: int = 200) -> Response:
    """A JSON answer with the headers Graph always sends."""
    return json_response(payload, status, headers_of(request))


def done(request: Request, status: int = 204) -> Response:
    return empty(status, headers_of(request))


def headers_of(request: Request) -> list[tuple[str, str]]:
    own, clients = _ids(request)
    headers = [("request-id", own), ("client-request-id", clients)]
    prefer = request.headers.get("prefer", "")
    if "outlook.timezone" in prefer.lower():
        zone = prefer.lower().index("outlook.timezone")
        headers.append(("Preference-Applied", prefer[zone:].split(",")[0].strip()))
    return headers


def graph_error(request: Request, status: int, code: str, message: str, **more: Any) -> Refusal:
    """The refusal to raise; `more` are extra members of `error`."""
    own, clients = _ids(request)
    inner = {"date": f"{request.store.now():%Y-%m-%dT%H:%M:%S}", "request-id": own}
    inner["client-request-id"] = clients
    error: Json = {"code": code, "message": message, **more, "innerError": inner}
    headers = [("request-id", own), ("client-request-id", clients)]
    if status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="", error="invalid_token"'))
    return Refusal(json_response({"error": error}, status, headers))


def not_found(request: Request) -> Refusal:
    message = (
        "The specified object was not found in the store., The process failed to get the "
        "correct properties."
    )
    return graph_error(request, 404, "ErrorItemNotFound", message)


def malformed_id(request: Request) -> Refusal:
    return graph_error(request, 400, "ErrorInvalidIdMalformed", "Id is malformed.")


def bad_property(request: Request, message: str) -> Refusal:
    return graph_error(request, 400, "ErrorPropertyValidationFailure", message)


def bad_request(request: Request, message: str) -> Refusal:
    return graph_error(request, 400, "ErrorInvalidRequest", message)


def unknown_zone(request: Request, name: str) -> Refusal:
    message = (
        "A valid TimeZone value must be specified. "
        f"The following TimeZone value is not supported: '{name}'."
    )
    return graph_error(request, 400, "TimeZoneNotSupportedException", message)


def body_of(request: Request) -> Json:
    try:
        return request.json()
    except NotJson:
        message = "Unable to read JSON request payload. Please ensure Content-Type header is set."
        raise graph_error(request, 400, "BadRequest", message) from None


def check_match(request: Request, etag: str) -> None:
    """If-Match of a write: 412 when the item has changed since."""
    wanted = request.headers.get("if-match", "").strip()
    if wanted not in {"", "*", etag}:
        message = (
            "The send or update operation could not be performed because the change key passed "
            "in the request does not match the current change key for the item."
        )
        raise graph_error(request, 412, "ErrorIrresolvableConflict", message)
