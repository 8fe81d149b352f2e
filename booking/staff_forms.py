"""The form of a booking link, and of the questions it asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from booking.enums import DegradedMode
from booking.questions import MAX_QUESTIONS, QuestionKind
from booking.services.links import LinkData
from calendars.enums import Hue
from conferencing.enums import Conference
from workspaces.enums import PreferredConference
from workspaces.staff_forms import ClientDetailsForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from booking.models import BookingLink

_BETWEEN = re.compile(r"[\s,;]+")
_NOT_KEY = re.compile(r"[^a-z0-9]+")
_WHOLE = {"invalid": "Give a whole number.", "required": "Give a whole number."}
_UNLIMITED = "Leave empty for no limit."


def _number(label: str, least: int, most: int, help_text: str = "", **options: Any) -> Any:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        help_text=help_text,
        error_messages={
            **_WHOLE,
            "min_value": f"Give a whole number from {least} to {most}.",
            "max_value": f"Give a whole number from {least} to {most}.",
        },
        **options,
    )


class ReasonedSelect(forms.Select):
    """A choice whose impossible answers stay visible, with their reasons in `refused`."""

    refused: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> Any:
        reason = self.refused.get(str(value))
        option = super().create_option(
            name, value, f"{label}: {reason}" if reason else label, *args, **kwargs
        )
        if reason and not option["selected"]:
            option["attrs"]["disabled"] = True
        return option


class LinkForm(forms.Form):
    """Names its fields as `LinkData` does. All rules that need the database are the service's."""

    title = forms.CharField(
        max_length=120,
        error_messages={"required": "Name the link, for example Intro call."},
        help_text="Guests see it.",
    )
    slug = forms.CharField(
        label="Address",
        max_length=60,
        help_text="Ends the public address. Changing it breaks links that are out already.",
        error_messages={"required": "Give an address, for example intro-call."},
    )
    durations = forms.CharField(
        label="Lengths in minutes",
        max_length=60,
        help_text="The first is the usual one, for example 30, 45, 60.",
        error_messages={"required": "Give at least one length, for example 30."},
    )
    conference = forms.ChoiceField(
        label="Meeting link", choices=Conference.choices, widget=ReasonedSelect
    )
    location = forms.CharField(
        label="Place",
        required=False,
        max_length=300,
        help_text="For meetings in person or by phone.",
    )
    description = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    notice_minutes = _number("Shortest notice, minutes", 0, 525_600)
    horizon_days = _number("How far ahead, days", 1, 365)
    step_minutes = _number("A start every … minutes", 5, 1440)
    buffer_before_minutes = _number("Free before, minutes", 0, 1440)
    buffer_after_minutes = _number("Free after, minutes", 0, 1440)
    max_per_day = _number("At most a day", 1, 1000, _UNLIMITED, required=False)
    max_per_week = _number("At most a week", 1, 1000, _UNLIMITED, required=False)
    degraded_mode = forms.ChoiceField(
        label="While a calendar cannot be read", choices=DegradedMode.choices
    )
    requires_approval = forms.BooleanField(label="Every booking waits for a yes", required=False)
    hue = forms.ChoiceField(label="Colour", choices=Hue.choices)

    def __init__(self, *args: Any, refused: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conference"].widget.refused = refused

    def clean_durations(self) -> tuple[int, ...]:
        words = [word for word in _BETWEEN.split(self.cleaned_data["durations"]) if word]
        if not words or not all(word.isascii() and word.isdigit() for word in words):
            raise ValidationError("Give whole minutes with commas between, for example 30, 45, 60.")
        return tuple(int(word) for word in words)

    def to_data(self, link: BookingLink | None, questions: tuple[dict[str, Any], ...]) -> LinkData:
        """What the service takes; hours of its own that the link has stay as they are."""
        own_hours = link.availability_settings if link is not None else None
        return LinkData(**self.cleaned_data, questions=questions, availability_settings=own_hours)


class ClientPlanForm(ClientDetailsForm):
    """A client's details, with what the plan says of each preferred meeting link."""

    def __init__(self, *args: Any, refused: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        select = ReasonedSelect(choices=PreferredConference.choices)
        select.refused = refused
        self.fields["preferred_conference"].widget = select


def link_values(link: BookingLink) -> dict[str, Any]:
    """A link as the form's first values."""
    values = {name: getattr(link, name) for name in LinkForm.base_fields}
    return {**values, "durations": ", ".join(str(minutes) for minutes in link.durations)}


class QuestionForm(forms.Form):
    """One question; without words it is no question."""

    key = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    label = forms.CharField(label="Question", required=False, max_length=200)
    kind = forms.ChoiceField(
        label="Answer",
        choices=[
            (QuestionKind.TEXT.value, "One line"),
            (QuestionKind.LONG.value, "Several lines"),
            (QuestionKind.CHOICE.value, "One of these"),
        ],
        initial=QuestionKind.TEXT.value,
        required=False,
    )
    choices = forms.CharField(
        label="Answers to choose from",
        required=False,
        max_length=1300,
        help_text="With commas between; only for one of these.",
    )
    required = forms.BooleanField(label="Has to be answered", required=False)


BaseQuestions = forms.formset_factory(
    QuestionForm, extra=1, max_num=MAX_QUESTIONS, absolute_max=MAX_QUESTIONS, validate_max=True
)


def questions_form(data: Any, link: BookingLink | None) -> Any:
    """The link's questions and a blank one."""
    stored = link.questions if link is not None else []
    initial = [{**one, "choices": ", ".join(one.get("choices", []))} for one in stored]
    return BaseQuestions(data, initial=initial, prefix="questions")


def questions_asked(formset: Any) -> tuple[dict[str, Any], ...]:
    """The questions with words, in order, as they are stored. Only after `is_valid()`."""
    asked: list[dict[str, Any]] = []
    for said in formset.cleaned_data:
        label = said.get("label", "").strip()
        if not label:
            continue
        taken = {one["key"] for one in asked}
        choices = [word.strip() for word in said["choices"].split(",") if word.strip()]
        asked.append(
            {
                "key": _key(said["key"] or label, taken),
                "label": label,
                "kind": said["kind"] or QuestionKind.TEXT.value,
                "required": said["required"],
                **({"choices": choices} if choices else {}),
            }
        )
    return tuple(asked)


def _key(words: str, taken: set[str]) -> str:
    """The name of the answer: kept once given, else made of the question's words."""
    stem = _NOT_KEY.sub("_", words.lower()).strip("_")[:28]
    stem = stem if stem[:1].isalpha() else f"q_{stem}".rstrip("_")
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    return key
