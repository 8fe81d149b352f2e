"""A client's own pages: opened by the mail's link, for the client's person, without an account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actors import client_actor, client_address
from booking.enums import MeetingState
from booking.queries import meetings_for_owner
from booking.views.desk import Desk
from booking.views.link_rows import link_rows
from booking.views.openings import standing_of
from booking.views.portal_frame import frame, languages_of, owner_of, until_words
from booking.views.portal_meetings import meeting_rows
from booking.views.scheduling import hours_card, press_hours
from calendars.owners import connections_of
from common.errors import NotFound, RateLimited
from workspaces.client_guard import (
    closed,
    forget,
    private,
    remember,
    visit_required,
)
from workspaces.services import client_access

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from booking.models import MeetingBase
    from workspaces.client_guard import ClientRequest
    from workspaces.owners import ClientOwner

SHOWN_AT_HOME = 3


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for the client's person, and where it is done."""

    words: str
    label: str
    url: str


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def open_page(request: HttpRequest, token: str) -> HttpResponseBase:
    """The mail's link. Reading it changes nothing, for programs read mails too; POST lets in."""
    address, now = client_address(request), timezone.now()
    try:
        if request.method == "POST":
            visit, secret = client_access.open_visit(token=token, address=address, now=now)
            answer: HttpResponse = redirect("portal:home")
            answer.status_code = 303
            remember(answer, secret, int((visit.expires_at - now).total_seconds()))
        else:
            found = client_access.open_invitation(token=token, address=address, now=now)
            context = {
                "invitation": found,
                "client": found.client,
                "until": until_words(found),
                "languages": languages_of(request),
            }
            answer = render(request, "booking/client/open.html", context)
    except NotFound:
        answer = closed(request)
    except RateLimited as error:
        answer = closed(request, status=error.status)
    # The address holds the token. With `no-referrer` browsers would hide their own origin too,
    # and no form could be sent (Fetch, "append a request Origin header").
    answer.headers["Referrer-Policy"] = "strict-origin"
    return private(answer)


@require_safe
@visit_required
def home(request: ClientRequest) -> HttpResponse:
    """Whether guests can book, what waits for somebody, and what comes next."""
    owner, now = owner_of(request), timezone.now()
    upcoming = meetings_for_owner(owner, since=now)
    actor = client_actor(request, request.visit.invitation)
    context = {
        **frame(request, "home"),
        "desk": _desk(reverse("portal:home")),
        "needs": _needs(owner, upcoming),
        "links": link_rows(owner, now, tells_plan=False),
        "meetings": meeting_rows(upcoming[:SHOWN_AT_HOME], owner, now),
        "more": max(0, len(upcoming) - SHOWN_AT_HOME),
        "standing": (
            standing_of(owner, now=now, actor=actor, whom=owner.client.name)
            if "check" in request.GET
            else None
        ),
    }
    return render(request, "booking/client/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@visit_required
def hours(request: ClientRequest) -> HttpResponse:
    """The hours in which guests may book, with their zone."""
    owner, now = owner_of(request), timezone.now()
    show = partial(_hours_page, request, owner, now)
    if request.method == "POST":
        return press_hours(request, owner, to=reverse("portal:hours"), show=show)
    return show()


@require_POST
@visit_required
def leave(request: ClientRequest) -> HttpResponse:
    """End this browser's visit; the mail's link opens another."""
    client_access.end_visit(visit=request.visit, now=timezone.now())
    answer = render(request, "booking/client/left.html", frame(request, ""))
    forget(answer)
    return answer


def _hours_page(
    request: ClientRequest, owner: ClientOwner, now: datetime, **edited: Any
) -> HttpResponse:
    context = {
        **frame(request, "hours"),
        "desk": _desk(reverse("portal:hours")),
        **hours_card(owner, now, **edited),
    }
    status = 422 if edited.get("faults") else 200
    return render(request, "booking/client/hours.html", context, status=status)


def _desk(page: str) -> Desk:
    """The addresses that the shared cards post to and are drawn anew from."""
    return Desk(page, reverse("portal:hours"), reverse("portal:calendars"), "", "")


def _needs(owner: ClientOwner, upcoming: Sequence[MeetingBase]) -> list[Need]:
    accounts = list(connections_of(owner))
    calendars = reverse("portal:calendars")
    found = [
        Need(
            _("%(account)s has to be connected again: it is not read any more.")
            % {"account": account.connected_email},
            _("Reconnect"),
            calendars,
        )
        for account in accounts
        if account.needs_consent
    ]
    if not accounts:
        words = _("No calendar is connected, so guests may be offered times when you are busy.")
        found.insert(0, Need(words, _("Connect a calendar"), calendars))
    asked = sum(meeting.state == MeetingState.REQUESTED for meeting in upcoming)
    if asked:
        words = ngettext(
            "%(number)s request waits for an answer.",
            "%(number)s requests wait for an answer.",
            asked,
        ) % {"number": asked}
        found.append(Need(words, _("See requests"), reverse("portal:meetings")))
    return found
