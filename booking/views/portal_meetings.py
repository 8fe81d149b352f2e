"""The meetings of a client, as the client's own person sees them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.actors import client_actor
from booking.enums import MeetingState, Party
from booking.joining import first_link, other_link
from booking.owners import tables_of
from booking.services.changes import Doer, approve_meeting, cancel_meeting, decline_meeting
from booking.services.letters import conference_label
from booking.views.portal_frame import frame, owner_of
from booking.wording import clock_range, long_day, zone_words, zone_words_over
from calendars.enums import ConferenceState
from calendars.prose import is_web_address
from common.errors import DomainError, InvalidInput
from conferencing.enums import LinkKind
from workspaces.client_guard import visit_required, visit_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from booking.models import MeetingBase
    from workspaces.client_guard import ClientRequest
    from workspaces.owners import ClientOwner

PAST_SHOWN = 50
UPCOMING_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A meeting in words; `join_url` opens it, `other_url` is for when that does not."""

    meeting: MeetingBase
    day: str
    when: str
    state: str
    is_settled: bool
    is_over: bool
    place: str
    join_url: str
    other_url: str
    can_answer: bool
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class DayRows:
    """The meetings of one day by the client's clock."""

    title: str
    rows: list[Row]


def meeting_rows(meetings: Iterable[MeetingBase], owner: ClientOwner, now: datetime) -> list[Row]:
    """The meetings as the pages show them."""
    return [_row(meeting, owner, now) for meeting in meetings]


@require_safe
@visit_required
def meetings(request: ClientRequest) -> HttpResponse:
    """What comes, or with `?period=past` what was."""
    owner, now = owner_of(request), timezone.now()
    is_past = request.GET.get("period") == "past"
    mine = tables_of(owner.kind).meetings().filter(owner.filter_for(), workspace=owner.workspace)
    found = (
        mine.filter(end_at__lte=now).order_by("-start_at")[:PAST_SHOWN]
        if is_past
        else mine.filter(end_at__gt=now).order_by("start_at")[:UPCOMING_SHOWN]
    )
    rows = meeting_rows(found, owner, now)
    context = {
        **frame(request, "meetings"),
        "is_past": is_past,
        "days": [DayRows(title, list(of_day)) for title, of_day in groupby(rows, lambda r: r.day)],
        "zone_words": zone_words_over(owner.zone, [one.start_at for one in found] or [now]),
    }
    return render(request, "booking/client/meetings.html", context)


@require_safe
@visit_required
def meeting(request: ClientRequest, meeting_id: UUID) -> HttpResponse:
    """One meeting with all that was typed. Mails lead here; see `meeting_or_staff_page`."""
    owner, now = owner_of(request), timezone.now()
    found = _meeting(owner, meeting_id)
    context = {
        **frame(request, "meetings"),
        "row": _row(found, owner, now),
        "zone_words": zone_words(owner.zone, found.start_at),
    }
    return render(request, "booking/client/meeting.html", context)


@require_safe
def meeting_or_staff_page(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """What a mail to whom a client's meeting is with leads to: the client's page, and for members
    without an invitation of the client's theirs, which asks for their own rights.
    """
    if request.user.is_authenticated and not visit_secret(request):
        return redirect("booking:meeting_detail", meeting_id)
    return meeting(request, meeting_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client's person can say to a meeting, and the words around it."""

    do: Callable[..., MeetingBase]
    title: str
    explained: str
    button: str
    working: str
    done: str
    is_final: bool = True


@require_http_methods(["GET", "HEAD", "POST"])
@visit_required
def answer(request: ClientRequest, meeting_id: UUID, said: str) -> HttpResponse:
    """Ask, with room for a message to the guest, then approve, decline or cancel."""
    owner, now = owner_of(request), timezone.now()
    found = _meeting(owner, meeting_id)
    given = _answers(found.booker_name)[said]
    if request.method != "POST":
        return _ask(request, found, given, now)
    message, typed = request.POST.get("message", ""), request.POST.get("sequence", "")
    seen = int(typed) if typed.isdecimal() and len(typed) < 10 else None
    doer = _doer(request)
    try:
        given.do(meeting=found, doer=doer, now=now, message=message, expected_sequence=seen)
    except InvalidInput as error:
        return _ask(
            request,
            found,
            given,
            now,
            status=422,
            typed=message,
            fault=error.message,
            sequence=typed,
        )
    except DomainError as error:
        return _ask(request, found, given, now, typed=message, refusal=error, status=error.status)
    messages.success(request, given.done)
    return redirect("portal:meeting", meeting_id=found.pk)


def _ask(
    request: ClientRequest,
    found: MeetingBase,
    given: Answer,
    now: datetime,
    *,
    status: int = 200,
    **more: object,
) -> HttpResponse:
    owner = owner_of(request)
    context = {
        **frame(request, "meetings"),
        "row": _row(found, owner, now),
        "zone_words": zone_words(owner.zone, found.start_at),
        "given": given,
        "sequence": found.sequence,
        **more,
    }
    return render(request, "booking/client/answer.html", context, status=status)


def _answers(guest: str) -> dict[str, Answer]:
    names = {"guest": guest}
    return {
        "approve": Answer(
            approve_meeting,
            _("Confirm this meeting?"),
            _("%(guest)s gets a confirmation, and it is written to your calendar.") % names,
            _("Confirm the meeting"),
            _("Confirming"),
            _("The meeting is confirmed. %(guest)s is told by e-mail.") % names,
            is_final=False,
        ),
        "decline": Answer(
            decline_meeting,
            _("Decline this request?"),
            _("%(guest)s is told by e-mail, and the time is free again.") % names,
            _("Decline the request"),
            _("Declining"),
            _("The request is declined. %(guest)s is told by e-mail.") % names,
        ),
        "cancel": Answer(
            cancel_meeting,
            _("Cancel this meeting?"),
            _("%(guest)s is told by e-mail, it leaves both calendars, and the time is free again.")
            % names,
            _("Cancel the meeting"),
            _("Cancelling"),
            _("The meeting is cancelled. %(guest)s is told by e-mail.") % names,
        ),
    }


def _doer(request: ClientRequest) -> Doer:
    """The client's person by name, as guests may read it; never by their address."""
    invitation = request.visit.invitation
    name = invitation.name or invitation.client.name
    return Doer(Party.OWNER, client_actor(request, invitation), name)


def _meeting(owner: ClientOwner, meeting_id: UUID) -> MeetingBase:
    """The client's own meeting; 404 for any other."""
    mine = tables_of(owner.kind).meetings().filter(owner.filter_for(), workspace=owner.workspace)
    found: MeetingBase | None = mine.filter(pk=meeting_id).first()
    if found is None:
        raise Http404
    return found


def _row(meeting: MeetingBase, owner: ClientOwner, now: datetime) -> Row:
    is_on = meeting.state == MeetingState.CONFIRMED
    is_asked = meeting.state == MeetingState.REQUESTED
    link, other = first_link(meeting, LinkKind.OWNER), other_link(meeting)
    return Row(
        meeting=meeting,
        day=long_day(meeting.start_at.astimezone(owner.zone).date(), year=True),
        when=clock_range(meeting.start_at, meeting.end_at, owner.zone),
        state=_state(meeting),
        is_settled=is_on,
        is_over=meeting.end_at <= now,
        place=_place(meeting),
        join_url=link if is_on and is_web_address(link) else "",
        other_url=other if is_on and is_web_address(other) else "",
        can_answer=is_asked and meeting.start_at > now,
        can_cancel=is_on and meeting.end_at > now,
    )


def _state(meeting: MeetingBase) -> str:
    words = {
        MeetingState.CONFIRMED: _("Confirmed"),
        MeetingState.REQUESTED: _("Waits for an answer"),
        MeetingState.CANCELLED: _("Cancelled"),
        MeetingState.DECLINED: _("Declined"),
        MeetingState.NO_SHOW: _("Guest did not come"),
    }
    return words.get(MeetingState(meeting.state), meeting.get_state_display())


def _place(meeting: MeetingBase) -> str:
    if meeting.room_id is not None:
        return _("Video room")
    if meeting.conference_state == ConferenceState.PENDING:
        return _("The link is being made")
    if meeting.conference_state == ConferenceState.FAILED:
        return _("No join link")
    return conference_label(meeting.conference) or meeting.location
