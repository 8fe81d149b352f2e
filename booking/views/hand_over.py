"""What a member has promised to guests: to somebody else, or off, before the member leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.booker import MAX_TEXT
from booking.change_words import moment_words
from booking.enums import MeetingState
from booking.services.leaving import (
    AT_ONCE,
    Answered,
    answer_promises,
    open_links_of,
    open_meetings_of,
)
from booking.services.links import set_active
from booking.views.changing import doer_of, reader_zone
from booking.wording import zone_words_over
from common.errors import InvalidInput
from common.form_fields import LinesField
from workspaces.access import MAY_MANAGE, MAY_WORK
from workspaces.enums import Role
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import members_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest
    from workspaces.models import Membership
    from workspaces.owners import Owner

CANCEL = "cancel"


class MessageToAll(forms.Form):
    """What every guest reads about it."""

    message = LinesField(
        label="Message to the guests",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One meeting as the one who hands it over sees it: what that needs, and no more."""

    meeting: MeetingBase
    when: str
    is_request: bool
    wish: str
    refusal: str


@require_http_methods(["GET", "POST"])
@member_required
def hand_over(request: StaffRequest, membership_id: UUID) -> HttpResponse:
    """Each meeting for itself, or all at once; links can be paused meanwhile."""
    member = _member(request, membership_id)
    now, form = timezone.now(), MessageToAll(request.POST if request.method == "POST" else None)
    meetings = open_meetings_of(member, now)
    takers = {str(one.id): one for one in _takers(member)}
    if request.method == "POST" and "pause" in request.POST:
        for link in open_links_of(member):
            set_active(link=link, is_active=False)
        return redirect(request.path)
    done, status = Answered(), 200
    if form.is_valid():
        wishes = _wishes(request, meetings, takers)
        try:
            done = answer_promises(
                meetings=meetings,
                wishes=wishes,
                doer=doer_of(request),
                now=now,
                message=form.cleaned_data["message"],
            )
        except InvalidInput as error:
            form.add_error("message", error.message)
        if wishes and not form.errors and not done.refused:
            messages.success(request, _said(done, left=len(wishes) - AT_ONCE))
            return redirect(request.path)
        if not wishes:
            form.add_error(None, "Choose for each meeting who takes it, or that it is off.")
        meetings = open_meetings_of(member, now)
    if form.is_bound:
        status = 422
    zone = reader_zone(request)
    context = {
        "member": member,
        "is_self": member.pk == request.membership.pk,
        "form": form,
        "done": _said(done) if done.handed or done.cancelled else "",
        "rows": [
            PromiseRow(
                meeting,
                moment_words(meeting.start_at, zone),
                meeting.state == MeetingState.REQUESTED,
                request.POST.get(_field(meeting), ""),
                done.refused.get(meeting.pk, ""),
            )
            for meeting in meetings
        ],
        "takers": list(takers.values()),
        "links": open_links_of(member),
        "zone_words": zone_words_over(zone, [one.start_at for one in meetings] or [now]),
    }
    return render(request, "booking/staff/hand_over.html", context, status=status)


def _member(request: StaffRequest, membership_id: UUID) -> Membership:
    """Oneself, or whom one may remove; 404 else."""
    rows = members_of(request.membership.workspace).select_related("workspace", "user__profile")
    member = rows.filter(pk=membership_id).first()
    if member is None:
        raise Http404
    mine = request.membership
    may = mine.role in MAY_MANAGE and (member.role != Role.OWNER or mine.role == Role.OWNER)
    if member.pk != mine.pk and not may:
        raise Http404
    return member


def _takers(member: Membership) -> list[Owner]:
    """Who can take meetings: the other members who work here."""
    rows = members_of(member.workspace).select_related("workspace", "user__profile")
    others = rows.filter(role__in=MAY_WORK).exclude(pk=member.pk)
    return [owner_of_member(one) for one in others]


def _field(meeting: MeetingBase) -> str:
    return f"to_{meeting.pk}"


def _wishes(
    request: StaffRequest, meetings: list[MeetingBase], takers: dict[str, Owner]
) -> dict[UUID, Owner | None]:
    """What is wished for each; for all the same where one of the buttons for all was pressed."""
    said, for_all = request.POST, None
    wishes: dict[UUID, Owner | None] = {}
    if "cancel_all" in said:
        for_all = CANCEL
    elif "hand_all" in said:
        for_all = said.get("all_to", "")
    for meeting in meetings:
        wish = said.get(_field(meeting), "") if for_all is None else for_all
        if wish == CANCEL:
            wishes[meeting.pk] = None
        elif wish in takers:
            wishes[meeting.pk] = takers[wish]
    return wishes


def _said(done: Answered, *, left: int = 0) -> str:
    parts = []
    if done.handed:
        parts.append(f"{done.handed} handed over")
    if done.cancelled:
        parts.append(f"{done.cancelled} called off")
    more = f" {left} are left: send the rest again." if left > 0 else ""
    return f"{', '.join(parts)}. The guests are told.{more}"
