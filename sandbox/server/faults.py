"""Faults that can be set per operation: what goes wrong, for whom and how many times."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record, Records, random_text

FIELDS: dict[str, type | tuple[type, ...]] = {
    "operation": str,
    "status": int,
    "reason": (str, int),
    "message": str,
    "retry_after": (str, int),
    "rate_limit": str,
    "delay": (int, float),
    "held": (int, float),
    "body": str,
    "content_type": str,
    "lost": bool,
    "unreached": bool,
    "count": (int, type(None)),
    "skip": int,
    "account": str,
}


class BadFault(Exception):
    """The fault names an unknown field or a value of the wrong type."""


def add_fault(store: Records, **wanted: Any) -> Record:
    """Set a fault and return it.

    `operation` is a name such as `google.events.insert`, or a pattern such as `google.*`.
    `status` with `reason` and `message` answers the provider's own error instead of acting;
    `body` answers that text instead (with `status`, default 200); `delay` waits that many
    seconds first, then goes on; `held` acts and keeps the answer back for as many; `lost` acts
    and then drops the connection, `unreached` drops it and does not act. `retry_after` and
    `rate_limit` are sent as given, in Retry-After and RateLimit. `count` is how many times (default
    once, None for ever), `skip` lets that many matching calls through first, `account` limits it
    to one account's e-mail.
    """
    for name, value in wanted.items():
        kinds = FIELDS.get(name)
        if kinds is None or not isinstance(value, kinds):
            raise BadFault(name)
    if not wanted.get("operation"):
        raise BadFault("operation")
    key = random_text(12)
    fault: Record = {"id": key, "count": 1, "skip": 0, "used": 0, **wanted}
    with store.transaction():
        return store.put("fault", key, fault)


def clear_faults(store: Records) -> None:
    with store.transaction():
        for fault in store.all("fault"):
            store.drop("fault", fault["id"])


def take_fault(store: Records, operation: str, account_email: str) -> Record | None:
    """The fault due for this call, counted as used; None when all is well."""
    with store.transaction():
        for fault in store.all("fault"):
            if not fnmatchcase(operation, fault["operation"]):
                continue
            if fault.get("account") and fault["account"].lower() != account_email.lower():
                continue
            if fault["skip"] > 0:
                fault["skip"] -= 1
                store.put("fault", fault["id"], fault)
                continue
            fault["used"] += 1
            store.put("fault", fault["id"], fault)
            if fault["count"] is not None and fault["used"] >= fault["count"]:
                store.drop("fault", fault["id"])
            return fault
    return None


def fault_answer(fault: Record, request: Request, operation: str) -> Response | None:
    """The answer the fault gives instead of the handler's, or None when the handler acts."""
    if fault.get("unreached"):
        # Nobody sees it: the connection is dropped.
        return json_response({}, 503)
    headers = []
    if "retry_after" in fault:
        headers.append(("Retry-After", str(fault["retry_after"])))
    if "rate_limit" in fault:
        headers.append(("RateLimit", fault["rate_limit"]))
    if "body" in fault:
        kind = fault.get("content_type", "application/json")
        return Response(
            fault.get("status", 200), fault["body"].encode(), (("Content-Type", kind), *headers)
        )
    if "status" not in fault:
        return None
    return json_response(_error_body(fault, request, operation), fault["status"], headers)


def _error_body(fault: Record, request: Request, operation: str) -> Json:
    provider, _, rest = operation.partition(".")
    status = fault["status"]
    reason = fault.get("reason", _usual_reason(provider, status))
    message = fault.get("message", "The sandbox was told to refuse this call.")
    if rest in {"token", "revoke"}:
        body: Json = {"error": reason, "error_description": message}
        if provider == "zoom":
            body = {"reason": message, "error": reason}
        return body
    if provider == "close":
        named = {str(fault["reason"]): message} if "reason" in fault else {}
        return {"errors": [], "field-errors": named} if status == 400 else {"error": message}
    flat: dict[str, Json] = {
        "livekit": {"code": reason, "msg": message},
        "resend": {"statusCode": status, "name": reason, "message": message},
    }
    if provider in flat:
        return flat[provider]
    if provider == "google":
        detail = {"domain": _google_domain(str(reason)), "reason": reason, "message": message}
        return {"error": {"errors": [detail], "code": status, "message": message}}
    if provider == "microsoft":
        inner = {"date": "2026-01-01T00:00:00", "request-id": fault["id"]}
        inner["client-request-id"] = request.headers.get("client-request-id", fault["id"])
        return {"error": {"code": reason, "message": message, "innerError": inner}}
    return {"code": reason, "message": message}


def _google_domain(reason: str) -> str:
    limits = {"userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"}
    return "usageLimits" if reason in limits else "calendar" if "Organizer" in reason else "global"


def _usual_reason(provider: str, status: int) -> str | int:
    """What the provider most often says with this status (providers.md 1.11, 2.11, 3)."""
    if provider == "google":
        usual = {400: "badRequest", 401: "authError", 403: "rateLimitExceeded", 404: "notFound"}
        usual |= {409: "duplicate", 410: "deleted", 412: "conditionNotMet"}
        return usual.get(status, "rateLimitExceeded" if status == 429 else "backendError")
    if provider == "microsoft":
        usual = {400: "ErrorInvalidRequest", 401: "InvalidAuthenticationToken"}
        usual |= {403: "ErrorAccessDenied", 404: "ErrorItemNotFound", 409: "ErrorConflict"}
        usual |= {410: "SyncStateNotFound", 412: "ErrorIrresolvableConflict"}
        usual |= {429: "ApplicationThrottled", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
        return usual.get(status, "InternalServerError")
    if provider == "livekit":
        usual = {400: "invalid_argument", 401: "unauthenticated", 403: "permission_denied"}
        usual |= {404: "not_found", 429: "resource_exhausted", 503: "unavailable"}
        return usual.get(status, "internal")
    if provider == "resend":
        usual = {401: "missing_api_key", 403: "validation_error", 404: "not_found"}
        usual |= {409: "concurrent_idempotent_requests", 422: "validation_error"}
        usual |= {429: "rate_limit_exceeded", 500: "internal_server_error"}
        return usual.get(status, "application_error")
    return {401: 124, 404: 3001}.get(status, status)
