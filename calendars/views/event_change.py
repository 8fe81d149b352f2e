"""Changing an event, also when somebody else changed or deleted it meanwhile."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from audit.actors import user_actor
from calendars.access import calendar_for, event_for
from calendars.enums import Scope
from calendars.errors import EventChanged, MovedOnly
from calendars.event_page import attendees_of, initial_of
from calendars.forms import EventForm
from calendars.merging import (
    Merge,
    as_sent,
    chosen,
    merge,
    read_base,
    said,
    write_base,
)
from calendars.providers.base import UNSET
from calendars.providers.errors import EventGone
from calendars.queries import calendars_visible_to
from calendars.repeating import KEPT
from calendars.services import meanwhile, relocating, series
from calendars.views.event_dialog import EventDialog, answer, only_follows, week_of
from calendars.views.events import GET_POST, done, missing_link, say
from calendars.views.refusals import refusals_as_pages
from common.errors import DomainError
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from calendars.models import Event
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

# Somebody else may change it again while we look; then the person is asked to save once more.
TRIES = 3
_RESTLESS = "This is being changed elsewhere right now. Nothing was saved yet. Save again."
_CHANGED = {
    Scope.THIS: "was changed",
    Scope.FOLLOWING: "and the following were changed",
    Scope.ALL: "was changed, all of them",
}
_ANSWERS = "keep-"


@require_http_methods(GET_POST)
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_edit(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Change an event; of a series, as much of it as is chosen."""
    asks = "update" in request.POST or only_follows(request)
    is_sent = request.method == "POST" and not asks
    event = event_for(request.membership, event_id, to_write=True, with_deleted=is_sent)
    attempt = Attempt(request)
    if is_sent:
        return attempt.save(event)
    page = attempt.page_of(event)
    return page.follow() if only_follows(request) else page.answer(page.form(None, page.places()))


class Attempt:
    """One person's change on its way into an event that may be changing too."""

    def __init__(self, request: StaffRequest) -> None:
        self.request = request
        self.owner: UserOwner = owner_of_member(request.membership)
        self.calendars = calendars_visible_to(request.membership)
        typed = {
            name: values for name, values in request.POST.lists() if name in EventForm.base_fields
        }
        self.base = read_base(request.POST.get("base", ""))
        self.is_going_back = "again" in request.POST
        self.etag = request.POST.get("etag", "")
        answers = {
            name.removeprefix(_ANSWERS): str(value)
            for name, value in request.POST.items()
            if name.startswith(_ANSWERS)
        }
        self.typed: dict[str, list[str]] = chosen(typed, self.base or {}, answers)
        self.taken: list[str] = []

    def save(self, event: Event) -> HttpResponse:
        """Write what is this person's, ask about what both changed, say what became of it."""
        now = self._standing(event)
        for _ in range(TRIES):
            if now is None:
                return self._gone(event)
            page = self.page_of(now)
            merged = self._merge(page, now)
            form = page.form(self._as_data(), page.places())
            if not form.is_valid() or self.is_going_back:
                return page.answer(form, status=422 if form.errors else 200)
            if merged.clashes:
                return self._ask(page, merged, now)
            try:
                return self._write(form, now)
            except EventChanged as changed:
                now = self._changed(event, changed)
            except EventGone:
                now = self._in_its_place(now)
            except DomainError as refusal:
                return self._refused(page, form, refusal)
        form.add_error(None, _RESTLESS)
        return page.answer(form, status=422)

    def page_of(self, event: Event) -> EventDialog:
        """The dialog of the event as it is now."""
        source = next(one for one in self.calendars if one.calendar.pk == event.calendar_id)
        rule = series.rule_best_effort(event=event, actor=user_actor(self.request))
        return EventDialog(
            self.request,
            self.owner,
            calendars=self.calendars,
            source=source,
            initial=initial_of(event, self.owner.zone, rule),
            event=event,
            given=None if "update" in self.request.POST or not self.typed else self._as_data(),
        )

    def _standing(self, event: Event) -> Event | None:
        return event if event.deleted_at is None else self._in_its_place(event)

    def _in_its_place(self, event: Event) -> Event | None:
        found = meanwhile.what_stands_there(event=event, actor=user_actor(self.request))
        return None if found is None else self._again(found.pk)

    def _again(self, event_id: UUID) -> Event:
        """The event with the rights it has now: it may have become private meanwhile."""
        return event_for(self.request.membership, event_id, to_write=True)

    def _changed(self, event: Event, changed: EventChanged) -> Event | None:
        found = self._again(changed.event_id)
        # The series alone is left: of this event's day there is nothing in it any more.
        return None if found.recurrence and not event.recurrence else found

    def _merge(self, page: EventDialog, event: Event) -> Merge:
        """Put both changes together; from here on the form starts from the event as it is now."""
        blank = page.form(None)
        theirs = as_sent(blank)
        if self.base is None and self.etag in ("", event.etag):
            self.base = theirs
        merged = merge(blank, self.base, self.typed, theirs)
        self.taken += [label for label in merged.taken if label not in self.taken]
        self.typed = {
            **merged.values,
            "etag": [event.etag],
            "base": [write_base(theirs)],
        }
        if not merged.clashes:
            self.base = theirs
        return merged

    def _as_data(self) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, values in self.typed.items():
            data.setlist(name, values)
        return data

    def _write(self, form: EventForm, event: Event) -> HttpResponse:
        to, has_news = form.moves_to(), form.says_news()
        draft = form.to_changes(attendees=attendees_of(event), starts=event.start_at)
        asked: dict[str, Any] = {
            "event": event, "actor": user_actor(self.request), "scope": form.meant(),
        }  # fmt: skip
        finished = series.Done(event)
        if to is not None:
            place = calendar_for(self.request.membership, to, to_write=True).calendar
            wanted = draft if has_news else None
            finished = relocating.move_and_change(to=place, draft=wanted, **asked)
        elif has_news:
            finished = series.update_event(draft=draft, etag=event.etag, **asked)
        what = _CHANGED[form.meant()]
        if to is not None:
            what = f"was moved to {finished.event.calendar.name}{' and changed' * has_news}"
        notes = [*finished.notes, *self._stays()]
        if draft.conference is not UNSET:
            notes += missing_link(finished.event)
        return done(self.request, self.owner, finished.event, what, notes)

    def _refused(self, page: EventDialog, form: EventForm, refusal: DomainError) -> HttpResponse:
        """The form with the reason; the event may be in its other calendar already."""
        if isinstance(refusal, MovedOnly):
            moved = self._again(refusal.event_id)
            source = calendar_for(self.request.membership, moved.calendar_id)
            page.goes_on_with(moved, source, form)
        say(form, refusal)
        return page.answer(form, status=422)

    def _stays(self) -> list[str]:
        return [f"Their change of the {label.lower()} stays" for label in self.taken]

    def _ask(self, page: EventDialog, merged: Merge, event: Event) -> HttpResponse:
        """Theirs and mine, side by side."""
        context = {
            "clashes": merged.clashes,
            "taken": self._stays(),
            "hidden": self._hidden(),
            "dialog_title": "Changed meanwhile",
            "form_action": page.form_action(),
            "close_url": page.close_url(),
        }
        return answer(self.request, "event_conflict", context, status=422)

    def _hidden(self, **other: str) -> list[tuple[str, str]]:
        """Everything that was typed, for the next form."""
        values = {**self.typed, **{name: [value] for name, value in other.items()}}
        return [(name, one) for name, several in values.items() for one in several]

    def _gone(self, event: Event) -> HttpResponse:
        """The event was deleted: what was typed can become a new one."""
        form = self.page_of(event).form(self._as_data())
        is_one = self.typed.get("scope", [Scope.THIS.value]) == [Scope.THIS.value]
        kept = self.typed.get("repeats") == [KEPT]
        other: dict[str, Any] = {
            "idempotency_key": uuid.uuid4().hex,
            "calendar": (self.typed.get("calendar") or [str(event.calendar_id)])[0],
            "etag": "",
            "base": "",
        }
        if kept or (event.series_remote_id and is_one):
            other["repeats"] = ""
        self.typed |= {name: [value] for name, value in other.items()}
        told = [(label, said(form, name, self.typed)) for name, label in _TOLD.items()]
        context = {
            "title": event.title,
            "told": [(label, words) for label, words in told if words not in _NOTHING],
            "has_guests": bool("".join(self.typed.get("guests", [])).strip()),
            "hidden": self._hidden(),
            "dialog_title": "This event was deleted meanwhile",
            "form_action": reverse("calendars:event_new"),
            "close_url": week_of(event.start_at, self.owner),
        }
        return answer(self.request, "event_gone", context, status=422)


_NOTHING = frozenset({"Nothing", "Nobody", "Does not repeat"})
_TOLD = {
    "title": "Title",
    "when": "Time",
    "repeats": "Repetition",
    "guests": "Guests",
    "place": "Place",
    "notes": "Notes",
}
