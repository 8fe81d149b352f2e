"""Simple figures of the meetings a member sees, as tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.figures import MAX_WEEKS, WEEK, figures_of, monday_of
from booking.meeting_filter import read_day
from booking.views.meetings import visible_links
from booking.wording import place
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from common.errors import InvalidInput
    from workspaces.guards import StaffRequest

USUAL_WEEKS = 12


@require_safe
@member_required(roles=MAY_WORK)
def meeting_figures(request: StaffRequest) -> HttpResponse:
    """Whole weeks on the workspace's clock, the last twelve unless said otherwise."""
    membership, now = request.membership, timezone.now()
    zone = ZoneInfo(membership.workspace.timezone)
    problems: list[InvalidInput] = []
    this_week = monday_of(now.astimezone(zone).date())
    last_day = read_day(request.GET, "to", problems)
    last = monday_of(last_day) if last_day else this_week
    first_day = read_day(request.GET, "from", problems)
    first = monday_of(first_day) if first_day else last - (USUAL_WEEKS - 1) * WEEK
    words = [one.message for one in problems[:1]]
    if last < first:
        words.append("The last day is before the first.")
        last = first
    if (last - first) // WEEK >= MAX_WEEKS:
        words.append("Two years are shown at most.")
        first = last - (MAX_WEEKS - 1) * WEEK
    owner_id, link_id = _id(request, "owner"), _id(request, "link")
    context = {
        "figures": figures_of(
            membership, first=first, last=last, zone=zone, owner_id=owner_id, link_id=link_id
        ),
        "first": first,
        "last": last + WEEK - timedelta(days=1),
        "this_week": this_week,
        # Of many weeks, on both sides of clock changes.
        "zone_words": place(zone),
        "problems": words,
        "clients": clients_of(membership.workspace),
        "links": visible_links(membership),
        "owner_id": owner_id,
        "link_id": link_id,
    }
    status = 422 if words else 200
    return render(request, "booking/staff/meeting_figures.html", context, status=status)


def _id(request: StaffRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET[name]) if request.GET.get(name) else None
    except ValueError:
        raise Http404 from None
