"""The forms of a workspace's own words in mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError

from booking.own_text import check_line, check_text
from booking.services.mail_texts import (
    MAX_NAME,
    MAX_OPENING,
    MAX_SIGNATURE,
    MAX_SUBJECT,
    Sender,
    Words,
)
from common.errors import InvalidInput
from common.form_fields import LinesField

if TYPE_CHECKING:
    from collections.abc import Callable


class WordsForm(forms.Form):
    """Subject and first words of one kind of mail; left empty they are Meridian's."""

    subject = forms.CharField(
        required=False,
        max_length=MAX_SUBJECT,
        error_messages={"max_length": f"Use at most {MAX_SUBJECT} characters."},
    )
    opening = LinesField(
        required=False,
        label="First words",
        max_length=MAX_OPENING,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Plain text; links as https://.",
        error_messages={"max_length": f"Use at most {MAX_OPENING} characters."},
    )

    def clean_subject(self) -> str:
        return self._judged("subject", check_line, MAX_SUBJECT)

    def clean_opening(self) -> str:
        return self._judged("opening", check_text, MAX_OPENING)

    def _judged(self, name: str, check: Callable[[str, str, int], str], most: int) -> str:
        """What the service will say of it, here, so that every fault is told at once."""
        try:
            return check(self.cleaned_data[name], name, most)
        except InvalidInput as error:
            raise ValidationError(error.message) from error

    def words(self) -> Words:
        """What was typed; the service judges it."""
        return Words(self.cleaned_data["subject"], self.cleaned_data["opening"])


class SenderForm(forms.Form):
    """Name and signature of all mails to bookers."""

    name = forms.CharField(
        required=False,
        label="Sender's name",
        max_length=MAX_NAME,
        help_text="Mails come from this name “via Meridian”; answers go to whoever the meeting is "
        "with. Empty: the name of whoever that is.",
        error_messages={"max_length": f"Use at most {MAX_NAME} characters."},
    )
    signature = LinesField(
        required=False,
        max_length=MAX_SIGNATURE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Below the text of each mail to bookers and guests. Plain text; links as "
        "https://.",
        error_messages={"max_length": f"Use at most {MAX_SIGNATURE} characters."},
    )

    def sender(self) -> Sender:
        """What was typed; the service judges it."""
        return Sender(self.cleaned_data["name"], self.cleaned_data["signature"])
