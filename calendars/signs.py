"""How an event's states and flags show: as classes, as icons and as words for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.blocks import FLAG_WORDS, STATE_WORDS, EventBlock, Flag, State
from calendars.wording import clock

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# More would cover the title.
MAX_ICONS = 2


def state_classes(event: EventBlock, *, past: bool) -> str:
    """The classes of what the event is and may, each with a blank before it."""
    may = " can-move" if event.may_move else ""
    if may and Flag.REPEATS in event.flags:
        may += " repeats"  # a move asks how much of the series is meant
    if not event.states:
        return f"{may} is-past" if past else may
    classes = may + "".join(f" {state}" for state in State if state in event.states)
    # What was declined is faint already.
    return f"{classes} is-past" if past and State.DECLINED not in event.states else classes


def icons(event: EventBlock) -> tuple[str, ...]:
    """The names of the icons at the top right."""
    if not event.flags:
        return ()
    return tuple(flag.value for flag in Flag if flag in event.flags)[:MAX_ICONS]


def spoken(event: EventBlock, zone: ZoneInfo) -> str:
    """What only readers hear: the calendar, the states and the flags in words."""
    if not event.states and not event.flags and not event.also:
        return f", {event.calendar}"
    words = [event.calendar, *also_in(event)]
    words += [STATE_WORDS[state] for state in STATE_WORDS if state in event.states]
    if State.STALE in event.states:
        known = event.as_of and clock(event.as_of.astimezone(zone))
        words.append(f"shown as of {known}" if known else "shown from an older copy")
    words += [FLAG_WORDS[flag] for flag in FLAG_WORDS if flag in event.flags]
    return "".join(f", {word}" for word in dict.fromkeys(words))


def hue_class(event: EventBlock) -> str:
    """The class of the calendar's colour, with a blank before it."""
    return f" hue-{event.hue}" if event.hue else ""


def also_in(event: EventBlock) -> list[str]:
    """`also in Studio`, for each other calendar that holds a copy."""
    return [f"also in {name}" for name in event.also]
