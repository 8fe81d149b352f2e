"""The forms of a contact or prospect: details, a note, and which values a merge keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from booking.booker import MAX_EMAIL, MAX_NAME, MAX_PHONE
from booking.models.people import MAX_NOTE
from booking.services.people import PersonDetails
from common.form_fields import LinesField
from workspaces.staff_forms import ZoneField, ZoneSelect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from booking.models import PersonBase
    from workspaces.models import Client

_UNKNOWN = ("", "Not known")
# What the public page and mails can be read in.
LANGUAGES = (("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español"))
OWN, OTHER = "own", "other"
FIELDS = ("name", "email", "phone", "timezone", "language")


class PersonForm(forms.Form):
    """What is kept of somebody."""

    name = forms.CharField(max_length=MAX_NAME, error_messages={"required": "Add the name."})
    email = forms.CharField(
        label="E-mail",
        max_length=MAX_EMAIL,
        widget=forms.EmailInput(),
        error_messages={"required": "Add the e-mail address."},
        help_text="One address is one person.",
    )
    phone = forms.CharField(
        max_length=MAX_PHONE, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    timezone = ZoneField(required=False, widget=ZoneSelect(own=[_UNKNOWN]))
    language = forms.ChoiceField(choices=[_UNKNOWN, *LANGUAGES], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = self.initial.get("language", "")
        choice: Any = self.fields["language"]
        if said and said not in dict(LANGUAGES):
            choice.choices = [*choice.choices, (said, said)]

    def details(self) -> PersonDetails:
        """What was typed."""
        return PersonDetails(**{name: self.cleaned_data[name] for name in FIELDS})


class NewPersonForm(PersonForm):
    """Somebody new: also whose."""

    whose = forms.ChoiceField(label="Whose")
    field_order = ("whose", *FIELDS)

    def __init__(self, *args: Any, clients: Iterable[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["whose"]
        choice.choices = [
            (OWN, "A prospect of your own workspace"),
            *((str(client.pk), f"A contact of {client.name}") for client in clients),
        ]


class NoteForm(forms.Form):
    """A note for staff."""

    text = LinesField(
        label="New note",
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the note first."},
    )


def values_of(person: PersonBase) -> dict[str, str]:
    """The person as the form's first values."""
    return {name: getattr(person, name) for name in FIELDS}


def merge_choices(keep: PersonBase, other: PersonBase) -> list[tuple[str, str, list[str]]]:
    """The fields in which two people differ: name, label, and the two values, `keep`'s first."""
    mine, theirs = values_of(keep), values_of(other)
    labels = {name: str(field.label or name.capitalize()) for name, field in _labels()}
    return [
        (name, labels[name], [mine[name], theirs[name]])
        for name in FIELDS
        if mine[name] != theirs[name]
    ]


def merged_details(keep: PersonBase, other: PersonBase, said: Any) -> PersonDetails:
    """The values that were chosen: `other` in a field takes the other one's, else `keep`'s stay."""
    mine, theirs = values_of(keep), values_of(other)
    return PersonDetails(
        **{name: theirs[name] if said.get(name) == OTHER else mine[name] for name in FIELDS}
    )


def _labels() -> list[tuple[str, forms.Field]]:
    return list(PersonForm.base_fields.items())
