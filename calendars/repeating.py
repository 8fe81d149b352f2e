"""How an event repeats, as a form asks for it: a choice, and fields for whatever it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django import forms

from calendars.addresses import local_day
from calendars.recurrence import MOST_TIMES, Frequency, Kept, Rule, ends_on, rule_of, sentence
from calendars.recurrence.rules import WORKDAYS
from calendars.wording import WEEKDAYS, day_and_month

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOM, KEPT = "custom", "kept"
NEVER, ON, AFTER = "never", "on", "after"
MOST_BETWEEN: Final = 99
_UNITS: Final = (
    ("DAILY", "days"),
    ("WEEKLY", "weeks"),
    ("MONTHLY", "months"),
    ("YEARLY", "years"),
)
_ENDS: Final = ((NEVER, "Never"), (ON, "On"), (AFTER, "After"))
_OF_CUSTOM: Final = frozenset({"every", "unit", "on_days", "by"})
_OF_END: Final = {ON: frozenset({"stops_on"}), AFTER: frozenset({"times"})}
_BLANK: Final[dict[str, Any]] = {
    "repeats": "",
    "every": 1,
    "unit": "WEEKLY",
    "on_days": [],
    "by": "day",
    "stops": NEVER,
    "stops_on": None,
    "times": None,
}
_PLAIN: Final = {
    "daily": (Frequency.DAILY, False),
    "weekly": (Frequency.WEEKLY, False),
    "month_day": (Frequency.MONTHLY, False),
    "month_nth": (Frequency.MONTHLY, True),
    "yearly": (Frequency.YEARLY, False),
}


class RepeatFields(forms.Form):
    """The part of an event's form that says how it repeats."""

    repeats = forms.ChoiceField(
        label="Repeats",
        required=False,
        widget=forms.Select(attrs={"class": "auto"}),
        error_messages={"invalid_choice": "Choose how it repeats."},
    )
    every = forms.IntegerField(
        label="Every",
        required=False,
        min_value=1,
        max_value=MOST_BETWEEN,
        widget=forms.NumberInput(attrs={"class": "auto", "inputmode": "numeric"}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Give a number from 1 to {MOST_BETWEEN}."
        ),
    )
    unit = forms.ChoiceField(
        label="Unit",
        required=False,
        choices=_UNITS,
        widget=forms.Select(attrs={"class": "auto", "aria-label": "Unit"}),
    )
    on_days = forms.MultipleChoiceField(
        label="On",
        required=False,
        choices=[(str(number), name[:3]) for number, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    by = forms.ChoiceField(
        label="In a month", required=False, widget=forms.Select(attrs={"class": "auto"})
    )
    stops = forms.ChoiceField(
        label="Stops repeating", required=False, choices=_ENDS, widget=forms.RadioSelect
    )
    stops_on = forms.DateField(
        label="Repeats until",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(
            format="%Y-%m-%d",
            attrs={"type": "date", "class": "auto", "aria-label": "Repeats until"},
        ),
        error_messages={"invalid": "Give a day such as 2026-12-18."},
    )
    times = forms.IntegerField(
        label="Number of times",
        required=False,
        min_value=1,
        max_value=MOST_TIMES,
        widget=forms.NumberInput(
            attrs={"class": "auto", "aria-label": "Number of times", "inputmode": "numeric"}
        ),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Give a number from 1 to {MOST_TIMES}."
        ),
    )

    def offer_repeats(self) -> None:
        """Name the choices by the day that the form stands at. After `super().__init__`."""
        day = self._day_shown()
        kept = str(self.initial.get("kept_rule", ""))
        choices = [
            ("", "Does not repeat"),
            *((name, sentence(rule, day, _UTC)) for name, rule in _presets(day)),
            (CUSTOM, "Custom"),
        ]
        if kept:
            choices.insert(1, (KEPT, kept))
        self.fields["repeats"].choices = choices  # type: ignore[attr-defined]
        by_nth = sentence(rule_of(Frequency.MONTHLY, day, nth=True), day, _UTC)
        self.fields["by"].choices = [  # type: ignore[attr-defined]
            ("day", f"on day {day.day}"),
            ("nth", by_nth.removeprefix("Monthly ")),
        ]

    def _day_shown(self) -> date:
        typed = self.data.get("day") if self.is_bound else self.initial.get("day")
        found = typed if isinstance(typed, date) else local_day(str(typed or ""))
        return found or date(2026, 1, 1)

    def check_repeats(self, said: dict[str, Any]) -> None:
        """What has to be said beside the choice. In `clean`, when the day is known."""
        if not said.get("repeats") or said["repeats"] == KEPT:
            return
        stops = said.get("stops") or NEVER
        last = said.get("stops_on")
        if stops == ON and "stops_on" not in self.errors:
            if last is None:
                self.add_error("stops_on", "Give the last day.")
            elif last < said["day"]:
                self.add_error(
                    "stops_on", f"This is before the first day, {day_and_month(said['day'])}."
                )
        if stops == AFTER and said.get("times") is None and "times" not in self.errors:
            self.add_error("times", "Say how many times.")

    def rule_said(self, start: date) -> Rule | None:
        """The rule that was chosen, for a series that begins then; None without one."""
        return rule_from(self.cleaned_data, start)

    def is_rule_changed(self) -> bool:
        """Whether the person chose another rule than the form came with."""
        said = self.cleaned_data
        relevant = {"repeats"}
        if said["repeats"] == CUSTOM:
            relevant |= _OF_CUSTOM
        if said["repeats"] and said["repeats"] != KEPT:
            relevant |= {"stops"} | _OF_END.get(said["stops"], frozenset())
        return bool(relevant & set(self.changed_data))


_UTC: Final = ZoneInfo("UTC")


def _presets(day: date) -> list[tuple[str, Rule]]:
    """What the select offers for an event on that day."""
    weekdays = rule_of(Frequency.WEEKLY, day, weekdays=WORKDAYS)
    presets = [(name, rule_of(kind, day, nth=nth)) for name, (kind, nth) in _PLAIN.items()]
    if day.weekday() in WORKDAYS:
        presets.insert(1, ("weekdays", weekdays))
    if (day + timedelta(days=1)).day == 1:
        presets.insert(-1, ("month_last", Rule(Frequency.MONTHLY, month_day=-1)))
    return presets


def rule_from(said: Mapping[str, Any], start: date) -> Rule | None:
    """The rule that the fields say; None for none, for one that is kept, and for nonsense."""
    choice = said.get("repeats") or ""
    preset = dict(_presets(start)).get(choice)
    if choice == CUSTOM:
        preset = _custom(said, start)
    if preset is None:
        return None
    stops = said.get("stops")
    if stops == ON:
        return replace(preset, until=said.get("stops_on"))
    return replace(preset, count=said.get("times") if stops == AFTER else None)


def _custom(said: Mapping[str, Any], start: date) -> Rule:
    frequency = Frequency(said.get("unit") or Frequency.WEEKLY)
    rule = rule_of(frequency, start, nth=said.get("by") == "nth")
    days = tuple(sorted(int(day) for day in said.get("on_days") or ()))
    if frequency is Frequency.WEEKLY and days:
        rule = replace(rule, weekdays=days)
    return replace(rule, interval=said.get("every") or 1)


def repeat_initial(rule: Rule | Kept | None, day: date, zone: ZoneInfo) -> dict[str, Any]:
    """The fields' values for a series that has an event on that day of its zone."""
    if rule is None:
        return dict(_BLANK)
    if isinstance(rule, Kept):
        return {**_BLANK, "repeats": KEPT, "kept_rule": sentence(rule, day, zone)}
    shape = _shape(rule, day)
    if shape is None:
        return {**_BLANK, "repeats": KEPT, "kept_rule": sentence(rule, day, zone)}
    last = ends_on(rule, zone)
    stops = AFTER if rule.count is not None else ON if last is not None else NEVER
    return {**_BLANK, **shape, "stops": stops, "stops_on": last, "times": rule.count}


def _shape(rule: Rule, day: date) -> dict[str, Any] | None:
    """The choice that says the rule, or the custom fields that do; None when nothing does."""
    bare = replace(rule, until=None, count=None, week_start=0)
    bare = _filled(bare, day)
    for name, preset in _presets(day):
        if preset == bare:
            return {"repeats": name}
    custom: dict[str, Any] = {"every": rule.interval, "unit": str(rule.frequency)}
    custom |= {"on_days": [str(one) for one in bare.weekdays], "by": "nth" if rule.nth else "day"}
    if rule.frequency is not Frequency.WEEKLY:
        custom["on_days"] = []
    is_said = _custom(custom, day) == bare
    return {"repeats": CUSTOM, **custom} if is_said else None


def _filled(rule: Rule, day: date) -> Rule:
    """The rule with what it leaves to its first start."""
    plain = rule_of(rule.frequency, day)
    if not (rule.weekdays or rule.month_day):
        rule = replace(rule, weekdays=plain.weekdays, month_day=plain.month_day)
    return rule if rule.month else replace(rule, month=plain.month)


def said_in_words(said: Mapping[str, Any], start: date | None) -> str:
    """The rule that half-filled fields say so far, as a sentence; blank for none."""
    if start is None:
        return ""
    given = dict(said)
    given["every"] = _number(said.get("every"))
    given["times"] = _number(said.get("times"))
    last = said.get("stops_on")
    given["stops_on"] = last if isinstance(last, date) else local_day(str(last or ""))
    if said.get("unit") not in dict(_UNITS):
        given["unit"] = Frequency.WEEKLY.value
    given["on_days"] = [day for day in said.get("on_days") or () if str(day).isdigit()]
    rule = rule_from(given, start)
    return "" if rule is None else sentence(rule, start, _UTC)


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 4 else None
