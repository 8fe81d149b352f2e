"""The form that calls many meetings off together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from booking.enums import BlockKind
from booking.services.blocking import read_target
from booking.services.bulk import Which
from common.errors import InvalidInput
from common.form_fields import LinesField

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from booking.models import BookingLink

_WIDGET = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class BulkForm(forms.Form):
    """Which meetings; everything said narrows them further."""

    who = forms.CharField(
        label="Booked by",
        required=False,
        max_length=320,
        help_text="An e-mail address, or a domain with everything below it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    link = forms.ChoiceField(label="Through the link", required=False)
    since = forms.DateTimeField(
        label="Booked since",
        required=False,
        widget=_WIDGET,
        help_text="By your clock. Leave empty for whenever it was booked.",
        error_messages={"invalid": "Give a day and a time."},
    )
    message = LinesField(
        label="Message to the guests",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    tells_guests = forms.BooleanField(
        label="Tell the guests by mail",
        required=False,
        initial=True,
        help_text="Switch it off for a wave of spam: calendars are cleared, nobody is mailed.",
    )

    def __init__(self, *args: Any, links: Iterable[BookingLink], zone: ZoneInfo, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.zone = zone
        choices = [("", "Any"), *((str(one.pk), one.title) for one in links)]
        self.fields["link"].choices = choices  # type: ignore[attr-defined]

    def clean_who(self) -> str:
        said: str = self.cleaned_data["who"].strip()
        if said:
            try:
                target = read_target(said)
            except InvalidInput as error:
                raise forms.ValidationError(error.message) from error
            if target.kind == BlockKind.NETWORK:
                raise forms.ValidationError("Give an e-mail address or a domain.")
            return target.value
        return ""

    def clean_since(self) -> datetime | None:
        since: datetime | None = self.cleaned_data["since"]
        if since is not None and not 2000 <= since.year <= 2200:
            raise forms.ValidationError("Give a day and a time.")
        return since

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if not self.errors and not (said["who"] or said["link"]):
            self.add_error("who", "Say who booked, or through which link.")
        return said

    def which(self) -> Which:
        """What a valid form means."""
        said = self.cleaned_data
        who: str = said["who"]
        since: datetime | None = said["since"]
        return Which(
            email=who if "@" in who else "",
            domain="" if "@" in who else who,
            link_id=said["link"] or None,
            booked_since=since.replace(tzinfo=self.zone) if since else None,
        )

    def words(self) -> str:
        """Which meetings, for people."""
        said = self.cleaned_data
        titles = dict(self.fields["link"].choices)  # type: ignore[attr-defined]
        parts = [f"by {said['who']}"] if said["who"] else []
        parts += [f"through {titles[said['link']]}"] if said["link"] else []
        parts += [f"booked since {said['since']:%Y-%m-%d %H:%M}"] if said["since"] else []
        return f"All {', '.join(parts)}"
