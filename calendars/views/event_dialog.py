"""The form of an event in its dialog, with what it offers for the calendar that is chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from audit.actors import user_actor
from calendars.abilities import colour_refusal, link_stays
from calendars.addresses import local_day
from calendars.enums import EventKind, Hue
from calendars.event_page import (
    by_account,
    conference_cells,
    guests_note,
    kind_cells,
    overlap_note,
    own_zones,
    places_to_go,
    same_account,
    typed_span,
    why_it_stays,
)
from calendars.finding import chosen_time, panel_of, wish_of
from calendars.forms import CALENDAR_COLOUR, EventForm
from calendars.hosts import choices_for
from calendars.link_default import link_choice
from calendars.merging import as_sent, write_base
from calendars.presenters import week_url
from calendars.prose import as_editable_html, as_text
from calendars.providers.markup import is_rich
from calendars.repeating import said_in_words
from calendars.services.freebusy import free_busy
from common.htmx import is_htmx
from conferencing.telehealth.rooms import is_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import HttpResponse, QueryDict
    from django.utils.safestring import SafeString

    from calendars.finding import Panel
    from calendars.models import Event
    from calendars.queries import VisibleCalendar
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

IN_MORE = ("kind", "hue", "place", "notes", "reminders", "visibility", "busy")
TIMES = "ev-times"
FOLLOWERS = frozenset({"ev-choices", "ev-overlap", "ev-repeats-said", TIMES})
# A browser leaves unticked boxes out of what it sends.
UNTICKED = {"all_day": False, "busy": False}


class EventDialog:
    """One showing of the form. `source` is the calendar chosen, `event` the one that changes.

    `given` is what was typed, where that is not just what the browser sent.
    """

    def __init__(
        self,
        request: StaffRequest,
        owner: UserOwner,
        *,
        calendars: Sequence[VisibleCalendar],
        source: VisibleCalendar,
        initial: Mapping[str, Any],
        event: Event | None = None,
        given: QueryDict | None = None,
    ) -> None:
        self.request, self.owner, self.calendars = request, owner, calendars
        self.source, self.event = source, event
        self.given = typed(request) if given is None else given
        chosen_calendar = {"calendar": str(source.calendar.pk)}
        self.initial: dict[str, Any] = {**initial, **chosen_calendar}
        given = self.given
        self.said: Mapping[str, Any] = given.dict() if "day" in given else self.initial
        if "update" in given or only_follows(request):
            several = {"on_days": given.getlist("on_days")}
            self.initial |= {**UNTICKED, **given.dict(), **several}
            if event is None:
                self.initial |= chosen_calendar
            self.initial |= chosen_time(given.get("update", ""))
            self.said = self.initial
        choices = choices_for(source.calendar)
        chosen = str(self.initial.get("conference", ""))
        self.link = link_choice(typed_once(given), chosen, choices, is_new=event is None)
        self.initial["conference"] = self.link.conference if event is None else chosen
        link, stays = event.conference if event else "", ""
        if event is not None and (stays := link_stays(source.calendar, event)):
            self.link = replace(self.link, hint=stays)
        self.cells = conference_cells(choices, self.link.conference, link, stays=bool(stays))
        was = event.kind if event else ""
        self.looks = {
            "kinds": kind_cells(source.calendar, given.get("kind") or self.initial["kind"], was),
            "hue": given.get("hue") or self.initial["hue"],
            "hues": Hue.choices,
            "hue_refusal": colour_refusal(source.calendar),
            "calendar_hue": source.calendar.hue,
        }

    def form(
        self,
        data: Mapping[str, Any] | None,
        offered: Sequence[VisibleCalendar] | None = None,
    ) -> EventForm:
        form = EventForm(
            data if data is None or not self.link.left else self._with_link(),
            initial=self.initial,
            calendars=None if offered is None else by_account(offered),
            zones=own_zones(self.owner.profile, timezone.now()),
            in_series=self.event is not None and bool(self.event.series_remote_id),
        )
        if self.event is not None and "base" not in self.initial:
            form.initial["base"] = write_base(as_sent(form))
        return form

    def _with_link(self) -> Mapping[str, Any]:
        """What was sent, with the link that it gets when nobody chose one."""
        sent = self.given.copy()
        sent["conference"] = self.link.conference
        return sent

    def places(self) -> list[VisibleCalendar] | None:
        """The calendars that the event can be in; None when it stays."""
        assert self.event is not None
        return places_to_go(self.event, self.calendars, self.source)

    def goes_on_with(self, event: Event, source: VisibleCalendar, form: EventForm) -> None:
        """The event is in another calendar now, though not all was done that the form asks for."""
        self.event, self.source = event, source
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["etag"] = event.etag  # type: ignore[index]

    def follow(self) -> HttpResponse:
        """Only what depends on calendar and times, or on those and the guests."""
        if self.request.htmx.target == TIMES:  # type: ignore[attr-defined]
            times = {"times": self._times()}
            return render(self.request, "calendars/event_times.html#inside", times)
        context = {
            "form": self.form(None),
            "cells": self.cells,
            "link": self.link,
            "has_telehealth": is_on(self.request.membership.workspace),
            "overlap": self._overlap(),
            "repetition": self._repetition(),
            "guests_note": guests_note(self.source, self.event),
            **self.looks,
        }
        return render(self.request, "calendars/event_form.html#follow", context)

    def answer(self, form: EventForm, status: int = 200) -> HttpResponse:
        is_new = self.event is None
        context = {
            "form": form,
            "selects": [form["reminders"], form["visibility"]],
            "cells": self.cells,
            "link": self.link,
            "has_telehealth": is_on(self.request.membership.workspace),
            "overlap": self._overlap(),
            "repetition": self._repetition(),
            "calendar": self.source.calendar,
            "guests_note": guests_note(self.source, self.event),
            **self.looks,
            "calendar_note": "" if is_new or form.fields.get("calendar") else self._stays(),
            "times": self._times(),
            "is_new": is_new,
            "dialog_title": "New event" if is_new else "Change event",
            "submit_label": "Create event" if is_new else "Save changes",
            "open_more": any(form.errors.get(name) for name in IN_MORE) or self._is_special(),
            "ends_elsewhere": bool(form["end_zone"].value()) or bool(form.errors.get("end_zone")),
            "notes_rich": self._notes_rich(),
            "loses_format": self.event is not None and is_rich(self.event.description),
            "form_action": self.form_action(),
            "follow_url": self.form_action() if self.event else self.request.path,
            "close_url": self.close_url(),
        }
        return answer(self.request, "event_form", context, status=status)

    def _notes_rich(self) -> SafeString:
        """What the editor begins with: what was written in it before, else the description."""
        given = self.given
        if given.get("notes_html"):
            return as_editable_html(given.get("notes_html", ""))
        written = as_text(self.event.description) if self.event else ""
        if self.event is None or given.get("notes", written).split() != written.split():
            return as_editable_html(given.get("notes", ""))
        return as_editable_html(self.event.description)

    def form_action(self) -> str:
        """Where the form is sent to."""
        if self.event is None:
            return self.request.get_full_path()
        return reverse("calendars:event_edit", args=[self.event.pk])

    def _stays(self) -> str:
        """Why the event stays in its calendar, where there are others to go to."""
        assert self.event is not None
        others = same_account(self.calendars, self.source)
        return why_it_stays(self.event, self.source) if len(others) > 1 else ""

    def _is_special(self) -> bool:
        """Whether the event has a kind or a colour, which the folded part of the form tells."""
        looks = (self.initial["kind"], self.initial["hue"])
        return looks != (EventKind.NORMAL, CALENDAR_COLOUR)

    def _overlap(self) -> str:
        span = typed_span(self.said)
        ignoring = self.event.pk if self.event else None
        membership, zone = self.request.membership, self.owner.zone
        return overlap_note(membership, self.calendars, span, zone, ignoring=ignoring)

    def _times(self) -> Panel | None:
        """When the colleagues among the guests are free; None without guests."""
        wish, now = wish_of(self.said), timezone.now()
        if wish is None:
            return None
        workspace = self.request.membership.workspace
        found = free_busy(
            membership=self.request.membership,
            emails=wish.guests,
            span=wish.reach(now),
            log_span=wish.day_span,
            actor=user_actor(self.request),
            session_key=self.request.session.session_key or "",
            now=now,
            ignoring=self.event,
        )
        return panel_of(found, wish, now, workspace.name)

    def _repetition(self) -> str:
        """How it repeats by what is chosen so far, as a sentence."""
        given = self.given
        said = {**given.dict(), "on_days": given.getlist("on_days")}
        said = said if "repeats" in given else self.initial
        day = said.get("day") or self.initial.get("day")
        start = day if isinstance(day, date) else local_day(str(day or ""))
        return said_in_words(said, start) or str(said.get("kept_rule", ""))

    def close_url(self) -> str:
        """Where one is without the form."""
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


def typed_once(given: QueryDict) -> dict[str, str]:
    """What was typed, the last word of each field."""
    return {name: str(given.get(name, "")) for name in given}
