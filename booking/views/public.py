"""The public page of a link: what can be booked, and when.

No cookie is read or set and no session has power on the pages for everybody, so that they can
stand inside other sites; their one POST (booking.views.details) is exempt from CSRF on purpose
and carries a signed token of its own form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.actors import client_address, public_actor
from booking.access import open_link
from booking.errors import BusyUnknown
from booking.owners import owner_of_link
from booking.services import limits
from booking.services.availability import open_slots_for
from booking.views.facts import about
from booking.views.picker import build_picker, read_query, route_of, zone_choices
from booking.views.visit import public_page, show, visit_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@public_page(may_be_framed=True)
def book(request: HttpRequest, slug: str) -> HttpResponse:
    """What can be booked and when. GET only reads."""
    now, visit = timezone.now(), visit_of(request)
    limits.use(limits.LOOKS_PER_ADDRESS, client_address(request), now)
    link = open_link(slug)
    owner = owner_of_link(link)
    asked = read_query(request.GET, route_of(link, visit), owner.zone, now)
    context = {
        **about(link, owner, asked.duration),
        "asked": asked,
        "problems": asked.problems,
        "zones": zone_choices(asked.zone, owner.zone, now),
        "kept": visit.carried().items(),
    }
    status = 400 if asked.problems else 200
    try:
        found = open_slots_for(
            link=link,
            duration=asked.duration,
            first_day=asked.first_day,
            last_day=asked.last_day,
            zone=asked.zone,
            now=now,
            actor=public_actor(request, link.id),
        )
    except BusyUnknown as error:
        context["unknown"] = error.message
        return show(request, "booking/public/book.html", context, status=error.status)
    context["offer"] = found
    context["picker"] = build_picker(asked, found, owner.zone)
    return show(request, "booking/public/book.html", context, status=status)
