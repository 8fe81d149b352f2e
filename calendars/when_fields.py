"""The part of an event's form that says when: days, times, and the zones they are read in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from calendars.addresses import FIRST_YEAR, LAST_YEAR
from calendars.phrases import city_of
from calendars.wording import day_and_month
from calendars.zone_select import ZoneSelect
from common.wallclock import starts_at, wall_clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE_DAY: Final = timedelta(days=1)
WHEN: Final = frozenset({"day", "last_day", "start", "end", "zone", "end_zone", "all_day"})


class WhenFields(forms.Form):
    """A start and an end, each in a zone, or a first and a last day."""

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
    end_zone = forms.CharField(
        label="Ends in",
        required=False,
        widget=ZoneSelect(attrs={"aria-label": "Time zone of the end"}),
    )
    last_day = forms.DateField(
        label="Last day",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "aria-label": "Last day"}),
        error_messages={"invalid": "Give a day such as 2026-11-20, or leave it empty."},
    )
    all_day = forms.BooleanField(label="All day", required=False)

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

    def clean_end_zone(self) -> str:
        """Blank when the end is in the zone of the start."""
        name: str = self.cleaned_data["end_zone"]
        if name and not is_zone(name):
            raise ValidationError("Choose a time zone from the list, for example Europe/Dublin.")
        return "" if name == self.cleaned_data.get("zone") else name

    def read_when(self, said: dict[str, Any]) -> None:
        """Put `starts` and `ends` (aware times, or dates with the end exclusive) beside the rest,
        or say beside the field what cannot be.
        """
        said["last_day"] = self._last_day(said)
        if said.get("all_day"):
            self._read_days(said)
        elif {"start", "end"} <= said.keys():
            self._read_times(said)

    def _read_days(self, said: dict[str, Any]) -> None:
        if said["last_day"] < said["day"]:
            self.add_error(
                "last_day", f"This is before the first day, {day_and_month(said['day'])}."
            )
            return
        said["starts"], said["ends"] = said["day"], said["last_day"] + ONE_DAY

    def _last_day(self, said: Mapping[str, Any]) -> date:
        """The last day, the first one when none is given.

        One that was left standing while the first day went beyond it follows.
        """
        last: date = said["last_day"] or said["day"]
        first, former = self.initial.get("day"), self.initial.get("last_day")
        if not isinstance(first, date) or not isinstance(former, date):
            return last
        day: date = said["day"]
        return day + (former - first) if last == former and last < day else last

    def _read_times(self, said: dict[str, Any]) -> None:
        missing = [name for name in ("start", "end") if said[name] is None]
        for name in missing:
            self.add_error(name, "Give a time, or tick All day.")
        if missing:
            return
        zone = ZoneInfo(said["zone"])
        end_zone = ZoneInfo(said["end_zone"] or said["zone"])
        first = datetime.combine(said["day"], said["start"])
        last = datetime.combine(said["last_day"], said["end"])
        if not said["end_zone"] and last <= first:
            self._say_backwards(first, last)
        elif not self._say_skipped({"start": (first, zone), "end": (last, end_zone)}):
            said["starts"] = starts_at(first, zone).astimezone(zone)
            said["ends"] = starts_at(last, end_zone).astimezone(end_zone)
            if said["end_zone"] and starts_at(last, end_zone) <= starts_at(first, zone):
                self._say_too_early(said)

    def _say_too_early(self, said: dict[str, Any]) -> None:
        """Two zones have two clocks: what counts is which instant comes first."""
        ends, place = said.pop("ends"), city_of(said["zone"])
        start = said.pop("starts")
        reads = f"{ends.astimezone(start.tzinfo):%H:%M} in {place}"
        self.add_error("end", f"That is {reads}, and not after the start, {start:%H:%M}.")

    def _say_skipped(self, readings: Mapping[str, tuple[datetime, ZoneInfo]]) -> bool:
        """Name each time that no clock in its zone reads that day; whether there was one."""
        skipped = {
            name: (wall, zone)
            for name, (wall, zone) in readings.items()
            if wall_clock(starts_at(wall, zone), zone) != wall
        }
        for name, (wall, zone) in skipped.items():
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


def _plausible(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Choose a year between {FIRST_YEAR} and {LAST_YEAR}.")
    return day
