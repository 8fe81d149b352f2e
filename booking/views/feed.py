"""The calendar feed itself: for programs that have its address, without a page or a cookie."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from audit.actors import client_address
from booking.languages import ENGLISH, speaking
from booking.services.feed_reading import read_feed
from common.errors import NotFound, RateLimited, UpstreamUnavailable

if TYPE_CHECKING:
    from django.http import HttpRequest

_GONE = "There is no calendar at this address.\n"


# Calendars ask in other ways first (PROPFIND), which is answered and no forgery.
@csrf_exempt
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The meetings as a calendar file, or 304 to whoever has this edition of it."""
    with speaking(ENGLISH):
        answer = _answer(request, token)
    # No proxy keeps it, no index finds it, and a program asks each time whether it is still so.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    try:
        found = read_feed(token=token, address=client_address(request), now=timezone.now())
    except NotFound:
        return _words(_GONE, HTTPStatus.NOT_FOUND)
    except RateLimited as error:
        answer = _words(f"{error.message}\n", HTTPStatus.TOO_MANY_REQUESTS)
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(int(error.retry_after.total_seconds()) + 1)
        return answer
    except UpstreamUnavailable as error:
        return _words(f"{error.message}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    answer = HttpResponse(
        found.content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'inline; filename="meridian.ics"',
            "Content-Length": str(len(found.content)),
            "Last-Modified": http_date(found.changed_at.timestamp()),
            "ETag": quote_etag(found.edition),
        },
    )
    since = int(found.changed_at.timestamp())
    same = get_conditional_response(
        request, etag=quote_etag(found.edition), last_modified=since, response=answer
    )
    return same if isinstance(same, HttpResponse) else answer


def _words(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
