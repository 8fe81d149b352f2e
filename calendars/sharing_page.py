"""Who sees how much of a calendar, as the dialog asks for it and as the list says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from calendars.enums import ShareLevel
from calendars.models import CalendarShare
from workspaces.access import MAY_WORK
from workspaces.queries import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calendars.models import Calendar
    from workspaces.models import Membership

EVERYONE = "everyone"
_LEVELS = [
    (ShareLevel.BUSY.value, "Busy times only"),
    (ShareLevel.DETAILS.value, "Details"),
    (ShareLevel.EDIT.value, "Details, and may change events"),
]
_WORDS = {
    ShareLevel.DETAILS.value: "{} sees details",
    ShareLevel.EDIT.value: "{} may change events",
}


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a calendar is shared now: the level for everyone, and for members by their id."""

    everyone: ShareLevel
    members: dict[UUID, ShareLevel]


def sharing_of(calendar: Calendar) -> Sharing:
    """The shares of one calendar."""
    rows = CalendarShare.objects.filter(calendar=calendar).values_list("member", "level")
    found: dict[UUID | None, ShareLevel] = {member: ShareLevel(level) for member, level in rows}
    everyone = found.pop(None, ShareLevel.BUSY)
    return Sharing(everyone, {member: level for member, level in found.items() if member})


def colleagues_of(membership: Membership) -> list[Membership]:
    """Everybody else in the workspace who may see calendars, by name."""
    rows = members_of(membership.workspace).exclude(pk=membership.pk)
    return list(rows.filter(role__in=MAY_WORK))


def shared_in_words(calendars: Iterable[Calendar]) -> dict[UUID, str]:
    """What each calendar shows to whom, for those that are shared at all. One query."""
    rows = (
        CalendarShare.objects.filter(calendar__in=[one.pk for one in calendars])
        .exclude(level=ShareLevel.BUSY)
        .select_related("member__user")
        .order_by("member__user__name", "member__user__email")
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        who = row.member.user.get_full_name() if row.member else "Everyone"
        words = found.setdefault(row.calendar_id, [])
        words.insert(0 if row.member is None else len(words), _WORDS[row.level].format(who))
    return {calendar_id: f"{', '.join(words)}." for calendar_id, words in found.items()}


class SharingForm(forms.Form):
    """Everyone's level, that of each colleague it is shared with, and one colleague more."""

    everyone = forms.ChoiceField(
        label="Everyone in the workspace",
        choices=_LEVELS,
        help_text="A colleague always sees at least what everyone sees.",
    )
    colleague = forms.ChoiceField(label="Share with", required=False)
    level = forms.ChoiceField(
        label="who sees", choices=_LEVELS[1:], initial=ShareLevel.DETAILS.value, required=False
    )

    def __init__(
        self, data: Any = None, *, sharing: Sharing, colleagues: Iterable[Membership]
    ) -> None:
        super().__init__(data, initial={EVERYONE: sharing.everyone.value})
        self._named: dict[str, UUID] = {}
        rest = [("", "Nobody more")]
        for colleague in colleagues:
            name, level = colleague.user.get_full_name(), sharing.members.get(colleague.pk)
            if level is None:
                rest.append((str(colleague.pk), name))
            else:
                self._name(colleague, name, level)
        self.fields["colleague"].choices = rest  # type: ignore[attr-defined]
        self.has_rest = len(rest) > 1
        self.order_fields([EVERYONE, *self._named, "colleague", "level"])

    def _name(self, colleague: Membership, name: str, level: ShareLevel) -> None:
        key = f"member-{colleague.pk}"
        self._named[key] = colleague.pk
        self.fields[key] = forms.ChoiceField(label=name, choices=_LEVELS, initial=level.value)

    def everyone_level(self) -> ShareLevel:
        """What everyone is to see."""
        return ShareLevel(self.cleaned_data[EVERYONE])

    def member_levels(self) -> dict[UUID, ShareLevel]:
        """What each named colleague is to see, the new one included."""
        chosen = {pk: ShareLevel(self.cleaned_data[key]) for key, pk in self._named.items()}
        new = self.cleaned_data["colleague"]
        if new:
            chosen[UUID(new)] = ShareLevel(self.cleaned_data["level"] or ShareLevel.DETAILS)
        return chosen
