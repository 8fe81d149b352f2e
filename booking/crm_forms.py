"""The forms of the page about Close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

if TYPE_CHECKING:
    from booking.models import CrmAccount


class CrmKeyForm(forms.Form):
    """A key to Close."""

    key = forms.CharField(
        label="API key",
        max_length=200,
        error_messages={"required": "Paste the key from Close."},
        help_text="It is sealed. Only its last four characters are ever shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )


class CrmForm(forms.Form):
    """What becomes a lead, and with which status."""

    status = forms.ChoiceField(
        label="Status of new leads",
        required=False,
        error_messages={"invalid_choice": "Choose one of the statuses that Close has."},
    )
    for_clients = forms.BooleanField(
        label="Bookings with clients become leads, too",
        required=False,
        help_text="Off: only what is booked with your own people.",
    )

    def __init__(self, *args: Any, account: CrmAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {
            "status": account.lead_status_remote_id,
            "for_clients": account.workspace.crm_for_clients,
        }
        statuses = [(one["id"], one["label"]) for one in account.statuses]
        choices = [("", "The one Close puts first"), *statuses]
        self.fields["status"].choices = choices  # type: ignore[attr-defined]
