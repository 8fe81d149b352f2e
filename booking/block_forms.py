"""The forms of the block list."""

from __future__ import annotations

from typing import Any

from django import forms

_REASON = forms.CharField(
    required=False,
    max_length=300,
    help_text="For your colleagues. The booker never sees it.",
    error_messages={"max_length": "Use at most 300 characters."},
)


class _Term(forms.Form):
    reason = _REASON
    ends_on = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day it holds. Leave empty for good.",
        error_messages={"invalid": "Give a date such as 2026-11-26."},
    )


class BlockForm(_Term):
    """Somebody typed in."""

    value = forms.CharField(
        label="Who",
        max_length=320,
        help_text="An e-mail address, a domain with everything below it, or an internet address "
        "or range.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give an e-mail address, a domain or an internet address."},
    )
    field_order = ("value", "reason", "ends_on")


class BlockBookerForm(_Term):
    """The booker of a meeting: the address alone, or everybody of its domain."""

    what = forms.ChoiceField(label="Whom", widget=forms.RadioSelect())
    field_order = ("what", "reason", "ends_on")

    def __init__(self, *args: Any, email: str, domain: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(email, email), (domain, f"Everybody at {domain}")]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]
        self.fields["what"].initial = email
