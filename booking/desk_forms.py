"""The small forms with which staff change a meeting."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from booking.booker import MAX_NAME, MAX_TEXT, clean_start
from booking.forms import ANSWER, GuestsForm
from booking.questions import Question, QuestionKind
from calendars.people import addresses_in
from common.errors import InvalidInput
from common.form_fields import LinesField
from common.wallclock import starts_at
from conferencing.enums import Conference

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

OTHER = "other"
MAX_REASON = 300
_LENGTH_WORDS = "Give the length in minutes, for example 30."
_BETWEEN = re.compile(r"[,;\n]")
_NAMED = re.compile(r'"?(?P<name>[^"<]*)"?<(?P<email>[^<>\s]+)>')
_KEY = re.compile(r"[0-9a-f]{32}")


class ChangeForm(forms.Form):
    """Every change says of which version of the meeting it was thought."""

    sequence = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class MessageForm(ChangeForm):
    """A change that is told with a few words."""

    message = LinesField(
        label="Message to the guest",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StaffGuestsForm(GuestsForm, MessageForm):
    """Who comes along to a meeting."""


class ChosenForm(forms.Form):
    """Several meetings called off together."""

    tells_guests = forms.BooleanField(label="Tell the guests by mail", required=False)
    message = LinesField(
        label="Message to the guests",
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


class NewMeetingForm(TimeChoice):
    """A meeting that staff book for somebody."""

    owner = forms.UUIDField(label="With", error_messages={"required": "Choose with whom."})
    link = forms.UUIDField(label="Booking link", required=False)
    minutes = forms.IntegerField(
        label="Length in minutes",
        min_value=5,
        max_value=1440,
        error_messages=dict.fromkeys(("required", "invalid"), _LENGTH_WORDS),
    )
    who = LinesField(
        label="Guest",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 1}),
        error_messages={"required": "Name the guest by their address."},
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=MAX_NAME,
        help_text="Only for somebody new; known people keep theirs.",
    )
    title = forms.CharField(
        label="What it is about", required=False, max_length=200, help_text="The guest sees it."
    )
    conference = forms.ChoiceField(
        label="Meeting link", choices=Conference.choices, required=False, initial=Conference.AUTO
    )
    location = forms.CharField(label="Place", required=False, max_length=300)
    guests = LinesField(
        label="More guests",
        required=False,
        widget=forms.Textarea(attrs={"rows": 1}),
        help_text="One to a line, a name and an e-mail address or the address alone.",
    )
    message = LinesField(
        label="Message",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands in the meeting, for both sides.",
    )
    unanswered = forms.CharField(
        required=False,
        label="Why questions stay without an answer",
        max_length=MAX_REASON,
        help_text="Needed where one that bookers have to answer is left empty. "
        "It is kept with the meeting.",
    )
    submit_key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, questions: tuple[Question, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = {f"{ANSWER}{question.key}": question for question in questions}
        for name, question in self.questions.items():
            self.fields[name] = _question_field(question)

    def asked(self) -> list[forms.BoundField]:
        """The link's questions, in their order."""
        return [self[name] for name in self.questions]

    def needs_answers(self) -> bool:
        """Whether bookers have to answer one of them."""
        return any(question.required for question in self.questions.values())

    def answers(self) -> dict[str, str]:
        """The answers by question key; only of a valid form."""
        return {one.key: self.cleaned_data[name] for name, one in self.questions.items()}

    def clean_who(self) -> str:
        found = addresses_in(self.cleaned_data["who"], most=2)
        if len(found) > 1:
            raise ValidationError("Name one guest here; the others go to More guests.")
        return found[0] if found else str(self.cleaned_data["who"]).strip()

    def clean_submit_key(self) -> str:
        """Only keys of ours: whatever else is sent would be no protection against a repeat."""
        key: str = self.cleaned_data["submit_key"]
        if not _KEY.fullmatch(key):
            raise ValidationError("Open the form again. Nothing was booked.")
        return key

    def more_guests(self) -> list[dict[str, str]]:
        """As typed; what is no address is kept, to be refused."""
        found = []
        for part in _BETWEEN.split(self.cleaned_data["guests"]):
            named = _NAMED.fullmatch(part.strip())
            if named:
                found.append({"name": named["name"].strip(), "email": named["email"]})
            else:
                found += [{"name": "", "email": email} for email in part.split()]
        return found


def _question_field(question: Question) -> forms.Field:
    """One of the link's questions to staff, who may leave it."""
    help_text = "Bookers have to answer it." if question.required else ""
    if question.kind is QuestionKind.CHOICE:
        choices = [("", "No answer"), *((one, one) for one in question.choices)]
        return forms.ChoiceField(
            label=question.label, required=False, choices=choices, help_text=help_text
        )
    long = question.kind is QuestionKind.LONG
    widget = forms.Textarea(attrs={"rows": 2}) if long else forms.TextInput()
    if question.kind is QuestionKind.PHONE:
        widget = forms.TextInput(attrs={"type": "tel"})
    return LinesField(
        label=question.label,
        required=False,
        max_length=MAX_TEXT,
        widget=widget,
        help_text=help_text,
    )
