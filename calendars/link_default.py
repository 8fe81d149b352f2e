"""Which meeting link a new event gets when nobody chose one: none, until it has a guest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calendars.enums import STATUS_KINDS
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conferencing.routing import Choice

# What the form sends while nobody has chosen: with scripts in a field of its own, which knows
# whether there were guests, and without them as the choice itself.
FIELD: Final = "link_left"
LEAVE: Final = "default"
ALONE, WITH_GUESTS = "alone", "guests"


@dataclass(frozen=True, slots=True)
class LinkChoice:
    """The link chosen in the form. `left` is blank once it was chosen by hand, else what the form
    sends along; `hint` says what is going to happen.
    """

    conference: str
    left: str = ""
    hint: str = ""


def link_choice(
    given: Mapping[str, str], initial: str, choices: Sequence[Choice], *, is_new: bool
) -> LinkChoice:
    """What stands in the form. A choice made by hand is never replaced."""
    chosen = given.get("conference", initial)
    is_left = given.get(FIELD) in {ALONE, WITH_GUESTS} or chosen == LEAVE
    is_left = is_left or (not chosen and "conference" not in given)
    if not (is_new and is_left):
        return LinkChoice(chosen or Conference.NONE.value)
    usual = usual_link(choices)
    if usual is None or given.get("kind") in STATUS_KINDS:
        return LinkChoice(Conference.NONE.value, ALONE)
    if not _has_guests(given):
        hint = f"None as long as there is no guest, then {_named(usual)}."
        return LinkChoice(Conference.NONE.value, ALONE, hint)
    hint = f"{usual.label} because there is a guest. Choose None for no link."
    return LinkChoice(usual.conference.value, WITH_GUESTS, hint)


def usual_link(choices: Sequence[Choice]) -> Choice | None:
    """What an event with guests gets: Auto where the plan has it, else what the calendar makes."""
    enabled = [one for one in choices if one.enabled and one.conference != Conference.NONE]
    autos = [one for one in enabled if one.conference == Conference.AUTO]
    return next(iter([*autos, *enabled]), None)


def _has_guests(given: Mapping[str, str]) -> bool:
    if "guests" in given:
        return "@" in given["guests"]
    return given.get(FIELD) == WITH_GUESTS


def _named(usual: Choice) -> str:
    """`Auto (Google Meet here)`."""
    return f"Auto ({usual.hint})" if usual.conference == Conference.AUTO else usual.label
