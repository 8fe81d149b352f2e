"""What could not be sent: sent again, put aside or put back, one by one or all that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.unsent import chosen, put_aside, unsent, unsent_messages
from booking.wording import clock, clock_range, long_day, short_day, zone_words
from common import outbox
from common.enums import OutboxState
from common.htmx import dialog_done, refused
from workspaces.access import MAY_MANAGE, MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.unsent import Unsent
    from workspaces.guards import StaffRequest

PAGE: Final = "booking:unsent"
EVENT: Final = "unsent:changed"
# What a message is once that was done with it.
_THEN: Final = {
    "again": (OutboxState.PENDING, OutboxState.SENT),
    "dismiss": (OutboxState.CANCELLED,),
    "back": (OutboxState.FAILED,),
}


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
def unsent_page(request: StaffRequest) -> HttpResponse:
    """The list; a POST names what is to be done, and with which messages."""
    if request.method == "POST":
        return _act(request)
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    rows, aside = unsent(membership), put_aside(membership)
    context = {
        "rows": [_line(one, zone, now) for one in rows],
        "aside": [_line(one, zone, now) for one in aside],
        "dismissable": [one.message.pk for one in rows if one.can_dismiss],
        "total": unsent_messages(membership).count(),
        "zone_words": zone_words(zone, now),
        "sees_all": membership.role in MAY_MANAGE,
    }
    return render(request, "booking/staff/unsent.html", context)


def _act(request: StaffRequest) -> HttpResponse:
    what = request.POST.get("do", "")
    was = OutboxState.CANCELLED if what == "back" else OutboxState.FAILED
    if what not in _THEN:
        return refused(request, to=PAGE, message="Choose what to do with it.")
    found = chosen(request.membership, _ids(request), was)
    if not found and chosen(request.membership, _ids(request), *_THEN[what]):
        # Pressed twice, or by two people who want the same.
        return dialog_done(request, EVENT, to=PAGE, message="That is done already.")
    if not found:
        words = "It is not in this list any more. Somebody was faster, or it was sent."
        return refused(request, to=PAGE, message=words)
    if what == "again":
        number = outbox.send_again(*found)
        words = _counted(number, "is being tried again", "are being tried again")
    elif what == "dismiss":
        number = len(outbox.dismiss(*found))
        words = _counted(number, "was put aside", "were put aside")
        if not number:
            return refused(
                request, to=PAGE, message="This has to be done, and cannot be put aside."
            )
    else:
        words = _counted(len(outbox.put_back(*found)), "is in the list again", "are in it again")
    return dialog_done(request, EVENT, to=PAGE, message=words)


def _ids(request: StaffRequest) -> list[UUID]:
    try:
        return [UUID(one) for one in request.POST.getlist("message")]
    except ValueError:
        raise Http404 from None


def _counted(number: int, one: str, many: str) -> str:
    return f"One message {one}." if number == 1 else f"{number} messages {many}."


def _line(one: Unsent, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    since, meeting = one.since.astimezone(zone), one.meeting
    day = "" if since.date() == now.astimezone(zone).date() else f"{short_day(since.date())}, "
    start = meeting.start_at.astimezone(zone) if meeting else None
    return {
        "unsent": one,
        "since": f"{day}{clock(since, zone)}",
        "when": (
            f"{long_day(start.date())}, {clock_range(meeting.start_at, meeting.end_at, zone)}"
            if meeting and start
            else ""
        ),
    }
