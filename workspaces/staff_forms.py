"""Forms of the workspace pages: a client, an invitation, a role, one's own profile."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.languages import ENGLISH, LANGUAGES
from workspaces.enums import PreferredConference, Role
from workspaces.zones import is_zone, zone_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workspaces.models import Membership

_NO_ZONE = "Choose a time zone from the list, for example Europe/Dublin."


@cache
def _every_zone() -> SafeString:
    """The long list, written once: as Django's widget it would take most of a page's time."""
    return format_html_join("", '<option value="{0}">{0}</option>', ((n,) for n in zone_names()))


class ZoneSelect(forms.Select):
    """The chosen zone first, said as `own` says it, then every zone there is."""

    def __init__(self, own: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(**options)
        self.own = own

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        own = list(self.own)
        if value and value not in dict(own):
            own.append((str(value), str(value)))
        chosen = SafeString(" selected")
        top = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, chosen if key == (value or "") else "", label) for key, label in own),
        )
        said = format_html_join("", ' {}="{}"', self.build_attrs(self.attrs, attrs).items())
        return format_html(
            '<select name="{}"{}>{}<optgroup label="Every zone">{}</optgroup></select>',
            name,
            said,
            top,
            _every_zone(),
        )


class ZoneField(forms.CharField):
    """An IANA zone."""

    def __init__(self, **options: Any) -> None:
        messages = {"required": _NO_ZONE}
        super().__init__(
            **{"label": "Time zone", "widget": ZoneSelect(), "error_messages": messages, **options}
        )

    def clean(self, value: Any) -> str:
        name: str = super().clean(value)
        if name and not is_zone(name):
            raise ValidationError(_NO_ZONE)
        return name


class ClientForm(forms.Form):
    """Who a client is, and whom we notify."""

    name = forms.CharField(
        max_length=120, error_messages={"required": "Give the name guests know."}
    )
    primary_contact_name = forms.CharField(label="Primary contact", max_length=120, required=False)
    primary_contact_email = forms.EmailField(
        label="Their e-mail",
        required=False,
        help_text="Receives a notice of every booking, move and cancellation.",
        error_messages={"invalid": "Give a whole address, such as orla@larkfielddental.example."},
    )
    language = forms.ChoiceField(
        label="Their language",
        choices=[(one.code, one.name) for one in LANGUAGES],
        initial=ENGLISH,
        required=False,
        help_text="Of mails to that address, of the client's own page and the invitation to it.",
    )
    timezone = ZoneField()

    def clean_language(self) -> str:
        """Where none was sent it stays as it was."""
        return str(self.cleaned_data["language"] or self.initial.get("language", ENGLISH))


class ClientDetailsForm(ClientForm):
    """A client that is there already: also what `auto` picks for its meetings."""

    preferred_conference = forms.ChoiceField(
        label="Preferred meeting link",
        choices=PreferredConference.choices,
        required=False,
        help_text="What Auto picks first, where plan and accounts allow it.",
    )


class ClientInvitationForm(forms.Form):
    """Where the link to a client's own page goes."""

    email = forms.EmailField(
        label="E-mail",
        help_text="Whoever opens the link acts for the client, so send it to them alone.",
        error_messages=dict.fromkeys(
            ("required", "invalid"),
            "Give a whole address, such as orla@larkfielddental.example.",
        ),
    )


class InvitationForm(forms.Form):
    """Whom to ask in, and as what."""

    email = forms.EmailField(
        label="E-mail",
        error_messages=dict.fromkeys(
            ("required", "invalid"), "Give a whole address, such as priya@finchharbour.example."
        ),
    )
    role = forms.ChoiceField(
        initial=Role.MEMBER,
        help_text="Members work with calendars, clients and bookings. Auditors read the log only.",
        error_messages={"invalid_choice": "Choose one of the roles."},
    )

    def __init__(self, *args: Any, by: Membership, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = roles_to_give(by)  # type: ignore[attr-defined]


def roles_to_give(by: Membership) -> list[tuple[str, str]]:
    """The roles this member may give to others."""
    return [
        (role.value, str(role.label))
        for role in Role
        if role != Role.OWNER or by.role == Role.OWNER
    ]


class ProfileForm(forms.Form):
    """One's own name, zones and habits."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        help_text="Guests see it on your booking pages and in mails.",
        error_messages={"required": "Give your name."},
    )
    timezone = ZoneField(help_text="Your pages and your weekly hours go by it.")
    second_timezone = ZoneField(
        label="Second time zone",
        required=False,
        widget=ZoneSelect(own=[("", "None")]),
        help_text="A second scale beside the week.",
    )
    preferred_conference = forms.ChoiceField(
        label="Preferred meeting link",
        choices=PreferredConference.choices,
        required=False,
        help_text="What Auto picks first for your meetings, where plan and accounts allow it.",
    )
    single_keys = forms.BooleanField(
        label="Single keys, such as N for a new event",
        required=False,
        help_text="Switch them off if you dictate or use a screen reader.",
    )
