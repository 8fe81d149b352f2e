"""What follows a visitor through the public pages: in the addresses, for no cookie is kept.

The chosen language and the frame of another site's page go along; so does what a link of that
site filled in beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from csp.decorators import csp_replace
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt

from booking.languages import known_language, language_for, speaking
from common.errors import NotFound, RateLimited
from common.languages import switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

    _View = Callable[..., HttpResponse]

# What a link to a booking page may fill in beforehand; answers are `q_` and their key.
PREFILLED = ("name", "email", "phone", "guests", "message")
ANSWER = "q_"
_MOST = 2000
_MOST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor at one page: the language spoken, and what its addresses carry on."""

    language: str
    chosen: str = ""
    is_framed: bool = False
    given: tuple[tuple[str, str], ...] = ()

    def carried(self, *, given: bool = True) -> dict[str, str]:
        """The part of a query that every address of the visit has."""
        query = {"lang": self.chosen} if self.chosen else {}
        if self.is_framed:
            query["embed"] = "1"
        return {**query, **dict(self.given)} if given else query

    def url(self, page: str, query: Mapping[str, str] | None = None, *, given: bool = True) -> str:
        """The page with this query, in the same language and frame."""
        asked = {**(query or {}), **self.carried(given=given)}
        return f"{page}?{urlencode(asked, safe='/:')}" if asked else page


def visit_of(request: HttpRequest) -> Visit:
    """The visit that the request is part of. Whatever the address says is safe to read."""
    query = request.GET
    chosen = query.get("lang", "")[:16]
    given = [(name, query[name][:_MOST]) for name in PREFILLED if query.get(name)]
    answers = sorted(name for name in query if name.startswith(ANSWER) and len(name) <= 40)
    given += [(name, query[name][:_MOST]) for name in answers[:_MOST_ANSWERS] if query[name]]
    return Visit(
        language=language_for(chosen, request.headers.get("Accept-Language", "")[:500]),
        chosen=chosen if known_language(chosen) else "",
        is_framed=query.get("embed") == "1",
        given=tuple(given),
    )


def public_page(*, may_be_framed: bool) -> Callable[[_View], _View]:
    """A page for everybody, in the visitor's language; refusals are pages too.

    Nothing of it is kept by browsers. A page that acts on nothing but what is typed into it
    `may_be_framed` by other sites, when its address says so; every other one is never framed.
    """

    def decorate(view: _View) -> _View:
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            visit = visit_of(request)
            with speaking(visit.language):
                try:
                    answer = view(request, *args, **kwargs)
                except NotFound:
                    answer = show(request, "booking/public/closed.html", {}, status=404)
                except RateLimited as error:
                    answer = show(
                        request, "booking/public/later.html", {"error": error}, status=429
                    )
                    if error.retry_after is not None:
                        seconds = int(error.retry_after.total_seconds()) + 1
                        answer.headers["Retry-After"] = str(seconds)
            answer.headers["Content-Language"] = visit.language
            return answer

        anywhere = csp_replace({"frame-ancestors": ["*"]})
        framed = cast("_View", xframe_options_exempt(anywhere(answered)))

        @never_cache
        @wraps(view)
        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if may_be_framed and visit_of(request).is_framed:
                return framed(request, *args, **kwargs)
            return answered(request, *args, **kwargs)

        return shown

    return decorate


def private_page(view: _View) -> _View:
    """A public page whose address holds a token: never framed, indexed or named as a referrer."""
    page = public_page(may_be_framed=False)(view)

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = page(request, *args, **kwargs)
        keep_private(answer)
        return answer

    return shown


def keep_private(answer: HttpResponse) -> None:
    """Let no other site and no index learn the address of this page."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, with the switch of languages in its foot."""
    visit = visit_of(request)
    languages = switches(request, visit.language)
    frame = {"languages": languages, "is_framed": visit.is_framed}
    return render(request, template, {**frame, **context}, status=status)
