"""The one place where an error becomes a JSON answer: `{ok: false, code, message, …}`."""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common.errors import DomainError, RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


class TooLarge(exceptions.APIException):
    """More was sent than a request may hold."""

    status_code = 413
    default_detail = "This is more than a request may hold."


class BoundedJSONParser(JSONParser):
    """JSON of the size that Django allows a form to have, and of a depth that can be read."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(longest + 1)
        if len(body) > longest:
            raise TooLarge
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError("This is nested too deeply.") from None


def refusal(
    code: str, message: str, status: int, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """The shape of every refusal of the API."""
    # A refusal may quote what was sent, and half of a surrogate pair cannot be sent back.
    words = message.encode("utf-8", "replace").decode()
    body = {"ok": False, "code": code, "message": words, **more}
    return Response(body, status=status, headers=dict(headers or {}))


def _first_problem(detail: Any, path: str = "") -> tuple[str, str]:
    """The path and sentence of the first problem in DRF's nested detail."""
    if isinstance(detail, dict) and detail:
        key, value = next(iter(detail.items()))
        if key == "non_field_errors":
            return _first_problem(value, path)
        return _first_problem(value, f"{path}.{key}" if path else str(key))
    if isinstance(detail, list) and detail:
        for index, item in enumerate(detail):
            if item and isinstance(item, dict):
                return _first_problem(item, f"{path}[{index}]")
        return _first_problem(detail[0], path)
    return path, str(detail)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Map domain errors, DRF's own and Django's 404 to one shape; anything else is a 500."""
    if isinstance(error, DomainError):
        set_rollback()
        headers = {}
        if isinstance(error, RateLimited) and error.retry_after is not None:
            headers["Retry-After"] = str(max(1, int(error.retry_after.total_seconds())))
        return refusal(error.code, error.message, error.status, headers, **error.details())
    if isinstance(error, Http404):
        error = exceptions.NotFound("This does not exist, or not for you.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    headers = {}
    wait = getattr(error, "wait", None)  # of Throttled
    if wait is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    auth_header = getattr(error, "auth_header", None)
    if auth_header:
        headers["WWW-Authenticate"] = auth_header
    field, message = _first_problem(error.detail)
    more = {"field": field.encode("utf-8", "replace").decode()} if field else {}
    code = _CODES.get(error.status_code, "refused")
    return refusal(code, message, error.status_code, headers, **more)
