"""Requests that came in under another name of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseRedirect

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


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
