"""Another time for a meeting, chosen by staff from the open ones or freely."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.desk_forms import OTHER, MoveForm
from booking.meeting_actions import Action
from booking.meeting_filter import read_day
from booking.services.changes import move_meeting, moving_terms
from booking.views.changing import Change, doer_of, reader_zone
from booking.views.meeting_changes import answer_change
from booking.views.open_times import open_times
from booking.wording import clock, long_day
from common.errors import DomainError
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from uuid import UUID

    from django import forms
    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest

_MINUTE = timedelta(minutes=1)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_move(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Show open times; POST moves the meeting, and the old time is kept until that stands."""
    zone, now = reader_zone(request), timezone.now()
    typed = request.POST.dict() if "update" in request.POST else _proposed(request)

    def act(meeting: MeetingBase, form: forms.Form) -> MeetingBase:
        assert isinstance(form, MoveForm)
        return move_meeting(
            meeting=meeting,
            start=form.chosen_start(zone),
            doer=doer_of(request),
            now=now,
            message=form.cleaned_data["message"],
            duration=form.length(),
            overriding=form.cleaned_data["overriding"],
            expected_sequence=form.cleaned_data["sequence"],
        )

    def is_there(meeting: MeetingBase, form: forms.Form) -> bool:
        assert isinstance(form, MoveForm)
        length = form.length() or meeting.end_at - meeting.start_at
        return (
            meeting.start_at == form.chosen_start(zone)
            and meeting.end_at - meeting.start_at == length
        )

    def said(meeting: MeetingBase) -> str:
        day = long_day(meeting.start_at.astimezone(zone).date())
        return f"Moved to {day}, {clock(meeting.start_at, zone)}."

    change = Change(
        request,
        meeting_id,
        template="booking/staff/meeting_move.html",
        form=MoveForm(initial=typed) if typed else MoveForm(request.POST or None),
        act=act,
        said=said,
        is_done=is_there,
    )
    return answer_change(request, change, Action.MOVE, lambda: _drawn(request, change))


def _proposed(request: StaffRequest) -> dict[str, str]:
    """A time that an address fills in, such as one that a guest proposed by mail."""
    wish = {name: request.GET.get(name, "")[:20] for name in ("day", "time", "minutes")}
    return {"start": OTHER, **wish} if wish["day"] else {}


def _drawn(request: StaffRequest, change: Change) -> dict[str, Any]:
    meeting, zone, now = change.meeting, change.zone, timezone.now()
    doer = doer_of(request)
    chosen = change.form["start"].value() or ""
    asked = request.POST or request.GET
    day = read_day(asked, "update", []) or read_day(asked, "day", [])
    try:
        times = open_times(
            terms=moving_terms(meeting=meeting, doer=doer),
            first=day or meeting.start_at.astimezone(zone).date(),
            zone=zone,
            now=now,
            actor=doer.actor,
            chosen=chosen,
        )
    except DomainError as refusal:
        return {"times_problem": refusal.message}
    return {
        "times": times,
        "other": OTHER,
        "chosen": chosen,
        "is_other": chosen == OTHER
        or bool({"day", "time", "overriding"} & set(change.form.errors)),
        "minutes": int((meeting.end_at - meeting.start_at) / _MINUTE),
    }
