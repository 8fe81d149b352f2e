"""The form of an event in its dialog, with what it offers for the calendar that is chosen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from calendars.addresses import local_day
from calendars.event_page import (
    by_account,
    conference_cells,
    first_choice,
    guests_note,
    overlap_note,
    own_zones,
    typed_span,
)
from calendars.forms import EventForm
from calendars.hosts import choices_for
from calendars.presenters import week_url
from calendars.repeating import said_in_words
from common.htmx import is_htmx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import HttpResponse, QueryDict

    from calendars.models import Event
    from calendars.queries import VisibleCalendar
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

FOLLOWERS = frozenset({"ev-choices", "ev-overlap", "ev-repeats-said"})
# A browser leaves unticked boxes out of what it sends.
UNTICKED = {"all_day": False, "busy": False}


class EventDialog:
    """One showing of the form. `source` is the calendar chosen, `event` the one that changes."""

    def __init__(
        self,
        request: StaffRequest,
        owner: UserOwner,
        *,
        calendars: Sequence[VisibleCalendar],
        source: VisibleCalendar,
        initial: Mapping[str, Any],
        event: Event | None = None,
    ) -> None:
        self.request, self.owner, self.calendars = request, owner, calendars
        self.source, self.event = source, event
        chosen_calendar = {"calendar": str(source.calendar.pk)}
        self.initial: dict[str, Any] = {**initial, **chosen_calendar}
        given = typed(request)
        if "update" in given or only_follows(request):
            several = {"on_days": given.getlist("on_days")}
            self.initial |= {**UNTICKED, **given.dict(), **several, **chosen_calendar}
        choices = choices_for(source.calendar)
        wanted = given.get("conference") or self.initial.get("conference", "")
        if not wanted:
            wanted = self.initial["conference"] = first_choice(choices)
        self.cells = conference_cells(choices, wanted)

    def form(
        self,
        data: Mapping[str, Any] | None,
        offered: Sequence[VisibleCalendar] | None = None,
    ) -> EventForm:
        return EventForm(
            data,
            initial=self.initial,
            calendars=None if offered is None else by_account(offered),
            zones=own_zones(self.owner.profile, timezone.now()),
            in_series=self.event is not None and bool(self.event.series_remote_id),
        )

    def follow(self) -> HttpResponse:
        """Only what depends on calendar and times."""
        context = {
            "form": self.form(None),
            "cells": self.cells,
            "overlap": self._overlap(),
            "repetition": self._repetition(),
            "guests_note": guests_note(self.source),
        }
        return render(self.request, "calendars/event_form.html#follow", context)

    def answer(self, form: EventForm, status: int = 200) -> HttpResponse:
        is_new = self.event is None
        context = {
            "form": form,
            "selects": [form["reminders"], form["visibility"]],
            "cells": self.cells,
            "overlap": self._overlap(),
            "repetition": self._repetition(),
            "calendar": self.source.calendar,
            "guests_note": guests_note(self.source),
            "dialog_title": "New event" if is_new else "Change event",
            "submit_label": "Create event" if is_new else "Save changes",
            "open_more": any(form.errors.get(name) for name in ("place", "notes", "reminders")),
            "form_action": self.request.get_full_path() if is_new else self.request.path,
            "follow_url": self.request.path,
            "close_url": self._close_url(),
        }
        return answer(self.request, "event_form", context, status=status)

    def _overlap(self) -> str:
        given = typed(self.request)
        span = typed_span(given if "day" in given else self.initial)
        ignoring = self.event.pk if self.event else None
        membership, zone = self.request.membership, self.owner.zone
        return overlap_note(membership, self.calendars, span, zone, ignoring=ignoring)

    def _repetition(self) -> str:
        """How it repeats by what is chosen so far, as a sentence."""
        given = typed(self.request)
        said = {**given.dict(), "on_days": given.getlist("on_days")}
        said = said if "repeats" in given else self.initial
        day = said.get("day") or self.initial.get("day")
        start = day if isinstance(day, date) else local_day(str(day or ""))
        return said_in_words(said, start) or str(said.get("kept_rule", ""))

    def _close_url(self) -> str:
        if self.event is not None:
            return reverse("calendars:event_detail", args=[self.event.pk])
        day = self.initial.get("day")
        return week_url(day if hasattr(day, "isoformat") else None)


def only_follows(request: StaffRequest) -> bool:
    """Whether htmx asks for what depends on a field, and not for the form."""
    return is_htmx(request) and request.htmx.target in FOLLOWERS  # type: ignore[attr-defined]


def typed(request: StaffRequest) -> QueryDict:
    """What the browser sent of the form."""
    return request.POST if request.method == "POST" else request.GET


def answer(
    request: StaffRequest, name: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """The dialog's inside for htmx, a whole page otherwise."""
    response = render(request, f"calendars/{name}.html", dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def week_of(moment: datetime, owner: UserOwner) -> str:
    """The address of the week that holds the moment."""
    return week_url(moment.astimezone(owner.zone).date())
