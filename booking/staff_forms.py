"""The form of a booking link."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from booking.enums import DegradedMode, OnDecline
from booking.link_mail_forms import LinkMailsForm, mail_values, typed_mail_values
from booking.models.links import MAX_SEATS
from booking.services.links import LinkData
from calendars.enums import Hue
from common.form_fields import LinesField
from conferencing.enums import Conference
from workspaces.enums import PreferredConference
from workspaces.staff_forms import ClientDetailsForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from booking.models import BookingLink
    from workspaces.owners import Owner

_BETWEEN = re.compile(r"[\s,;]+")
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


class WhoseHours(StrEnum):
    """By whose hours a link is booked."""

    OWNER = "owner"
    OWN = "own"


class LinkForm(LinkMailsForm):
    """Names its fields as `LinkData` does. All rules that need the database are the service's."""

    title = forms.CharField(
        max_length=120,
        error_messages={"required": "Name the link, for example Intro call."},
        help_text="Guests see it.",
    )
    slug = forms.CharField(
        label="Address",
        max_length=60,
        help_text="Ends the public address. A former one leads here until somebody takes it.",
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
    description = LinesField(
        label="Cover text",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands beside the times: what it is about, what to bring.",
    )
    hue = forms.ChoiceField(label="Colour", choices=Hue.choices)

    hours = forms.ChoiceField(
        label="Bookable hours",
        choices=[
            (WhoseHours.OWNER.value, "As on the availability card"),
            (WhoseHours.OWN.value, "Hours of its own"),
        ],
        initial=WhoseHours.OWNER.value,
        widget=forms.RadioSelect,
        help_text="Its own begin as a copy; they are edited on a page of their own.",
    )
    notice_minutes = _number("Shortest notice, minutes", 0, 525_600)
    horizon_days = _number("How far ahead, days", 1, 365)
    step_minutes = _number("A start every … minutes", 5, 1440)
    ends_on = forms.DateField(
        label="Last bookable day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The link closes after it.",
        error_messages={"invalid": "Give a date such as 2026-12-24."},
    )
    buffer_before_minutes = _number("Free before, minutes", 0, 1440)
    buffer_after_minutes = _number("Free after, minutes", 0, 1440)
    max_per_day = _number("At most a day", 1, 1000, _UNLIMITED, required=False)
    max_per_week = _number("At most a week", 1, 1000, _UNLIMITED, required=False)

    seats = _number(
        "Seats in a slot",
        1,
        MAX_SEATS,
        "More than one: guests share the slot, each with a booking of their own. "
        "No guest sees another.",
    )
    shows_seats_left = forms.BooleanField(
        label="Show how many seats are left",
        required=False,
        help_text="Beside each time, where a slot has several seats. A full one is not offered.",
    )
    requires_approval = forms.BooleanField(
        label="Every booking waits for a yes",
        required=False,
        help_text="The time is held meanwhile.",
    )
    allows_guests = forms.BooleanField(
        label="Bookers may add more people",
        required=False,
        help_text="Up to ten, who get the invitation too. Not where a slot has several seats.",
    )
    is_private = forms.BooleanField(
        label="Unlisted",
        required=False,
        help_text="Not on the page that lists the links; whoever has the address can book.",
    )
    is_one_time = forms.BooleanField(
        label="One booking only",
        required=False,
        help_text="Closes with its first booking, and opens again if that is cancelled.",
    )
    verifies_email = forms.BooleanField(
        label="Bookers prove their e-mail address first",
        required=False,
        help_text="A code is mailed to them before the time is taken.",
    )
    degraded_mode = forms.ChoiceField(
        label="While a calendar cannot be read", choices=DegradedMode.choices
    )
    on_decline = forms.ChoiceField(
        label="When the booker declines in their calendar",
        choices=OnDecline.choices,
        help_text="Their calendar says so by mail. A guest's decline is only shown. Where guests "
        "come along, only what the booker provably sent cancels; else you are told.",
    )
    redirect_url = forms.CharField(
        label="Page after booking",
        required=False,
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text="Bookers are told the site's name and go on by a button.",
    )

    # Which fields are not one column each.
    OWN_PART: ClassVar = frozenset({"hours", *LinkMailsForm.base_fields})
    LOOKS: ClassVar = ("title", "slug", "durations", "conference", "location", "description", "hue")

    def __init__(self, *args: Any, refused: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conference"].widget.refused = refused

    def clean_durations(self) -> tuple[int, ...]:
        words = [word for word in _BETWEEN.split(self.cleaned_data["durations"]) if word]
        if not words or not all(word.isascii() and word.isdigit() for word in words):
            raise ValidationError("Give whole minutes with commas between, for example 30, 45, 60.")
        return tuple(int(word) for word in words)

    def to_data(
        self, owner: Owner, link: BookingLink | None, questions: tuple[dict[str, Any], ...]
    ) -> LinkData:
        """What the service takes. Hours of its own begin as a copy of the owner's."""
        columns = [name for name in LinkForm.base_fields if name not in self.OWN_PART]
        given = {name: self.cleaned_data[name] for name in columns} | self.mails_given()
        hours = None
        if self.cleaned_data["hours"] == WhoseHours.OWN:
            kept = link.availability_settings if link is not None else None
            hours = kept or owner.availability.to_json()
        return LinkData(**given, questions=questions, availability_settings=hours)

    def shows_rules(self) -> bool:
        """Whether a fault stands in the part that is folded away at first."""
        elsewhere = {*self.LOOKS, *LinkMailsForm.base_fields}
        return self.is_bound and any(name not in elsewhere for name in self.errors)


class OwnerPageForm(forms.Form):
    """Where the list of an owner's links stands."""

    slug = forms.CharField(
        label="Address",
        max_length=60,
        help_text="Small letters, digits and hyphens. A former address leads here until somebody "
        "takes it.",
        error_messages={"required": "Give an address, for example amara-okafor."},
    )


class ClientPlanForm(ClientDetailsForm):
    """A client's details, with what the plan says of each preferred meeting link."""

    def __init__(self, *args: Any, refused: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        select = ReasonedSelect(choices=PreferredConference.choices)
        select.refused = refused
        self.fields["preferred_conference"].widget = select


def link_values(link: BookingLink) -> dict[str, Any]:
    """A link as the form's first values."""
    columns = [name for name in LinkForm.base_fields if name not in LinkForm.OWN_PART]
    own = link.availability_settings is not None
    return {
        **{name: getattr(link, name) for name in columns},
        **mail_values(link),
        "durations": ", ".join(str(minutes) for minutes in link.durations),
        "hours": (WhoseHours.OWN if own else WhoseHours.OWNER).value,
    }


def typed_values(sent: Mapping[str, str]) -> dict[str, Any]:
    """The form as it was typed, right or wrong, for showing it again unjudged."""
    values = {name: sent.get(name, "") for name in LinkForm.base_fields}
    return {**values, **typed_mail_values(sent)}
