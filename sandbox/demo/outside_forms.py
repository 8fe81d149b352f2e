"""The form by which somebody outside invites one of the demo's people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms

from booking.inbound import invite_address
from booking.models import InviteAddress
from sandbox.demo.outside import Meeting, new_uid
from sandbox.demo.scene import ZONE

if TYPE_CHECKING:
    from datetime import date

_LENGTHS = (30, 45, 60, 90)


class InviteForm(forms.Form):
    """Who invites whom to what, and when."""

    to = forms.ChoiceField(
        label="To",
        help_text="The addresses that members and clients have made under My scheduling.",
    )
    name = forms.CharField(label="Your name", max_length=80, initial="Priya Nair")
    email = forms.EmailField(label="Your e-mail", initial="priya@ledger.example")
    title = forms.CharField(label="Title", max_length=200, initial="Budget walk-through")
    day = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        label="Time",
        initial="11:00",
        help_text=f"In {ZONE}.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    minutes = forms.TypedChoiceField(
        label="Length", choices=[(n, f"{n} min") for n in _LENGTHS], coerce=int, initial=60
    )
    place = forms.CharField(label="Place", max_length=200, required=False, initial="Ledger, room 4")
    words = forms.CharField(
        label="Message",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_forged = forms.BooleanField(
        label="Forge it: the mail does not come from where it says",
        required=False,
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = _addresses()  # type: ignore[attr-defined]
        self.initial["day"] = today + timedelta(days=7 - today.weekday())

    def to_meeting(self) -> Meeting:
        """The invitation. Call it on a valid form."""
        said = self.cleaned_data
        start = datetime.combine(said["day"], said["time"], ZoneInfo(ZONE))
        return Meeting(
            method="REQUEST",
            uid=new_uid(said["email"]),
            sequence=0,
            title=said["title"],
            start=start,
            end=start + timedelta(minutes=said["minutes"]),
            organizer=said["email"].lower(),
            organizer_name=said["name"],
            guest=said["to"],
            place=said["place"],
        )


def _addresses() -> list[tuple[str, str]]:
    rows = InviteAddress.objects.select_related("workspace", "client", "user")
    found = [(invite_address(row.pk), f"{_name(row)}, {row.workspace.name}") for row in rows]
    return sorted(found, key=lambda pair: pair[1])


def _name(row: InviteAddress) -> str:
    owner = row.client or row.user
    assert owner is not None  # the CHECK promises it
    return owner.name
