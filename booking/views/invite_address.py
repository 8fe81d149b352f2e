"""The address at which others invite an owner: made, made anew, given up; in both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.views.decorators.http import require_POST

from booking import inbound
from booking.services.invite_addresses import address_of, drop_address, make_address
from booking.views.clients import client_owner
from booking.views.desk import desk_of
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

EVENT = "invites:changed"
_DROPPED = "The address takes no more invitations. Those that came stay."
_MADE = "The address is made."
_ANEW = "The new address is made. The former one takes no more invitations."


@require_POST
@member_required(roles=MAY_WORK)
def my_invites(request: StaffRequest) -> HttpResponse:
    return _change(request, owner_of_member(request.membership))


@require_POST
@member_required(roles=MAY_WORK)
def client_invites(request: StaffRequest, client_id: UUID) -> HttpResponse:
    return _change(request, client_owner(request, client_id))


def _change(request: StaffRequest, owner: Owner) -> HttpResponse:
    if not inbound.is_on():
        raise Http404
    if "drop" in request.POST:
        drop_address(owner)
        message = _DROPPED
    else:
        message = _ANEW if address_of(owner) else _MADE
        make_address(owner)
    return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)
