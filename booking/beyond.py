"""Booking links whose meeting link the plan does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from booking.models import BookingLink
from conferencing.beyond import Beyond
from conferencing.routing import PlanRefusal, check_plan
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from workspaces.models import Workspace


def refused_by_plan(link: BookingLink, tier: str) -> PlanRefusal | None:
    """Why the link's guests get no meeting link on that plan; None where it holds it.

    They can book all the same, and are told beforehand: another kind of link would be one that
    nobody chose, and a closed page would lose the meeting.
    """
    try:
        check_plan(link.conference, tier)
    except PlanRefusal as refusal:
        return refusal
    return None


def links_without_room(workspace: Workspace) -> list[Beyond]:
    """The workspace's open links that promise what the plan does not hold."""
    rows = BookingLink.objects.filter(workspace=workspace, is_active=True)
    found = []
    for link in rows.select_related("client", "user").order_by("title"):
        refusal = refused_by_plan(link, workspace.tier)
        if refusal is not None:
            whose = link.client or link.user
            why = f"{refusal.message} Guests can book and get no link; their host is told."
            found.append(Beyond(f"{link.title}, booking link of {whose}", why, _page(link)))
    return found


def _page(link: BookingLink) -> str:
    """The client's page; another member's own one is nobody else's."""
    if link.owner_kind == OwnerKind.CLIENT:
        return reverse("booking:client_info", args=[link.owner_id])
    return ""
