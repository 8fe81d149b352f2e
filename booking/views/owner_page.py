"""What else stands below `/book/`: an owner's list of links, and the ways to what has moved on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.access import name_at
from booking.owners import owner_of_name, public_name
from booking.queries import current_name, listed_links
from booking.views import public
from booking.views.facts import about
from booking.views.visit import public_page, show, visit_of
from common.errors import NotFound

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from booking.models import BookingLink, BookingName
    from booking.views.visit import Visit
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class ListedLink:
    """One link as visitors see it in the list."""

    link: BookingLink
    url: str
    lengths: str
    about: dict[str, Any]


def at_address(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of a link; where there is none, what else the address names. GET only reads."""
    answer = public.book(request, slug)
    return answer if answer.status_code != 404 else _elsewhere(request, slug)


@require_safe
@public_page(may_be_framed=True)
def _elsewhere(request: HttpRequest, slug: str) -> HttpResponse:
    name = name_at(slug)
    if not name.is_current:
        return _moved(request, name)
    if name.link_id is not None:
        raise NotFound
    return _owner_links(request, owner_of_name(name))


def _moved(request: HttpRequest, name: BookingName) -> HttpResponse:
    """On to the address of today. For a while only: somebody else may take the old one."""
    if name.link is not None:
        to = name.link.slug if name.link.is_active else ""
    else:
        to = current_name(name)
    if not to:
        raise NotFound
    query = request.META.get("QUERY_STRING", "")
    return redirect(reverse("booking:book", args=[to]) + (f"?{query}" if query else ""))


def _owner_links(request: HttpRequest, owner: Owner) -> HttpResponse:
    """The owner's open links but for the unlisted and one-time ones."""
    today = timezone.now().astimezone(owner.zone).date()
    visit = visit_of(request)
    name = public_name(owner)
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    context = {
        "owner_name": name,
        "workspace_name": owner.workspace.name,
        "initials": "".join(word[0] for word in words[:2]).upper(),
        "links": [_listed(link, owner, visit) for link in listed_links(owner, today)],
    }
    return show(request, "booking/public/owner_links.html", context)


def _listed(link: BookingLink, owner: Owner, visit: Visit) -> ListedLink:
    lengths = [str(minutes) for minutes in link.durations]
    joined = ", ".join(lengths[:-1])
    words = lengths[-1] if not joined else _("%(some)s or %(last)s") % {
        "some": joined, "last": lengths[-1],
    }  # fmt: skip
    return ListedLink(
        link=link,
        url=visit.url(reverse("booking:book", args=[link.slug])),
        lengths=_("%(minutes)s min") % {"minutes": words},
        about=about(link, owner, timedelta(minutes=link.durations[0])),
    )
