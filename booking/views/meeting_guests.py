"""Who comes along to a meeting, changed by staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.desk_forms import StaffGuestsForm
from booking.enums import Party
from booking.meeting_actions import Action
from booking.services.changes import change_guests, new_guests, takes_more_guests
from booking.views.changing import Change, doer_of
from booking.views.meeting_changes import answer_change
from booking.views.meeting_detail import meeting_or_404
from common.errors import InvalidInput
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from uuid import UUID

    from django import forms
    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_guests(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """Show who comes along; POST invites people and takes people off."""
    drawn = meeting_or_404(request, meeting_id)

    def act(meeting: MeetingBase, form: forms.Form) -> MeetingBase:
        assert isinstance(form, StaffGuestsForm)
        try:
            return change_guests(
                meeting=meeting,
                doer=doer_of(request),
                now=timezone.now(),
                add=form.invited,
                remove=form.cleaned_data["remove"],
                message=form.cleaned_data["message"],
                expected_sequence=form.cleaned_data["sequence"],
            )
        except InvalidInput as error:
            field = error.field if error.field in form.fields else "guests"
            raise InvalidInput(field, error.message) from error

    def is_so(meeting: MeetingBase, form: forms.Form) -> bool:
        assert isinstance(form, StaffGuestsForm)
        gone = {address.lower() for address in form.cleaned_data["remove"]}
        there = {guest["email"].lower() for guest in meeting.guests}
        return not gone & there and not new_guests(meeting, form.invited)

    change = Change(
        request,
        meeting_id,
        template="booking/staff/meeting_guests.html",
        form=StaffGuestsForm(
            request.POST or None,
            guests=drawn.guests,
            takes_more=takes_more_guests(drawn, Party.OWNER),
            booker_email=drawn.booker_email,
        ),
        act=act,
        said=_said,
        is_done=is_so,
    )
    return answer_change(request, change, Action.GUESTS)


def _said(meeting: MeetingBase) -> str:
    count = len(meeting.guests)
    if not count:
        return f"{meeting.booker_name} comes alone now."
    return f"{meeting.booker_name} comes with {count} {'guest' if count == 1 else 'guests'} now."
