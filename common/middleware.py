"""Requests that came in under another name of this machine, or while the cache is away."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

logger = logging.getLogger(__name__)

# Long enough for a cache to be started anew.
_COME_BACK_AFTER = 30


class CanonicalHostMiddleware:
    """In the demo, send other host names to PUBLIC_URL.

    A consent begun on 127.0.0.1 comes back to localhost, where the session cookie is missing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            settings.DEMO
            and request.method in {"GET", "HEAD"}
            and request.get_host() != self.host
            and request.path not in {"/healthz", "/readyz", "/metrics"}
        ):
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        return self.get_response(request)


class CacheAwayMiddleware:
    """Answer 503 in words where a page cannot do without the cache, and it is away.

    Such as signing in, whose tries allauth counts there: none is let through uncounted.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RedisError):
            return None
        logger.error("the cache is away, a page was refused", exc_info=False)
        answer: HttpResponse
        if request.path.startswith("/api/"):
            message = gettext("This is not possible at this moment. Please try again in a minute.")
            said = {"ok": False, "code": "unavailable", "message": message}
            answer = JsonResponse(said, status=503)
        else:
            answer = render(request, "503.html", status=503)
        answer["Retry-After"] = str(_COME_BACK_AFTER)
        return answer
