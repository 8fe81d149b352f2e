"""An event changed by two people at once: what each of them did, as values of the event's form.

Values are as a browser sends them: lists of texts by the field's name, an unticked box absent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django import forms

from calendars.addresses import local_day
from calendars.event_page import typed_span
from calendars.phrases import all_day_in_words, city_of, journey_in_words, span_in_words
from calendars.prose import as_text
from calendars.repeating import AFTER, CUSTOM, KEPT, ON, said_in_words
from calendars.wording import clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date

    from django.forms import BaseForm

    Values = Mapping[str, Sequence[str]]

# Fields that mean something only together.
TOGETHER: Final = {
    "when": ("day", "last_day", "start", "end", "zone", "end_zone", "all_day"),
    "notes": ("notes", "notes_html"),
    "repeats": (
        "repeats", "every", "unit", "on_days", "by", "stops", "stops_on", "times", "kept_rule",
    ),
}  # fmt: skip
NOT_ITS: Final = frozenset({"etag", "base", "idempotency_key", "scope", "calendar"})
NAMES: Final = {
    "when": "Time",
    "repeats": "Repetition",
    "title": "Title",
    "guests": "Guests",
    "place": "Place",
    "notes": "Notes",
    "busy": "Shows as",
    "hue": "Colour",
    "kind": "Kind",
}
# Of these a browser sends nothing where no other can be chosen.
MAYBE_UNSENT: Final = ("kind", "hue")
_LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Clash:
    """A part of the event that two people changed, each to something else; in words."""

    name: str
    label: str
    mine: str
    theirs: str
    is_mine_chosen: bool
    may_have_both: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """What the form says when both changes are put together.

    `clashes` are left to the person; until then `values` has their own. `taken` are the labels of
    what only the others changed.
    """

    values: dict[str, list[str]]
    clashes: tuple[Clash, ...]
    taken: tuple[str, ...]


def as_sent(form: BaseForm) -> dict[str, list[str]]:
    """What a browser would send of the form's initial values."""
    sent = {name: _sent(form, name) for name in form.fields if name not in NOT_ITS}
    return {**sent, "kept_rule": [str(form.initial.get("kept_rule", ""))]}


def _sent(form: BaseForm, name: str) -> list[str]:
    field = form.fields[name]
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if isinstance(field, forms.BooleanField):
        return ["on"] if value else []
    if isinstance(field, forms.MultipleChoiceField):
        return [str(one) for one in value or ()]
    if not isinstance(field.widget, forms.widgets.ChoiceWidget):
        value = field.widget.format_value(value)
    return [] if value is None else [str(value)]


def write_base(values: Values) -> str:
    """The values as one text, for a field that comes back with the form."""
    return json.dumps(values)


def read_base(text: str) -> dict[str, list[str]] | None:
    """The values that `write_base` wrote; None for anything else."""
    if not 0 < len(text) <= _LONGEST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    is_ours = all(
        isinstance(value, list) and all(isinstance(one, str) for one in value)
        for value in found.values()
    )
    return found if is_ours else None


def chosen(values: Values, base: Values, choices: Mapping[str, str]) -> dict[str, list[str]]:
    """The values with what was chosen where both had changed: `mine`, `theirs` or `both`.

    `base` are the others' values as the question showed them.
    """
    made = {name: list(value) for name, value in values.items()}
    for name, choice in choices.items():
        if choice == "theirs":
            _take(made, base, TOGETHER.get(name, (name,)))
        elif choice == "both" and name == "guests":
            made[name] = [", ".join(_both(_first(values, name), _first(base, name)))]
    return made


def merge(form: BaseForm, base: Values | None, mine: Values, theirs: Values) -> Merge:
    """Both changes together. Without a `base` nobody can tell who changed what: all is asked.

    `form` is the event's as it is now; its fields are what is compared.
    """
    made = {name: list(value) for name, value in mine.items()}
    # What was kept of the rule is not a field: it is as it came.
    made["kept_rule"] = list((base or theirs).get("kept_rule", ()))
    for name in MAYBE_UNSENT:
        made[name] = made.get(name) or list((base or theirs).get(name, ()))
    clashes, taken = [], []
    for name, parts in _groups(form).items():
        same = _SAME.get(name, _same_text)
        if same(made, theirs, parts):
            _take(made, theirs, parts)
        elif base is not None and same(made, base, parts):
            _take(made, theirs, parts)
            taken.append(_label(form, name))
        elif base is None or not same(base, theirs, parts):
            clashes.append(_clash(form, name, made, theirs, is_known=base is not None))
    return Merge(made, tuple(clashes), tuple(taken))


def _groups(form: BaseForm) -> dict[str, tuple[str, ...]]:
    together = {part for parts in TOGETHER.values() for part in parts}
    alone = [name for name in form.fields if name not in together | NOT_ITS]
    return {**TOGETHER, **{name: (name,) for name in alone}}


def _take(made: dict[str, list[str]], other: Values, parts: Collection[str]) -> None:
    for part in parts:
        made[part] = list(other.get(part, ()))


# --- Whether two mean the same ---


def _first(values: Values, name: str) -> str:
    found = values.get(name) or [""]
    return "\n".join(found[0].split("\r\n")).strip()


def _same_text(one: Values, other: Values, parts: Collection[str]) -> bool:
    return all(_first(one, part) == _first(other, part) for part in parts)


def _guests(text: str) -> list[str]:
    return [part.strip("<>\"'") for part in text.replace(";", ",").replace(",", " ").split()]


def _same_guests(one: Values, other: Values, parts: Collection[str]) -> bool:
    first, second = ({g.lower() for g in _guests(_first(v, "guests"))} for v in (one, other))
    return first == second


def _both(mine: str, theirs: str) -> list[str]:
    found = {address.lower(): address for address in [*_guests(mine), *_guests(theirs)]}
    return list(found.values())


def _when(values: Values) -> tuple[Any, ...]:
    day = _first(values, "day")
    if _first(values, "all_day"):
        return day, _first(values, "last_day") or day
    flat = {part: _first(values, part) for part in TOGETHER["when"]}
    return (flat["zone"], flat["end_zone"], typed_span(flat) or tuple(flat.values()))


def _same_when(one: Values, other: Values, parts: Collection[str]) -> bool:
    return _when(one) == _when(other)


def _repeats(values: Values) -> tuple[Any, ...]:
    choice, stops = _first(values, "repeats"), _first(values, "stops")
    if not choice:
        return ()
    if choice == KEPT:
        return KEPT, _first(values, "kept_rule")
    said: list[Any] = [choice, stops]
    if choice == CUSTOM:
        said += [_first(values, part) for part in ("every", "unit", "by")]
        said.append(sorted(values.get("on_days") or ()))
    ends = {ON: "stops_on", AFTER: "times"}.get(stops)
    return (*said, _first(values, ends)) if ends else tuple(said)


def _same_repeats(one: Values, other: Values, parts: Collection[str]) -> bool:
    return _repeats(one) == _repeats(other)


_SAME: Final[dict[str, Callable[[Values, Values, Collection[str]], bool]]] = {
    "when": _same_when,
    "repeats": _same_repeats,
    "guests": _same_guests,
}


# --- In words ---


def _label(form: BaseForm, name: str) -> str:
    return NAMES.get(name) or str(form.fields[name].label or name.replace("_", " ").capitalize())


def _clash(form: BaseForm, name: str, mine: Values, theirs: Values, *, is_known: bool) -> Clash:
    told = [said(form, name, values) for values in (mine, theirs)]
    if name == "when":
        told = _shortened(told, mine, theirs)
    has_guests = all(_first(values, name) for values in (mine, theirs))
    return Clash(
        name=name,
        label=_label(form, name),
        mine=told[0],
        theirs=told[1],
        is_mine_chosen=is_known,
        may_have_both=name == "guests" and has_guests,
    )


def said(form: BaseForm, name: str, values: Values) -> str:
    """A part of the event in words."""
    if name in _SAID:
        return _SAID[name](values)
    text, field = _first(values, name), form.fields[name]
    if isinstance(field, forms.BooleanField):
        return "Yes" if text else "No"
    if isinstance(field, forms.ChoiceField):
        return str(dict(_flat(field)).get(text, text)) or "None"
    return text or "Nothing"


def _flat(field: forms.ChoiceField) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for value, label in field.choices:  # type: ignore[union-attr, misc]
        inner = label if isinstance(label, list | tuple) else [(value, label)]
        found.extend((str(one), str(words)) for one, words in inner)
    return found


def _said_when(values: Values) -> str:
    day = local_day(_first(values, "day"))
    if _first(values, "all_day"):
        last = local_day(_first(values, "last_day")) or day
        return all_day_in_words(day, last) if day and last else _first(values, "day")
    flat = {part: _first(values, part) for part in TOGETHER["when"]}
    span = typed_span(flat)
    if span is None:
        return " ".join(part for part in (flat["day"], flat["start"], flat["end"]) if part)
    if flat["end_zone"]:
        return journey_in_words(span.start, span.end, _zone(values), _zone(values, "end_zone"))
    return span_in_words(span.start, span.end, _zone(values))


def _shortened(told: list[str], mine: Values, theirs: Values) -> list[str]:
    """Only the hours where both are on one day; the zone where it is not the same."""
    spans = [typed_span({p: _first(v, p) for p in TOGETHER["when"]}) for v in (mine, theirs)]
    zones = [_zone(values) for values in (mine, theirs)]
    if any(_first(values, "end_zone") for values in (mine, theirs)):
        return told
    if zones[0] != zones[1]:
        return [f"{words}, {city_of(zone.key)}" for words, zone in zip(told, zones, strict=True)]
    days: set[date] = set()
    hours = []
    for span in spans:
        if span is None:
            return told
        first, last = span.start.astimezone(zones[0]), span.end.astimezone(zones[0])
        days |= {first.date(), last.date()}
        hours.append(f"{clock(first)}\u2013{clock(last)}")
    return hours if len(days) == 1 else told


def _zone(values: Values, part: str = "zone") -> ZoneInfo:
    name = _first(values, part)
    return ZoneInfo(name if is_zone(name) else "UTC")


def _said_repeats(values: Values) -> str:
    if _first(values, "repeats") == KEPT:
        return _first(values, "kept_rule")
    flat: dict[str, Any] = {part: _first(values, part) for part in TOGETHER["repeats"]}
    flat["on_days"] = list(values.get("on_days") or ())
    words = said_in_words(flat, local_day(_first(values, "day")))
    return words or "Does not repeat"


def _said_notes(values: Values) -> str:
    return as_text(_first(values, "notes_html")) or _first(values, "notes") or "Nothing"


_SAID: Final[dict[str, Callable[[Values], str]]] = {
    "notes": _said_notes,
    "when": _said_when,
    "repeats": _said_repeats,
    "guests": lambda values: ", ".join(_guests(_first(values, "guests"))) or "Nobody",
    "busy": lambda values: "Busy" if _first(values, "busy") else "Free",
}
