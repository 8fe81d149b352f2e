"""The form of an event: what a person typed, and the draft it means."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from calendars.addresses import FIRST_YEAR, LAST_YEAR
from calendars.enums import Scope, Visibility
from calendars.phrases import city_of
from calendars.providers.base import UNSET, Attendee, EventDraft
from calendars.recurrence import rule_lines
from calendars.repeating import RepeatFields
from calendars.wording import day_and_month
from calendars.zone_select import ZoneSelect
from common.wallclock import starts_at, wall_clock
from conferencing.enums import Conference
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calendars.providers.base import Unset

ONE_DAY = timedelta(days=1)
MAX_GUESTS = 200
WHEN = frozenset({"day", "last_day", "start", "end", "zone", "all_day"})
_BETWEEN_GUESTS = re.compile(r"[\s,;]+")
_KEY = re.compile(r"[0-9a-f]{32}")
CALENDAR_REMINDERS = "default"
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


class EventForm(RepeatFields):
    """One event. `calendars` are the ones that may be written to: (account, [(id, name), …]).

    Of a series (`in_series`) it asks how much of it is meant.
    """

    title = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "title", "placeholder": "Title"}),
    )
    day = forms.DateField(
        label="Day",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "aria-label": "Day"}),
        error_messages=dict.fromkeys(("required", "invalid"), "Give a day such as 2026-11-19."),
    )
    start = forms.TimeField(
        label="Starts",
        required=False,
        widget=forms.TimeInput(
            format="%H:%M", attrs={"type": "time", "class": "bare", "aria-label": "Starts"}
        ),
        error_messages={"invalid": "Give a time such as 09:30."},
    )
    end = forms.TimeField(
        label="Ends",
        required=False,
        widget=forms.TimeInput(
            format="%H:%M", attrs={"type": "time", "class": "bare", "aria-label": "Ends"}
        ),
        error_messages={"invalid": "Give a time such as 10:30."},
    )
    zone = forms.CharField(label="Time zone", widget=ZoneSelect(attrs={"aria-label": "Time zone"}))
    last_day = forms.DateField(
        label="Last day",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Give a day such as 2026-11-20, or leave it empty."},
    )
    all_day = forms.BooleanField(label="All day", required=False)
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
    notes = forms.CharField(
        required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 4})
    )
    reminders = forms.ChoiceField(required=False, choices=REMINDERS)
    visibility = forms.ChoiceField(required=False, choices=Visibility.choices)
    busy = forms.BooleanField(label="Shows as busy", required=False)
    scope = forms.ChoiceField(
        label="What this changes",
        required=False,
        choices=SCOPES,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose what this changes."},
    )
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)
    etag = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)

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
        self.fields["zone"].widget.own = zones
        if calendars is None:
            del self.fields["calendar"]  # an event stays in its calendar
        else:
            self.fields["calendar"].choices = calendars  # type: ignore[attr-defined]
        if not in_series:
            del self.fields["scope"]
        self.offer_repeats()
        self._offer_reminders(str(initial.get("reminders", "")))

    def _offer_reminders(self, current: str) -> None:
        if current not in dict(REMINDERS):
            several = f"{current.replace(',', ', ')} min before"
            self.fields["reminders"].choices = [*REMINDERS, (current, several)]  # type: ignore[attr-defined]

    # --- What was typed ---

    def clean_day(self) -> date:
        return _plausible(self.cleaned_data["day"])

    def clean_last_day(self) -> date | None:
        last = self.cleaned_data["last_day"]
        return _plausible(last) if last else None

    def clean_zone(self) -> str:
        name: str = self.cleaned_data["zone"]
        if not is_zone(name):
            raise ValidationError("Choose a time zone from the list, for example Europe/Dublin.")
        return name

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
        if {"day", "last_day", "zone"} <= said.keys():
            if said.get("all_day"):
                self._read_days(said)
            elif {"start", "end"} <= said.keys():
                self._read_times(said)
            self.check_repeats(said)
        return said

    def _read_days(self, said: dict[str, Any]) -> None:
        last = said["last_day"] or said["day"]
        if last < said["day"]:
            self.add_error(
                "last_day", f"This is before the first day, {day_and_month(said['day'])}."
            )
            return
        said["starts"], said["ends"] = said["day"], last + ONE_DAY

    def _read_times(self, said: dict[str, Any]) -> None:
        missing = [name for name in ("start", "end") if said[name] is None]
        for name in missing:
            self.add_error(name, "Give a time, or tick All day.")
        if missing:
            return
        zone = ZoneInfo(said["zone"])
        first = datetime.combine(said["day"], said["start"])
        last = datetime.combine(said["last_day"] or said["day"], said["end"])
        if last <= first:
            self._say_backwards(first, last)
        elif not self._say_skipped({"start": first, "end": last}, zone):
            said["starts"] = starts_at(first, zone).astimezone(zone)
            said["ends"] = starts_at(last, zone).astimezone(zone)

    def _say_skipped(self, readings: Mapping[str, datetime], zone: ZoneInfo) -> bool:
        """Name each time that no clock in the zone reads that day; whether there was one."""
        skipped = {
            name: wall
            for name, wall in readings.items()
            if wall_clock(starts_at(wall, zone), zone) != wall
        }
        for name, wall in skipped.items():
            place, day = city_of(zone.key), day_and_month(wall)
            self.add_error(
                name, f"The clocks in {place} skip {wall:%H:%M} on {day}. Choose another time."
            )
        return bool(skipped)

    def _say_backwards(self, first: datetime, last: datetime) -> None:
        if last.date() < first.date():
            self.add_error("last_day", f"This is before the first day, {day_and_month(first)}.")
        elif last == first:
            self.add_error("end", f"This is the start itself, {first:%H:%M}.")
        else:
            self.add_error("end", f"This is before the start, {first:%H:%M}.")

    # --- What it means ---

    def to_draft(self) -> EventDraft:
        """The whole event, for creating it. Only after `is_valid()`."""
        said = self.cleaned_data
        return EventDraft(
            title=said["title"],
            description=said["notes"],
            location=said["place"],
            start=said["starts"],
            end=said["ends"],
            timezone=said["zone"],
            all_day=said["all_day"],
            attendees=tuple(Attendee(email=address) for address in said["guests"]),
            reminders=_minutes(said["reminders"]),
            visibility=said["visibility"] or Visibility.DEFAULT,
            busy=said["busy"],
            conference=Conference(said["conference"] or Conference.NONE),
            idempotency_key=said["idempotency_key"],
            recurrence=self._lines(said["zone"]) or UNSET,
        )

    def says_news(self) -> bool:
        """Whether anything was changed that is the event's."""
        not_its = {"etag", "idempotency_key", "scope", *RepeatFields.base_fields}
        return bool(set(self.changed_data) - not_its) or self.is_rule_changed()

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
        if moved and not changed & (WHEN - {"end", "last_day"}):
            start = starts
        return EventDraft(
            title=said["title"] if "title" in changed else UNSET,
            description=said["notes"] if "notes" in changed else UNSET,
            location=said["place"] if "place" in changed else UNSET,
            start=start if moved else UNSET,
            end=said["ends"] if moved else UNSET,
            timezone=said["zone"] if moved and not self._keeps_zone(changed) else UNSET,
            all_day=said["all_day"] if moved else UNSET,
            attendees=_guest_list(said["guests"], attendees) if "guests" in changed else UNSET,
            reminders=_minutes(said["reminders"]) if "reminders" in changed else UNSET,
            visibility=said["visibility"] if "visibility" in changed else UNSET,
            busy=said["busy"] if "busy" in changed else UNSET,
            conference=self._changed_conference(changed),
            recurrence=self._lines(self._series_zone()) if self.is_rule_changed() else UNSET,
        )

    def _series_zone(self) -> str:
        """The zone that a series goes by: its own, unless another one was chosen."""
        own = str(self.initial.get("series_zone", ""))
        return own if own and "zone" not in self.changed_data else str(self.cleaned_data["zone"])

    def _keeps_zone(self, changed: frozenset[str]) -> bool:
        """A series stays in its own zone, whatever zone the form shows its times in."""
        return "zone" not in changed and self.meant() != Scope.THIS

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


def _minutes(value: str) -> tuple[int, ...] | None:
    if value == CALENDAR_REMINDERS:
        return None
    return tuple(int(part) for part in value.split(",") if part)


def _plausible(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Choose a year between {FIRST_YEAR} and {LAST_YEAR}.")
    return day
