"""Invitations from outside: who invites to what, what lies in its way, and the three answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audit.actors import user_actor
from booking import inbound
from booking.enums import Answer, InvitationState
from booking.itip.addresses import same_mailbox
from booking.mail_queries import shown_invitations, visible_invitation
from booking.services.invited import ON, answer_invitation, version_of
from booking.services.invited_drafts import NO_TITLE, obstacle_of
from booking.views.meeting_words import Said
from booking.wording import DASH, clock_range, long_day, zone_words
from calendars.owners import calendars_of
from calendars.queries import busy_events
from calendars.services.holds import holds_of
from common.errors import DomainError, NotFound
from common.htmx import refused, replaced
from common.spans import Span
from workspaces.access import MAY_WORK
from workspaces.enums import OwnerKind
from workspaces.guards import member_required
from workspaces.owners import ClientOwner, owner_of_member, owner_of_user

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.models import OutsideInvitation
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

_SAID = {
    Answer.ACCEPTED: "Accepted. {name} is told, and it goes into the calendar.",
    Answer.TENTATIVE: "Answered with maybe. {name} is told.",
    Answer.DECLINED: "Declined. {name} is told.",
}
_TONES = {
    InvitationState.PENDING: "warn",
    InvitationState.ACCEPTED: "",
    InvitationState.TENTATIVE: "plain",
    InvitationState.DECLINED: "plain",
    InvitationState.CANCELLED: "plain",
}


@dataclass(frozen=True, slots=True)
class Button:
    """An answer that can be given, or is."""

    value: str
    is_pressed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An invitation as the page shows it, in the reader's zone."""

    invitation: OutsideInvitation
    title: str
    when: str
    zone_words: str
    whose: str
    organizer: str
    sent_by: str
    shown_state: Said
    conflict: str
    obstacle: str
    repeats: bool
    version: str
    answers: tuple[Button, ...]


@require_safe
@member_required(roles=MAY_WORK)
def invitations(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    reader = owner_of_member(request.membership)
    rows = [_row(one, reader.zone, now) for one in shown_invitations(request.membership, now)]
    context = {"rows": rows, "is_on": inbound.is_on(), "zone": zone_words(reader.zone, now)}
    return render(request, "booking/staff/invitations.html", context)


@require_POST
@member_required(roles=MAY_WORK)
def invitation_answer(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    try:
        found = visible_invitation(request.membership, invitation_id)
        answer = Answer(request.POST.get("answer", ""))
    except (NotFound, ValueError):
        raise Http404 from None
    now = timezone.now()
    try:
        fresh = answer_invitation(
            invitation=found,
            owner=_owner_of(found),
            answer=answer,
            actor=user_actor(request),
            name=request.user.get_full_name(),
            seen=request.POST.get("version", ""),
            now=now,
        )
    except DomainError as refusal:
        return refused(request, to=reverse("booking:invitations"), message=refusal.message)
    message = _SAID[answer].format(name=found.organizer_name or found.organizer)
    # That row alone, where it stands and with all its buttons: were the list sorted anew, a slow
    # second press would meet the next invitation, or another answer.
    row = _row(fresh, owner_of_member(request.membership).zone, now)
    to, template = "booking:invitations", "booking/staff/invitation_row.html"
    return replaced(request, template, {"row": row}, to=to, message=message)


def _owner_of(invitation: OutsideInvitation) -> Owner:
    """Whose it is: a client, or the member themself."""
    if invitation.client is not None:
        return ClientOwner(workspace=invitation.workspace, client=invitation.client)
    assert invitation.user is not None  # the CHECK promises it
    return owner_of_user(invitation.user, invitation.workspace)


def _row(one: OutsideInvitation, zone: ZoneInfo, now: datetime) -> Row:
    owner = _owner_of(one)
    is_closed = one.state == InvitationState.CANCELLED
    obstacle = "" if is_closed else obstacle_of(one, owner, now)
    asks = one.state == InvitationState.PENDING or one.asks_again or bool(one.note)
    choices = tuple(
        Button(answer.value, is_pressed=not asks and one.state == answer.value)
        for answer in Answer
        if not is_closed and (not obstacle or answer is Answer.DECLINED)
    )
    is_over = not one.recurrence and one.end_at <= now
    names = one.organizer_name
    state = "Changed, asks again" if one.asks_again else str(one.get_state_display())
    return Row(
        invitation=one,
        title=one.title or NO_TITLE,
        when=_when(one, zone),
        zone_words="" if one.start_on else zone_words(zone, one.start_at),
        whose=owner.name if owner.kind is OwnerKind.CLIENT else "",
        organizer=f"{names}, {one.organizer}" if names else one.organizer,
        sent_by="" if same_mailbox(one.sender, one.organizer) else one.sender,
        shown_state=Said(state, "warn" if one.asks_again else _TONES[InvitationState(one.state)]),
        conflict="" if is_closed or is_over else _conflict(one, owner, zone),
        obstacle=obstacle,
        repeats=bool(one.recurrence),
        version=version_of(one),
        answers=() if is_over else choices,
    )


def _when(one: OutsideInvitation, zone: ZoneInfo) -> str:
    if one.start_on is not None and one.end_on is not None:
        first, last = long_day(one.start_on, year=True), one.end_on - timedelta(days=1)
        until = f" {DASH} {long_day(last, year=True)}" if last > one.start_on else ""
        return f"{first}{until}, all day"
    day = long_day(one.start_at.astimezone(zone).date(), year=True)
    return f"{day}, {clock_range(one.start_at, one.end_at, zone)}"


def _conflict(one: OutsideInvitation, owner: Owner, zone: ZoneInfo) -> str:
    """What takes its time already: another event, by its hours only, or a promise."""
    span = Span(one.start_at, one.end_at)
    counting = calendars_of(owner).filter(counts_as_busy=True, gone_at__isnull=True)
    rows = busy_events(counting.values_list("pk", flat=True), span)
    if one.event_id is not None:
        rows = rows.exclude(pk=one.event_id)
    event = rows.order_by("start_at").first()
    if event is not None:
        hours = "all day" if event.is_all_day else clock_range(event.start_at, event.end_at, zone)
        return f"Something stands in the calendar then: {hours}."
    held = holds_of(owner, span)
    if held and one.state not in ON:
        return f"A meeting is promised then: {clock_range(held[0].start, held[0].end, zone)}."
    return ""
