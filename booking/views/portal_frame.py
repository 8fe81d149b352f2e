"""What the client's own pages have in common: whose they are, and what stands around them."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.cache import patch_vary_headers

from booking.wording import clock, long_day
from common.languages import known_language, language_asked, speaking, switches
from workspaces.owners import ClientOwner

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from common.languages import Language
    from workspaces.client_guard import ClientRequest
    from workspaces.models import ClientInvitation


LANGUAGE_COOKIE = "meridian_client_language"
_YEAR = 365 * 24 * 3600


def spoken(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page in the language of the client's person: the one they chose, else their browser's."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        code = language_asked(request, request.COOKIES.get(LANGUAGE_COOKIE, "")[:16])
        with speaking(code):
            answer = view(request, *args, **kwargs)
        answer.headers["Content-Language"] = code
        patch_vary_headers(answer, ["Accept-Language", "Cookie"])
        if known_language(request.GET.get("lang", "")[:16]):
            answer.set_cookie(
                LANGUAGE_COOKIE,
                code,
                max_age=_YEAR,
                path="/client",
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return answer

    return answered


def languages_of(request: HttpRequest) -> list[tuple[Language, str, bool]]:
    """The switch of languages in the foot of a page."""
    return switches(request, language_asked(request, request.COOKIES.get(LANGUAGE_COOKIE, "")))


def owner_of(request: ClientRequest) -> ClientOwner:
    """The one client that this visit is about."""
    invitation = request.visit.invitation
    return ClientOwner(workspace=invitation.workspace, client=invitation.client)


def frame(request: ClientRequest, section: str) -> dict[str, Any]:
    """What every page of the client shows around its own; `section` is the tab it is under."""
    invitation = request.visit.invitation
    return {
        "section": section,
        "languages": languages_of(request),
        "invitation": invitation,
        "client": invitation.client,
        "workspace_name": invitation.workspace.name,
        "until": until_words(invitation),
    }


def until_words(invitation: ClientInvitation) -> str:
    """Until when the access lasts, by the client's clock."""
    zone = ClientOwner(workspace=invitation.workspace, client=invitation.client).zone
    at = invitation.expires_at
    return f"{long_day(at.astimezone(zone).date(), year=True)}, {clock(at, zone)}"
