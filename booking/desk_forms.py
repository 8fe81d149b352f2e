"""The small forms with which staff change a meeting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from booking.booker import MAX_TEXT, clean_start
from common.errors import InvalidInput
from common.wallclock import starts_at

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

OTHER = "other"
MAX_REASON = 300


class ChangeForm(forms.Form):
    """Every change says of which version of the meeting it was thought."""

    sequence = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class MessageForm(ChangeForm):
    """A change that is told with a few words."""

    message = forms.CharField(
        label="Message to the guest",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TimeChoice(forms.Form):
    """One of the open times, or another one on the reader's clock with the reason for it."""

    start = forms.CharField(required=False, label="Time")
    day = forms.DateField(
        required=False, label="Day", widget=forms.DateInput(attrs={"type": "date"})
    )
    time = forms.TimeField(
        required=False, label="Time", widget=forms.TimeInput(attrs={"type": "time"})
    )
    overriding = forms.CharField(
        required=False,
        label="Why rules are set aside",
        max_length=MAX_REASON,
        help_text="Needed where hours, notice or a limit say no. It is kept with the meeting.",
    )

    def chosen_start(self, zone: ZoneInfo) -> datetime:
        """The instant (UTC) chosen. Raises InvalidInput naming `start`, `day` or `time`."""
        said = self.cleaned_data["start"]
        if said and said != OTHER:
            return clean_start(said)
        day, time = self.cleaned_data["day"], self.cleaned_data["time"]
        if said != OTHER and day is None and time is None:
            raise InvalidInput("start", "Choose one of the open times, or another time.")
        if day is None:
            raise InvalidInput("day", "Give the day, for example 2026-11-26.")
        if time is None:
            raise InvalidInput("time", "Give the time, for example 14:30.")
        wall = datetime.combine(day, time)
        if not 2000 <= wall.year <= 2200:
            raise InvalidInput("day", "Give the day, for example 2026-11-26.")
        return starts_at(wall, zone)


class MoveForm(TimeChoice, MessageForm):
    """Another time for a meeting."""

    minutes = forms.IntegerField(
        label="Length in minutes", required=False, min_value=5, max_value=1440
    )

    def length(self) -> timedelta | None:
        minutes = self.cleaned_data["minutes"]
        return timedelta(minutes=minutes) if minutes else None


class ReassignForm(MessageForm):
    """Somebody else for a meeting."""

    to = forms.UUIDField(label="Hand over to", error_messages={"required": "Choose who takes it."})
    overriding = forms.CharField(
        required=False,
        label="Why their hours are set aside",
        max_length=MAX_REASON,
        help_text="Needed where the time is outside their hours. It is kept with the meeting.",
    )


def put_refusal(form: forms.Form, error: InvalidInput) -> None:
    """Show a service's refusal at its field, or on top where the form has no such field."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, ValidationError(error.message))


def given(form: forms.Form, *names: str) -> dict[str, Any]:
    """Those of the cleaned values."""
    return {name: form.cleaned_data[name] for name in names}
