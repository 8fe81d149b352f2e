"""What every change of a meeting by staff shares: who does it, and what happened meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse

from audit.actors import user_actor
from booking.change_words import change_line, moment_words, unseen
from booking.desk_forms import put_refusal
from booking.enums import Party
from booking.errors import SlotTaken
from booking.services.changes import Doer, changes_of
from booking.views.meeting_detail import EVENT, meeting_or_404
from common.errors import DomainError, InvalidInput
from common.htmx import dialog_done
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django import forms
    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest

_LIST = "booking:meetings"


def doer_of(request: StaffRequest) -> Doer:
    """The member as the one who changes a meeting."""
    return Doer(by=Party.OWNER, actor=user_actor(request), name=request.user.get_full_name())


def reader_zone(request: StaffRequest) -> ZoneInfo:
    """The zone of the member's clock."""
    return owner_of_member(request.membership).zone


def meanwhile(meeting: MeetingBase, sequence: int, zone: ZoneInfo) -> str:
    """What others changed since the meeting was drawn with that sequence; blank for nothing."""
    missed = unseen(changes_of(meeting), sequence)
    if not missed:
        return ""
    told = " ".join(change_line(change, zone).sentence for change in missed)
    return f"This meeting was changed meanwhile, so nothing was done. {told}"


class Change:
    """One dialog that changes a meeting: shown on GET, done on POST.

    `act` calls the service with the valid form; `is_done` says whether the meeting already is as
    wanted, so that the same form sent twice is no refusal.
    """

    def __init__(
        self,
        request: StaffRequest,
        meeting_id: UUID,
        *,
        template: str,
        form: forms.Form,
        act: Callable[[MeetingBase, forms.Form], MeetingBase],
        said: Callable[[MeetingBase], str],
        is_done: Callable[[MeetingBase, forms.Form], bool],
    ) -> None:
        self.request, self.template, self.form = request, template, form
        self.meeting = meeting_or_404(request, meeting_id)
        self.act, self.said, self.is_done = act, said, is_done
        self.zone = reader_zone(request)

    def answer(self, context: Callable[[], dict[str, Any]] = dict) -> HttpResponse:
        """Done, or the dialog with what was wrong; `context` is asked for when it is drawn."""
        if self.form.is_valid() and self._tried():
            return dialog_done(self.request, EVENT, to=_LIST, message=self.said(self.meeting))
        status = 422 if self.form.is_bound else 200
        meeting = self.meeting
        shared = {
            "form": self.form,
            "meeting": meeting,
            "action": self.request.path,
            "back_url": reverse("booking:meeting_detail", args=[meeting.pk]),
            "when": moment_words(meeting.start_at, self.zone),
            **context(),
        }
        return render(self.request, self.template, shared, status=status)

    def _tried(self) -> bool:
        form, sequence = self.form, self.form.cleaned_data["sequence"]
        missed = meanwhile(self.meeting, sequence, self.zone)
        try:
            if missed:
                if self.is_done(self.meeting, form):
                    return True
                form.add_error(None, missed)
                return False
            self.meeting = self.act(self.meeting, form)
        except InvalidInput as error:
            put_refusal(form, error)
        except SlotTaken as error:
            self._taken(error)
        except DomainError as error:
            # A rival may have been faster by less than it took to look.
            form.add_error(None, meanwhile(self.meeting, sequence, self.zone) or error.message)
        return not form.errors

    def _taken(self, error: SlotTaken) -> None:
        field = "start" if "start" in self.form.fields else None
        self.form.add_error(field, f"{error.message}{nearest_words(error, self.zone)}")


def nearest_words(error: SlotTaken, zone: ZoneInfo) -> str:
    """The open times around one that is taken; blank where none is known."""
    if not error.nearest:
        return ""
    times = [moment_words(start, zone) for start in error.nearest]
    return f" The nearest open times are {_listed(times)}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
