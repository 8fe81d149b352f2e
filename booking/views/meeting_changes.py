"""Answers to a meeting by staff: approved, declined, cancelled, missed, handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from booking.candidates import candidates_for
from booking.desk_forms import ChangeForm, MessageForm, ReassignForm
from booking.enums import MeetingState
from booking.meeting_actions import Action, actions_for
from booking.owners import tables_for
from booking.services.changes import (
    approve_meeting,
    cancel_meeting,
    decline_meeting,
    mark_no_show,
    reassign_meeting,
)
from booking.staff_queries import handed_over_by
from booking.views.changing import Change, doer_of, meanwhile, reader_zone
from booking.views.meeting_detail import EVENT, meeting_or_404
from common.errors import DomainError, InvalidInput, NotFound
from common.htmx import dialog_done, refused
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from uuid import UUID

    from django import forms
    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest

_LIST = "booking:meetings"


@require_POST
@member_required(roles=MAY_WORK)
def meeting_approve(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Confirm a request, at once."""
    return _at_once(
        request,
        meeting_id,
        is_done=lambda meeting: meeting.state == MeetingState.CONFIRMED,
        act=lambda meeting, sequence: approve_meeting(
            meeting=meeting,
            doer=doer_of(request),
            now=timezone.now(),
            expected_sequence=sequence,
        ),
        said="{name} gets the confirmation.",
    )


@require_POST
@member_required(roles=MAY_WORK)
def meeting_no_show(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Note that the guest did not come, or take that back; nobody is told."""
    is_no_show = request.POST.get("is_no_show", "1") == "1"
    wanted = MeetingState.NO_SHOW if is_no_show else MeetingState.CONFIRMED
    said = "{name} is marked as no-show." if is_no_show else "{name} is marked as there."
    return _at_once(
        request,
        meeting_id,
        is_done=lambda meeting: meeting.state == wanted,
        act=lambda meeting, sequence: mark_no_show(
            meeting=meeting,
            doer=doer_of(request),
            now=timezone.now(),
            is_no_show=is_no_show,
            expected_sequence=sequence,
        ),
        said=said,
    )


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_decline(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Say no to a request, with a word to the guest."""
    change = Change(
        request,
        meeting_id,
        template="booking/staff/meeting_decline.html",
        form=MessageForm(request.POST or None),
        act=lambda meeting, form: decline_meeting(
            meeting=meeting,
            doer=doer_of(request),
            now=timezone.now(),
            message=_message(form),
            expected_sequence=form.cleaned_data["sequence"],
        ),
        said=lambda meeting: f"The request of {meeting.booker_name} is declined.",
        is_done=lambda meeting, form: meeting.state == MeetingState.DECLINED,
    )
    return answer_change(request, change, Action.DECLINE)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_cancel(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Call a meeting off, with a word to the guests."""
    change = Change(
        request,
        meeting_id,
        template="booking/staff/meeting_cancel.html",
        form=MessageForm(request.POST or None),
        act=lambda meeting, form: cancel_meeting(
            meeting=meeting,
            doer=doer_of(request),
            now=timezone.now(),
            message=_message(form),
            expected_sequence=form.cleaned_data["sequence"],
        ),
        said=lambda meeting: f"The meeting with {meeting.booker_name} is cancelled.",
        is_done=lambda meeting, form: meeting.state == MeetingState.CANCELLED,
    )
    return answer_change(request, change, Action.CANCEL)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_reassign(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Hand the meeting to another member, or to another client.

    Who gave their own away and presses once more hears that it is done, and not that it is gone.
    """
    if request.method == "POST" and (done := _handed_over(request, meeting_id)):
        return done
    candidates = candidates_for(
        meeting_or_404(request, meeting_id),
        membership=request.membership,
        actor=doer_of(request).actor,
        session_key=request.session.session_key or "",
        now=timezone.now(),
    )
    owners = {one.owner.id: one.owner for one in candidates}

    def act(meeting: MeetingBase, form: forms.Form) -> MeetingBase:
        to = owners.get(form.cleaned_data["to"])
        if to is None:
            raise InvalidInput("to", "Choose one of the people in the list.")
        return reassign_meeting(
            meeting=meeting,
            to=to,
            doer=doer_of(request),
            now=timezone.now(),
            message=_message(form),
            overriding=form.cleaned_data["overriding"],
            expected_sequence=form.cleaned_data["sequence"],
        )

    change = Change(
        request,
        meeting_id,
        template="booking/staff/meeting_reassign.html",
        form=ReassignForm(request.POST or None),
        act=act,
        said=_has_it,
        is_done=lambda meeting, form: _owner_id(meeting) == form.cleaned_data["to"],
    )
    return answer_change(request, change, Action.REASSIGN, lambda: {"candidates": candidates})


def _handed_over(request: StaffRequest, meeting_id: UUID) -> HttpResponse | None:
    form = ReassignForm(request.POST)
    if not form.is_valid():
        return None
    try:
        given = handed_over_by(request.membership, meeting_id, form.cleaned_data["to"])
    except NotFound:
        return None
    return dialog_done(request, EVENT, to=_LIST, message=_has_it(given))


def answer_change(
    request: StaffRequest,
    change: Change,
    action: Action,
    context: Callable[[], dict[str, Any]] = dict,
) -> HttpResponse:
    """A dialog that the meeting's state leaves nothing to do in shows the meeting instead."""
    if request.method != "POST" and action not in actions_for(change.meeting, timezone.now()):
        return redirect(reverse("booking:meeting_detail", args=[change.meeting.pk]))
    return change.answer(context)


def _at_once(
    request: StaffRequest,
    meeting_id: UUID,
    *,
    is_done: Callable[[MeetingBase], bool],
    act: Callable[[MeetingBase, int], MeetingBase],
    said: str,
) -> HttpResponse:
    """A change that one press makes; refused with a sentence."""
    meeting, form = meeting_or_404(request, meeting_id), ChangeForm(request.POST)
    here = reverse(_LIST)
    if not form.is_valid():
        return refused(request, to=here, message="Open the meeting again. Nothing was changed.")
    sequence, zone = form.cleaned_data["sequence"], reader_zone(request)
    missed = meanwhile(meeting, sequence, zone)
    message = said.format(name=meeting.booker_name)
    if missed and not is_done(meeting):
        return refused(request, to=here, message=missed)
    if not missed:
        try:
            act(meeting, sequence)
        except DomainError as refusal:
            # A rival may have been faster by less than it took to look.
            words = meanwhile(meeting, sequence, zone) or refusal.message
            return refused(request, to=here, message=words)
    return dialog_done(request, EVENT, to=_LIST, message=message)


def _message(form: forms.Form) -> str:
    message: str = form.cleaned_data["message"]
    return message


def _owner_id(meeting: MeetingBase) -> UUID:
    owner_id: UUID = getattr(meeting, tables_for(meeting).owner_column)
    return owner_id


def _has_it(meeting: MeetingBase) -> str:
    owner = getattr(meeting, tables_for(meeting).owner_column.removesuffix("_id"))
    return f"{owner} has the meeting now."
