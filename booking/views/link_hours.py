"""The hours of one booking link, where they are not its owner's; on the card that those have."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from booking.hours import Hours, hours_of
from booking.services.links import set_hours
from booking.views.desk import desk_of
from booking.views.links import EVENT, link_or_404
from booking.views.scheduling import hours_card, press_hours
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.availability import parse_availability
from workspaces.guards import member_required

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse, QueryDict

    from booking.models import BookingLink
    from common.errors import InvalidInput
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def link_hours(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """The card with the link's hours; `use_owners` gives them up."""
    link, owner = link_or_404(request, link_id)
    here = desk_of(owner).page
    if request.method != "POST":
        return _page(request, link, owner)
    if "use_owners" in request.POST:
        set_hours(link=link, raw=None)
        message = f"{link.title} follows the availability card again."
        return dialog_done(request, EVENT, to=here, message=message)

    def keep(hours: Hours) -> None:
        set_hours(link=link, raw=hours.to_raw())

    show = partial(_page, request, link, owner)
    return press_hours(request, owner, to=here, show=show, keep=keep)


def _page(
    request: StaffRequest,
    link: BookingLink,
    owner: Owner,
    *,
    hours: Hours | None = None,
    faults: Sequence[InvalidInput] = (),
    sent: QueryDict | None = None,
) -> HttpResponse:
    own, here = link.availability_settings, reverse("booking:link_hours", args=[link.pk])
    availability = owner.availability if own is None else parse_availability(own)
    stored = hours_of(availability, owner.zone.key)
    desk = desk_of(owner)
    card = hours_card(owner, timezone.now(), hours=hours, faults=faults, sent=sent, stored=stored)
    context = {
        "link": link,
        "owner": owner,
        "page_url": desk.page,
        # The card sends its presses to the desk's address for hours, and is drawn anew from it.
        "desk": replace(desk, hours=here, page=here),
        "zone_name": owner.zone.key,
        **card,
    }
    status = 422 if faults else 200
    response = render(request, "booking/staff/link_hours.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
