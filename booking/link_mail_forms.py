"""The part of a link's form that says what is mailed before and after its meetings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from booking.ahead import LEAST_MINUTES, MOST_MINUTES, MOST_REMINDERS, length_words
from booking.own_text import check_text
from common.errors import InvalidInput
from common.form_fields import LinesField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from booking.models import BookingLink
    from booking.services.links import LinkData

_DAY: Final = 24 * 60
_USUAL: Final = (7 * _DAY, 2 * _DAY, _DAY, 4 * 60, 60, 15)
_UNITS: Final = [("1", "minutes"), ("60", "hours"), (str(_DAY), "days")]
_RANGE: Final = "Give a time from 5 minutes to 30 days."
_MOST_DIGITS: Final = 6
_MOST_TEXT: Final = 2000


def _number(label: str, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=MOST_MINUTES,
        widget=forms.NumberInput(attrs={"class": "auto", "inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _RANGE),
        **options,
    )


def _unit(label: str, initial: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=_UNITS,
        initial=initial,
        widget=forms.Select(attrs={"class": "auto", "aria-label": label}),
    )


class LinkMailsForm(forms.Form):
    """Reminders and follow-up. A time of one's own is added to those to choose from."""

    reminders = forms.MultipleChoiceField(
        label="Remind bookers and guests by e-mail",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Before the start; five at most. Meetings that are booked already follow, and "
        "calendar files remind at the same times.",
    )
    reminder_number = _number("Another time before")
    reminder_unit = _unit("Counted in", "60")
    reminders_to_owner = forms.BooleanField(
        label="Remind whoever the meeting is with, too", required=False
    )
    follow_up_text = LinesField(
        label="Follow-up to the booker",
        required=False,
        max_length=_MOST_TEXT,
        error_messages={"max_length": f"Use at most {_MOST_TEXT} characters."},
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Empty: none is sent. Not after a no-show. {{ name }}, {{ host }}, {{ title }} "
        "and {{ date }} are replaced.",
    )
    follow_up_number = _number("Sent after the end")
    follow_up_unit = _unit("Counted in", "60")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = [str(one) for one in self.initial.get("reminders", ())]
        if isinstance(self.data, QueryDict):
            chosen += self.data.getlist("reminders")
        known = {*_USUAL, *_minutes_in(chosen)}
        offered = self.fields["reminders"]
        assert isinstance(offered, forms.MultipleChoiceField)
        offered.choices = [
            (str(minutes), length_words(minutes)) for minutes in sorted(known, reverse=True)
        ]

    def clean_follow_up_text(self) -> str:
        """What the service will say of it, here, so that every fault is told at once."""
        try:
            return check_text(self.cleaned_data["follow_up_text"], "follow_up_text", _MOST_TEXT)
        except InvalidInput as error:
            raise ValidationError(error.message) from error

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or self.cleaned_data
        wanted = {int(one) for one in given.get("reminders", ())}
        if given.get("reminder_number"):
            wanted.add(self._length("reminder"))
        if len(wanted) > MOST_REMINDERS:
            self.add_error("reminders", f"Choose at most {MOST_REMINDERS} reminders.")
        given["reminders"] = wanted
        if given.get("follow_up_number"):
            given["follow_up_minutes"] = self._length("follow_up")
        elif self._has_follow_up() and "follow_up_number" not in self.errors:
            self.add_error("follow_up_number", "Say how long after the end it is sent.")
        return given

    def mails_given(self) -> dict[str, Any]:
        """What the service takes of it."""
        given = self.cleaned_data
        found = {
            "reminders": tuple(given["reminders"]),
            "reminders_to_owner": given["reminders_to_owner"],
            "follow_up_text": given["follow_up_text"],
        }
        if "follow_up_minutes" in given:
            found["follow_up_minutes"] = given["follow_up_minutes"]
        return found

    def shows_mails(self) -> bool:
        """Whether a fault stands in this part, which is folded away at first."""
        return any(name in LinkMailsForm.base_fields for name in self.errors)

    def _has_follow_up(self) -> bool:
        return bool(self.cleaned_data.get("follow_up_text")) or "follow_up_text" in self.errors

    def _length(self, name: str) -> int:
        given = self.cleaned_data
        minutes = int(given[f"{name}_number"]) * int(given.get(f"{name}_unit") or 1)
        if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
            self.add_error(f"{name}_number", ValidationError(_RANGE))
        return minutes


def mail_values(source: BookingLink | LinkData) -> dict[str, Any]:
    """A link's settings as this part's first values."""
    minutes = source.follow_up_minutes
    size = next(size for size in (_DAY, 60, 1) if minutes % size == 0)
    return {
        "reminders": [str(one) for one in source.reminders],
        "reminders_to_owner": source.reminders_to_owner,
        "follow_up_text": source.follow_up_text,
        "follow_up_number": minutes // size,
        "follow_up_unit": str(size),
    }


def typed_mail_values(sent: Mapping[str, str]) -> dict[str, Any]:
    """This part as it was typed, right or wrong."""
    values: dict[str, Any] = {name: sent.get(name, "") for name in LinkMailsForm.base_fields}
    if isinstance(sent, QueryDict):
        values["reminders"] = [str(one) for one in _minutes_in(sent.getlist("reminders"))]
    return values


def _minutes_in(raw: Iterable[str]) -> list[int]:
    """The numbers among them that a reminder can have."""
    short = [one for one in raw if one.isascii() and one.isdigit() and len(one) <= _MOST_DIGITS]
    return [int(one) for one in short if LEAST_MINUTES <= int(one) <= MOST_MINUTES]
