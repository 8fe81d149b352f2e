"""One meeting, what was sent of it, and the buttons that give what failed a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actors import user_actor
from booking.change_words import change_line
from booking.clash_words import clash_line
from booking.crm_queries import lead_of_meeting
from booking.enums import TAKES_TIME, MeetingState, MessageKind
from booking.mail_troubles import is_final, trouble_title
from booking.services.answers import keep_declined
from booking.services.changes import changes_of
from booking.services.delivery import retry_link
from booking.services.letters import conference_label
from booking.services.undelivered import dismiss_mail_trouble, send_mail_again
from booking.staff_queries import deliveries_of, visible_meeting
from booking.views.meeting_words import answer_lines, crm_line, receipt_lines, row_of
from booking.wording import clock_range, long_day, zone_words
from calendars.enums import ConferenceState
from calendars.prose import is_web_address
from common import outbox
from common.errors import DomainError, NotFound
from common.htmx import dialog_done, refused
from conferencing.enums import EntrantKind
from conferencing.telehealth.rooms import room_of
from conferencing.views.join import enter_as_staff, join_page
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from django.http import HttpResponse

    from booking.models import MeetingBase
    from common.models import OutboxMessage
    from workspaces.guards import StaffRequest

EVENT = "meetings:changed"


@require_safe
@member_required(roles=MAY_WORK)
def meeting_detail(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    meeting, now = meeting_or_404(request, meeting_id), timezone.now()
    zone = owner_of_member(request.membership).zone
    delivery = deliveries_of(request.membership, [meeting])[meeting.pk]
    start = meeting.start_at.astimezone(zone)
    guest_zone = ZoneInfo(meeting.booker_timezone)
    context = {
        "meeting": meeting,
        "row": row_of(meeting, delivery, zone, now),
        "day": f"{long_day(start.date())} {start.year}",
        "zone_words": zone_words(zone, meeting.start_at),
        "guest_when": (
            ""
            if start.utcoffset() == meeting.start_at.astimezone(guest_zone).utcoffset()
            else f"{clock_range(meeting.start_at, meeting.end_at, guest_zone)} in "
            f"{zone_words(guest_zone, meeting.start_at)}"
        ),
        "receipt": receipt_lines(meeting, zone),
        "crm": crm_line(meeting, delivery),
        "lead_url": lead_of_meeting(meeting),
        "replies": answer_lines(meeting, delivery.answers, zone),
        "clash": clash_line(meeting, zone) if meeting.state in TAKES_TIME else ("", ""),
        "failures": _told_once(delivery.failed()),
        "troubles": [
            {"mail": mail, "title": trouble_title(mail), "is_final": is_final(mail)}
            for mail in delivery.unreached
        ],
        "can_send_mails": meeting.end_at > now,
        "changes": [change_line(change, zone) for change in changes_of(meeting)],
        "join_url": meeting.conference_url if is_web_address(meeting.conference_url) else "",
        "conference_name": conference_label(meeting.conference),
        "has_room": meeting.room_id is not None and meeting.state == MeetingState.CONFIRMED,
        "page_url": reverse("booking:meetings"),
        "beside": True,
    }
    return render(request, "booking/staff/meeting_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
def meeting_join(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """How the door of the meeting's telehealth room stands; POST enters as its host."""
    meeting = meeting_or_404(request, meeting_id)
    room = room_of(meeting.workspace_id, meeting.room_id)
    if room is None:
        raise Http404
    if request.method != "POST":
        return join_page(request, room, EntrantKind.STAFF)
    return enter_as_staff(request, room, is_host=True)


@require_POST
@member_required(roles=MAY_WORK)
def meeting_send(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Give what failed for this meeting a new start."""
    meeting = meeting_or_404(request, meeting_id)
    for message in deliveries_of(request.membership, [meeting])[meeting.pk].failed():
        outbox.send_again(message)
    return dialog_done(request, EVENT, to="booking:meetings", message="It is being tried again.")


@require_POST
@member_required(roles=MAY_WORK)
def meeting_mail(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Send once more what did not arrive, or show it no more; the body names the mail."""
    meeting, now = meeting_or_404(request, meeting_id), timezone.now()
    try:
        mail_id = UUID(request.POST.get("mail", ""))
    except ValueError:
        raise Http404 from None
    act = send_mail_again if request.POST.get("do") == "again" else dismiss_mail_trouble
    try:
        act(meeting=meeting, mail_id=mail_id, now=now)
    except DomainError as refusal:
        return refused(request, to=reverse("booking:meetings"), message=refusal.message)
    said = "It is sent again." if act is send_mail_again else "It is shown no more."
    return dialog_done(request, EVENT, to="booking:meetings", message=said)


@require_POST
@member_required(roles=MAY_WORK)
def meeting_keep(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Let the meeting stand although its booker declined it in their calendar."""
    meeting = meeting_or_404(request, meeting_id)
    keep_declined(meeting=meeting, now=timezone.now())
    message = f"The meeting stays. {meeting.booker_name} is told nothing."
    return dialog_done(request, EVENT, to="booking:meetings", message=message)


@require_POST
@member_required(roles=MAY_WORK)
def meeting_link(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Ask again for a join link that could not be made."""
    meeting = meeting_or_404(request, meeting_id)
    try:
        state = retry_link(meeting=meeting, actor=user_actor(request), now=timezone.now())
    except DomainError as refusal:
        return refused(request, to=reverse("booking:meetings"), message=refusal.message)
    message = f"The join link is there. {meeting.booker_name} gets it by mail."
    if state == ConferenceState.PENDING:
        message = f"The join link is being made. {meeting.booker_name} gets it by mail."
    elif state == ConferenceState.FAILED:
        message = "The join link could not be made this time either."
    return dialog_done(request, EVENT, to="booking:meetings", message=message)


def _told_once(failed: list[OutboxMessage]) -> list[OutboxMessage]:
    """The CRM is told of the meeting as it is, however many rows ask for that."""
    of_crm = [one for one in failed if one.kind == MessageKind.CRM_LEAD]
    return [one for one in failed if one not in of_crm[:-1]]


def meeting_or_404(request: StaffRequest, meeting_id: UUID) -> MeetingBase:
    try:
        return visible_meeting(request.membership, meeting_id)
    except NotFound:
        raise Http404 from None
