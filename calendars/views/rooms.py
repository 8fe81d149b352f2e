"""Entering the telehealth room of an event from the calendar, as its host or as a colleague."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from calendars.access import calendar_for, event_for
from calendars.sittings import account_of
from calendars.views.refusals import refusals_as_pages
from common.errors import NotFound
from conferencing.enums import EntrantKind
from conferencing.telehealth.links import join_url
from conferencing.telehealth.rooms import room_of
from conferencing.views.join import enter_as_staff, join_page
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_join(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """How the door stands; POST enters.

    Who may change an event that speaks for the room is its host, while the plan has paused its
    account too. Whoever put the room's link into an event of their own is not.
    """
    event = event_for(request.membership, event_id)
    if event.room_id is None:
        raise NotFound
    room = room_of(event.workspace_id, event.room_id)
    if room is None:
        # Another workspace's room, to which this calendar was invited: its guests' way in.
        return redirect(join_url(event.room_id))
    if request.method != "POST":
        return join_page(request, room, EntrantKind.STAFF)
    seen = calendar_for(request.membership, event.calendar_id)
    speaks = event.is_organizer and account_of(seen.connection) == room.account
    return enter_as_staff(request, room, is_host=speaks and seen.may_edit)
