"""The form of an event: what a person typed, and the draft it means."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import cached_property

from calendars.enums import EventKind, Hue, Scope, Visibility
from calendars.providers.base import UNSET, Attendee, EventColour, EventDraft
from calendars.providers.markup import compact
from calendars.recurrence import rule_lines
from calendars.repeating import RepeatFields
from calendars.when_fields import WHEN, WhenFields
from common.form_fields import LinesField
from common.wallclock import wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calendars.providers.base import Unset

MAX_GUESTS = 200
_BETWEEN_GUESTS = re.compile(r"[\s,;]+")
_KEY = re.compile(r"[0-9a-f]{32}")
CALENDAR_REMINDERS = "default"
CALENDAR_COLOUR = "calendar"
REMINDERS = (
    (CALENDAR_REMINDERS, "As the calendar does"),
    ("", "None"),
    ("0", "At the start"),
    ("5", "5 min before"),
    ("10", "10 min before"),
    ("15", "15 min before"),
    ("30", "30 min before"),
    ("60", "1 h before"),
    ("1440", "1 day before"),
)

SCOPES = (
    (Scope.THIS, "This event"),
    (Scope.FOLLOWING, "This and the following"),
    (Scope.ALL, "All events"),
)


class EventForm(WhenFields, RepeatFields):
    """One event. `calendars` are the ones that may be written to: (account, [(id, name), …]).

    Of a series (`in_series`) it asks how much of it is meant.
    """

    title = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "title", "placeholder": "Title"}),
    )
    conference = forms.ChoiceField(
        label="Meeting link",
        choices=Conference.choices,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose a meeting link, or None."
        ),
    )
    calendar = forms.ChoiceField(
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose a calendar that you may write to."
        ),
    )
    guests = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 1, "class": "grow", "autocomplete": "off"}),
    )
    place = forms.CharField(required=False, max_length=1000)
    notes = LinesField(required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 4}))
    # What the editor of a browser with scripts holds, once something was changed in it.
    notes_html = forms.CharField(required=False, max_length=60_000, widget=forms.HiddenInput)
    reminders = forms.ChoiceField(required=False, choices=REMINDERS)
    visibility = forms.ChoiceField(required=False, choices=Visibility.choices)
    busy = forms.BooleanField(label="Shows as busy", required=False)
    # Of these two a browser sends nothing where every choice but the event's own is refused.
    kind = forms.ChoiceField(required=False, choices=EventKind.choices)
    hue = forms.ChoiceField(
        required=False, choices=[(CALENDAR_COLOUR, "As the calendar"), *Hue.choices]
    )
    scope = forms.ChoiceField(
        label="What this changes",
        required=False,
        choices=SCOPES,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose what this changes."},
    )
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)
    etag = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)
    # What the form came with, to tell what was changed here from what was changed elsewhere.
    base = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any],
        calendars: Sequence[tuple[str, Sequence[tuple[str, str]]]] | None,
        zones: Sequence[tuple[str, str]],
        in_series: bool = False,
    ) -> None:
        super().__init__(data, initial={"idempotency_key": uuid.uuid4().hex, **initial})
        for name in ("zone", "end_zone"):
            self.fields[name].widget.own = zones
        self.fields["end_zone"].widget.blank = "The same time zone"
        if calendars is None:
            del self.fields["calendar"]  # an event stays in its calendar
        else:
            self.fields["calendar"].choices = calendars  # type: ignore[attr-defined]
            if in_series:
                self.fields["calendar"].help_text = "A series moves as a whole, with All events."
        if not in_series:
            del self.fields["scope"]
        self.offer_repeats()
        self._offer_reminders(str(initial.get("reminders", "")))

    def _offer_reminders(self, current: str) -> None:
        if current not in dict(REMINDERS):
            several = f"{current.replace(',', ', ')} min before"
            self.fields["reminders"].choices = [*REMINDERS, (current, several)]  # type: ignore[attr-defined]

    # --- What was typed ---

    def clean_guests(self) -> tuple[str, ...]:
        """Every address once, as typed first. Each wrong one is named."""
        found: dict[str, str] = {}
        wrong = []
        for typed in _BETWEEN_GUESTS.split(self.cleaned_data["guests"]):
            address = typed.strip("<>\"'")
            if not address:
                continue
            try:
                validate_email(address)
            except ValidationError:
                wrong.append(f"“{typed}” is not an e-mail address.")
            else:
                found.setdefault(address.lower(), address)
        if wrong:
            raise ValidationError(wrong)
        if len(found) > MAX_GUESTS:
            raise ValidationError(f"At most {MAX_GUESTS} guests can be invited at once.")
        return tuple(found.values())

    def clean_idempotency_key(self) -> str:
        """The key the page came with, so that a second press makes no second event."""
        key: str = self.cleaned_data["idempotency_key"]
        return key if _KEY.fullmatch(key) else uuid.uuid4().hex

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if {"day", "last_day", "zone", "end_zone"} <= said.keys():
            self.read_when(said)
            self.check_repeats(said)
        return said

    # --- What it means ---

    def to_draft(self) -> EventDraft:
        """The whole event, for creating it. Only after `is_valid()`."""
        said = self.cleaned_data
        return EventDraft(
            title=said["title"],
            description=self._description(),
            location=said["place"],
            start=said["starts"],
            end=said["ends"],
            timezone=said["zone"],
            end_timezone=said["end_zone"] or UNSET,
            all_day=said["all_day"],
            attendees=tuple(Attendee(email=address) for address in said["guests"]),
            reminders=_minutes(said["reminders"]),
            visibility=said["visibility"] or Visibility.DEFAULT,
            busy=said["busy"],
            colour=_colour(said["hue"]) or UNSET,
            kind=EventKind(said["kind"] or EventKind.NORMAL),
            conference=Conference(said["conference"] or Conference.NONE),
            idempotency_key=said["idempotency_key"],
            recurrence=self._lines(said["zone"]) or UNSET,
        )

    def says_news(self) -> bool:
        """Whether anything was changed that is the event's."""
        not_its = {"etag", "base", "idempotency_key", "scope", "calendar"}
        not_its |= set(RepeatFields.base_fields)
        return bool(set(self.changed_data) - not_its) or self.is_rule_changed()

    def moves_to(self) -> UUID | None:
        """The other calendar that the event is to go to."""
        return UUID(self.cleaned_data["calendar"]) if "calendar" in self.changed_data else None

    def meant(self) -> Scope:
        """How much of its series the change is for."""
        return Scope(self.cleaned_data.get("scope") or Scope.THIS)

    def _lines(self, zone_name: str) -> tuple[str, ...]:
        """The rule as lines, none when it does not repeat."""
        zone = ZoneInfo(zone_name)
        start = self.cleaned_data["starts"]
        first = wall_clock(start, zone) if isinstance(start, datetime) else start
        rule = self.rule_said(first)
        return () if rule is None else rule_lines(rule, first, zone)

    def to_changes(self, *, attendees: Iterable[Attendee], starts: datetime | date) -> EventDraft:
        """Only what differs from the form's initial values, for changing an event.

        `attendees` are those the event has: who stays keeps name and answer. `starts` is the
        event's own start, kept exactly when only its end moved: of the two readings of a repeated
        hour the form can show but one.
        """
        said = self.cleaned_data
        changed = frozenset(self.changed_data)
        moved = bool(WHEN & changed)
        start = said["starts"]
        only_end = moved and not changed & (WHEN - {"end", "end_zone", "last_day"})
        if only_end and not said["all_day"]:
            start = starts
        return EventDraft(
            title=said["title"] if "title" in changed else UNSET,
            description=self._description() if changed & {"notes", "notes_html"} else UNSET,
            location=said["place"] if "place" in changed else UNSET,
            start=start if moved else UNSET,
            end=said["ends"] if moved else UNSET,
            timezone=said["zone"] if moved and not self._keeps_zone(changed) else UNSET,
            end_timezone=self._changed_end_zone() if moved else UNSET,
            all_day=said["all_day"] if moved else UNSET,
            attendees=_guest_list(said["guests"], attendees) if "guests" in changed else UNSET,
            reminders=_minutes(said["reminders"]) if "reminders" in changed else UNSET,
            visibility=said["visibility"] if "visibility" in changed else UNSET,
            busy=said["busy"] if "busy" in changed else UNSET,
            colour=_colour(said["hue"]) if "hue" in changed else UNSET,
            kind=EventKind(said["kind"]) if "kind" in changed else UNSET,
            conference=self._changed_conference(changed),
            recurrence=self._lines(self._series_zone()) if self.is_rule_changed() else UNSET,
        )

    def _description(self) -> str:
        """What was written, with its formatting where there was an editor for it."""
        rich = str(self.cleaned_data["notes_html"])
        return compact(rich) if rich else str(self.cleaned_data["notes"])

    def _series_zone(self) -> str:
        """The zone that a series goes by: its own, unless another one was chosen."""
        own = str(self.initial.get("series_zone", ""))
        return own if own and "zone" not in self.changed_data else str(self.cleaned_data["zone"])

    def _keeps_zone(self, changed: frozenset[str]) -> bool:
        """A series stays in its own zone, whatever zone the form shows its times in."""
        return "zone" not in changed and self.meant() != Scope.THIS

    def _changed_end_zone(self) -> str | Unset | None:
        """None takes an end's own zone away; an event that has had none need not be told."""
        wanted: str = self.cleaned_data["end_zone"]
        return wanted or (None if self.initial.get("end_zone") else UNSET)

    @cached_property
    def changed_data(self) -> list[str]:
        """Without what is not sent because it cannot be chosen, or says what stood there."""
        found: list[str] = super().changed_data
        same = {name for name in ("kind", "hue") if not self.data.get(name)}
        if self.initial.get("last_day") == self.initial.get("day"):
            same |= {name for name in ("last_day",) if not self.data.get(name)}
        return [name for name in found if name not in same]

    def _changed_conference(self, changed: frozenset[str]) -> Conference | Unset:
        wanted = self.cleaned_data["conference"]
        return Conference(wanted or Conference.NONE) if "conference" in changed else UNSET


def guests_of(attendees: Iterable[Attendee]) -> str:
    """The guests as the form shows them: everybody but the account itself and the organiser."""
    return ", ".join(a.email for a in attendees if not (a.is_self or a.is_organizer))


def _guest_list(typed: Sequence[str], known: Iterable[Attendee]) -> tuple[Attendee, ...]:
    by_email = {attendee.email.lower(): attendee for attendee in known}
    hosts = tuple(a for a in by_email.values() if a.is_self or a.is_organizer)
    guests = tuple(
        by_email.get(address.lower(), Attendee(email=address))
        for address in typed
        if by_email.get(address.lower()) not in hosts
    )
    return hosts + guests


def _colour(chosen: str) -> EventColour | None:
    return EventColour(Hue(chosen)) if chosen and chosen != CALENDAR_COLOUR else None


def _minutes(value: str) -> tuple[int, ...] | None:
    if value == CALENDAR_REMINDERS:
        return None
    return tuple(int(part) for part in value.split(",") if part)
