"""What narrows the log page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from audit.enums import AccessReason, Outcome
from audit.reasons import Act, reasons_of

if TYPE_CHECKING:
    from audit.queries import LoggedConnection

DENIED = "denied"
_BAD_DATE = {"invalid": "Give a date such as 2026-11-18."}


class LogFilter(forms.Form):
    """All parts are optional. Dates are days of UTC, both included."""

    connection = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "The log knows no such connection."}
    )
    actor = forms.CharField(label="Who", required=False, max_length=120)
    since = forms.DateField(
        label="From",
        required=False,
        error_messages=_BAD_DATE,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    until = forms.DateField(
        label="Until",
        required=False,
        error_messages=_BAD_DATE,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    reason = forms.ChoiceField(
        required=False,
        choices=[("", "All reasons"), *((reason.value, reason.value) for reason in AccessReason)],
        error_messages={"invalid_choice": "The log knows no such reason."},
    )
    act = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((act.value, act.label) for act in Act), (DENIED, "Denied")],
        error_messages={"invalid_choice": "Choose one of the kinds."},
    )
    before = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**62,
        error_messages={"invalid": "Give a row's number."},
    )

    def __init__(self, data: Any, *, connections: list[LoggedConnection]) -> None:
        super().__init__(data)
        self.fields["connection"].choices = [  # type: ignore[attr-defined]
            ("", "All connections"),
            *((str(one.id), f"{one.email or one.id}, {one.provider}") for one in connections),
        ]

    @property
    def narrows(self) -> bool:
        """Whether anything but the page is asked for."""
        return any(self.cleaned_data[name] for name in self.fields if name != "before")

    def criteria(self) -> dict[str, Any]:
        """The arguments of `log_rows`, without the page. Only after `is_valid()`."""
        said = self.cleaned_data
        act = said["act"]
        reasons: set[str] = {said["reason"]} if said["reason"] else set()
        if act and act != DENIED:
            of_act = set(reasons_of(Act(act)))
            # Both named and at odds: nothing can be both, and an empty set would narrow nothing.
            reasons = (of_act & reasons if reasons else of_act) or {"-"}
        return {
            "connection_id": UUID(said["connection"]) if said["connection"] else None,
            "actor": said["actor"].strip(),
            "reasons": reasons,
            "outcomes": (Outcome.DENIED, Outcome.RECONNECT_NEEDED) if act == DENIED else (),
            "since": _midnight(said["since"]) if said["since"] else None,
            "until": _midnight(said["until"]) + timedelta(days=1) if said["until"] else None,
        }


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
