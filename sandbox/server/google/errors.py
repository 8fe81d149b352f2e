"""Error bodies of the Calendar API.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from __future__ import annotations

from sandbox.server.http import Json, NotJson, Refusal, Request, json_response

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}


def google_error(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    location: str = "",
    location_type: str = "parameter",
) -> Refusal:
    """The refusal to raise."""
    detail: Json = {"domain": domain, "reason": reason, "message": message}
    if location:
        detail |= {"locationType": location_type, "location": location}
    body: Json = {"errors": [detail], "code": status, "message": message}
    headers = []
    if status == 401:
        body["status"] = _STATUS[status]
        headers.append(("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"'))
    return Refusal(json_response({"error": body}, status, headers))


def scope_error() -> Refusal:
    """The token holds but was not given for this."""
    message = "Request had insufficient authentication scopes."
    detail = {"domain": "global", "reason": "insufficientPermissions", "message": message}
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com"},
    }
    error = {"code": 403, "message": message, "errors": [detail]}
    error |= {"status": _STATUS[403], "details": [info]}
    return Refusal(json_response({"error": error}, 403))


def not_found() -> Refusal:
    return google_error(404, "notFound", "Not Found")


def deleted() -> Refusal:
    return google_error(410, "deleted", "Resource has been deleted")


def required(message: str) -> Refusal:
    return google_error(400, "required", message)


def invalid(message: str, location: str = "") -> Refusal:
    return google_error(400, "invalid", message, location=location)


def bad_request(message: str) -> Refusal:
    return google_error(400, "badRequest", message)


def body_of(request: Request) -> Json:
    """The JSON body; what is none is refused as a parse error."""
    try:
        return request.json()
    except NotJson:
        raise google_error(400, "parseError", "Parse Error") from None


def check_match(request: Request, etag: str) -> None:
    """If-Match of a write: 412 when the resource has changed since."""
    wanted = request.headers.get("if-match", "").strip()
    if wanted and wanted != "*" and etag not in [part.strip() for part in wanted.split(",")]:
        raise google_error(
            412,
            "conditionNotMet",
            "Precondition Failed",
            location="If-Match",
            location_type="header",
        )
