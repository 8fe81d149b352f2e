"""Google's event colours and kinds of event as ours, and back.

https://developers.google.com/workspace/calendar/api/v3/reference/colors
https://developers.google.com/workspace/calendar/api/guides/calendar-status
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calendars.enums import EventKind, Hue
from calendars.providers.base import UNSET, EventColour
from common.errors import Unsupported

if TYPE_CHECKING:
    from calendars.providers.base import EventDraft
    from calendars.providers.reading import Reply

Json = dict[str, object]

# Google's eleven colours and the hue next to each. The API and Google's own pages give some of
# them differently (`calendars.hues` tells how near): of the two the one is taken that leaves no
# hue without a colour.
_HUES: Final = {
    "1": Hue.IRIS,  # lavender
    "2": Hue.MOSS,  # sage
    "3": Hue.PLUM,  # grape
    "4": Hue.CLAY,  # flamingo
    "5": Hue.OCHRE,  # banana
    "6": Hue.CLAY,  # tangerine
    "7": Hue.LAGOON,  # peacock
    "8": Hue.SLATE,  # graphite
    "9": Hue.TIDE,  # blueberry
    "10": Hue.MOSS,  # basil
    "11": Hue.CLAY,  # tomato
}
# Which of them a hue that was chosen here becomes.
COLOUR_IDS: Final = {
    Hue.TIDE: "9",
    Hue.MOSS: "10",
    Hue.PLUM: "3",
    Hue.CLAY: "6",
    Hue.IRIS: "1",
    Hue.OCHRE: "5",
    Hue.LAGOON: "7",
    Hue.SLATE: "8",
}
_KINDS: Final = {
    "outOfOffice": EventKind.OUT_OF_OFFICE,
    "focusTime": EventKind.FOCUS_TIME,
    "workingLocation": EventKind.WORKING_LOCATION,
    "birthday": EventKind.BIRTHDAY,
}
_TYPES: Final = {
    EventKind.OUT_OF_OFFICE: ("outOfOffice", "outOfOfficeProperties"),
    EventKind.FOCUS_TIME: ("focusTime", "focusTimeProperties"),
}
_NO_TIME: Final = frozenset({EventKind.WORKING_LOCATION, EventKind.BIRTHDAY})


def read_colour(reply: Reply) -> EventColour | None:
    """The event's own colour; none for a number that Google does not explain."""
    word = reply.text("colorId")
    hue = _HUES.get(word)
    return None if hue is None else EventColour(hue, word)


def read_kind(reply: Reply) -> EventKind:
    """A plain event for what we have no word for, such as one from a mail."""
    return _KINDS.get(reply.text("eventType"), EventKind.NORMAL)


def takes_time(reply: Reply) -> bool:
    """Whether it counts as busy: a birthday or a place to work at does not, whatever it says."""
    return reply.text("transparency") != "transparent" and read_kind(reply) not in _NO_TIME


def colour_change(draft: EventDraft) -> Json:
    """The colour of a patch; null takes it away, and the calendar's shows."""
    if draft.colour is UNSET:
        return {}
    return {"colorId": draft.colour and (draft.colour.remote or COLOUR_IDS[draft.colour.hue])}


def kind_of_new(draft: EventDraft) -> Json:
    """The kind of a new event. It is for good, so no change has one. Raises Unsupported.

    Google's own pages decline other meetings then. We say that none is declined, as nobody asked.
    """
    if draft.kind is UNSET or draft.kind is EventKind.NORMAL:
        return {}
    if draft.kind not in _TYPES:
        raise Unsupported(draft.kind.label, f"{draft.kind.label} cannot be made here.")
    name, details = _TYPES[draft.kind]
    return {
        "eventType": name,
        "transparency": "opaque",
        details: {"autoDeclineMode": "declineNone"},
    }
