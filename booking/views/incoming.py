"""Mails that were not done as they say: what they want, why not, and what people can do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from booking import inbound
from booking.enums import MailReason
from booking.mail_queries import (
    MOST,
    is_own,
    mail_to_review,
    mails_to_review,
    visible_invitations,
)
from booking.meeting_actions import Action, actions_for
from booking.owners import tables_of
from booking.services.incoming import dismiss
from booking.services.invited_drafts import NO_TITLE
from booking.wording import clock, clock_range, long_day, short_day
from common.errors import NotFound
from common.htmx import replaced
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.models import IncomingMail, MeetingBase
    from workspaces.guards import StaffRequest
    from workspaces.models import Membership


@dataclass(frozen=True, slots=True)
class Row:
    """A mail as the page shows it; of a colleague's only that it is there, and why."""

    mail: IncomingMail
    came: str
    is_own: bool
    meeting: MeetingBase | None
    invited_to: str
    when: str
    proposed: str
    move_url: str


@require_safe
@member_required(roles=MAY_WORK)
def incoming(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    zone = owner_of_member(request.membership).zone
    mails = list(mails_to_review(request.membership)[:MOST])
    meetings = _meetings_of(mails)
    titles = _titles_of(mails, request.membership)
    rows = [_row(one, request.membership, meetings, titles, zone=zone, now=now) for one in mails]
    context = {"rows": rows, "is_on": inbound.is_on()}
    return render(request, "booking/staff/incoming.html", context)


@require_POST
@member_required(roles=MAY_WORK)
def incoming_dismiss(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    try:
        found = mail_to_review(request.membership, mail_id)
    except NotFound:
        raise Http404 from None
    dismiss(mail=found, name=request.user.get_full_name(), now=timezone.now())
    message = "The mail is dismissed. Nothing else was changed."
    # The row stays, so that a slow second press does not dismiss the next one unread.
    template = "booking/staff/incoming_dismissed.html"
    return replaced(request, template, {}, to="booking:incoming", message=message)


def _meetings_of(mails: list[IncomingMail]) -> dict[UUID, MeetingBase]:
    found: dict[UUID, MeetingBase] = {}
    for kind in {one.owner_kind for one in mails if one.meeting_id}:
        ids = [one.meeting_id for one in mails if one.owner_kind == kind and one.meeting_id]
        found |= {one.pk: one for one in tables_of(kind).meetings().filter(pk__in=ids)}
    return found


def _titles_of(mails: list[IncomingMail], membership: Membership) -> dict[UUID, str]:
    """What the invitations are to that these mails are about."""
    ids = [one.invitation_id for one in mails if one.invitation_id]
    found = visible_invitations(membership).filter(pk__in=ids) if ids else ()
    return {one.pk: one.title or NO_TITLE for one in found}


def _row(
    mail: IncomingMail,
    membership: Membership,
    meetings: dict[UUID, MeetingBase],
    titles: dict[UUID, str],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Row:
    own = is_own(mail, membership)
    meeting = meetings.get(mail.meeting_id) if mail.meeting_id and own else None
    came = mail.received_at.astimezone(zone)
    when = proposed = move_url = ""
    if meeting is not None:
        when = _span(meeting.start_at, meeting.end_at, zone)
    if own and mail.proposed_start_at and mail.proposed_end_at:
        proposed = _span(mail.proposed_start_at, mail.proposed_end_at, zone)
        if (
            mail.reason == MailReason.COUNTER
            and meeting is not None
            and mail.proposed_start_at > now
            and Action.MOVE in actions_for(meeting, now)
        ):
            length = mail.proposed_end_at - mail.proposed_start_at
            move_url = _move_url(meeting, mail.proposed_start_at, length, zone)
    return Row(
        mail=mail,
        came=f"{short_day(came.date())}, {clock(mail.received_at, zone)}",
        is_own=own,
        meeting=meeting,
        invited_to=titles.get(mail.invitation_id, "") if mail.invitation_id and own else "",
        when=when,
        proposed=proposed,
        move_url=move_url,
    )


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return f"{long_day(start.astimezone(zone).date())}, {clock_range(start, end, zone)}"


def _move_url(meeting: MeetingBase, start: datetime, length: timedelta, zone: ZoneInfo) -> str:
    """The dialog that moves the meeting, with the proposed time filled in; it changes nothing."""
    local = start.astimezone(zone)
    wish = {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    if length != meeting.end_at - meeting.start_at:
        wish["minutes"] = str(length // timedelta(minutes=1))
    query = urlencode(wish)
    return f"{reverse('booking:meeting_move', args=[meeting.pk])}?{query}"
