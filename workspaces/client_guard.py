"""The guard of a client's own pages: a visit's cookie lets in, nothing else does, and it lets in
nowhere else.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from common.errors import NotFound
from workspaces.services.client_access import visit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from workspaces.models import ClientVisit

    class ClientRequest(HttpRequest):
        """A request of a client's person. Whoever is signed in beside it has no say here."""

        visit: ClientVisit


COOKIE: Final = "meridian_client"


def private(answer: HttpResponseBase) -> HttpResponseBase:
    """Say that no search engine keeps the page."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def visit_secret(request: HttpRequest) -> str:
    """What the visit's cookie holds; blank without one."""
    return request.COOKIES.get(COOKIE, "")


def visit_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let in who has an open visit; everybody else gets 404 and the way to a new link."""

    @never_cache
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            request.visit = visit_of(secret=visit_secret(request), now=timezone.now())
        except NotFound:
            return closed(request)
        return private(view(request, *args, **kwargs))

    return guarded


def closed(request: HttpRequest, status: int = 404) -> HttpResponse:
    """The page of a link that lets nobody in, or not any more.

    A visit that holds, by another link, is none of its business: the page leads back to it.
    """
    holds = _holds(request)
    answer = render(request, "workspaces/client_closed.html", {"visit_holds": holds}, status=status)
    if not holds:
        forget(answer)
    private(answer)
    return answer


def _holds(request: HttpRequest) -> bool:
    secret = visit_secret(request)
    try:
        return bool(secret) and bool(visit_of(secret=secret, now=timezone.now()))
    except NotFound:
        return False


def remember(answer: HttpResponse, secret: str, lasts_seconds: int) -> None:
    """Give the browser the visit's secret."""
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=lasts_seconds,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(answer: HttpResponse) -> None:
    """Take the visit's secret back from the browser."""
    answer.delete_cookie(COOKIE, samesite="Lax")
