"""What the provider of a calendar can say of an event, and why not where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calendars.enums import STATUS_KINDS, ConferenceState, EventKind
from calendars.providers.base import UNSET, Feature
from calendars.providers.registry import provider_class
from common.errors import InvalidInput
from conferencing.enums import Conference

if TYPE_CHECKING:
    from calendars.models import Calendar, Event
    from calendars.providers.base import EventDraft

_NEEDED: Final = {
    EventKind.OUT_OF_OFFICE: Feature.OUT_OF_OFFICE,
    EventKind.FOCUS_TIME: Feature.FOCUS_TIME,
}


def colour_refusal(calendar: Calendar) -> str:
    """Why an event of this calendar can have no colour of its own; blank when it can."""
    provider = provider_class(calendar.connection.provider)
    if Feature.SECONDARY_COLOURS in provider.features:
        return ""
    return f"{provider.label} keeps no colour of a single event. It shows as its calendar does."


def kind_refusal(calendar: Calendar, kind: EventKind, was: EventKind | None = None) -> str:
    """Why an event of this calendar cannot be of that kind; blank when it can.

    `was` is the kind of an event that there is already.
    """
    provider = provider_class(calendar.connection.provider)
    are_fixed = Feature.FIXED_KINDS in provider.features
    needed = _NEEDED.get(kind)
    why = ""
    if kind is was:
        return why
    if was is not None and are_fixed:
        why = f"{provider.label} keeps an event as what it was made."
    elif kind is not EventKind.NORMAL and needed is None:
        why = f"{kind.label} is set in the calendar's own pages."
    elif needed is not None and needed not in provider.features:
        why = f"{provider.label} has no {kind.label.lower()} events."
    elif needed is not None and are_fixed and not calendar.is_primary:
        why = f"{provider.label} keeps these in the account's main calendar only."
    return why


def stay_refusal(calendar: Calendar, kind: str) -> str:
    """Why an event of that kind cannot leave its calendar; blank when it can."""
    provider = provider_class(calendar.connection.provider)
    if kind == EventKind.NORMAL or Feature.FIXED_KINDS not in provider.features:
        return ""
    what = EventKind(kind).label.lower()
    return f"{provider.label} keeps {what} events in the calendar they are in."


def link_stays(calendar: Calendar, event: Event) -> str:
    """Why the event keeps the meeting link that it has, for good; blank when it need not.

    From one event of a series on, a new series is made, which need not have it.
    """
    provider = provider_class(calendar.connection.provider)
    is_there = event.conference_state in {ConferenceState.READY, ConferenceState.PENDING}
    is_own = event.conference == provider.native_conference and is_there
    if not is_own or event.series_remote_id or Feature.LINK_REMOVAL in provider.features:
        return ""
    name = provider.native_conference.label
    return (
        f"{provider.label} cannot take the {name} meeting off an event. "
        "Make a new event without it, then delete this one."
    )


def check(draft: EventDraft, calendar: Calendar, event: Event | None = None) -> None:
    """What the draft says of colour and kind can be kept there. Raises InvalidInput.

    `event` is the one that the draft changes.
    """
    if draft.colour is not UNSET and draft.colour is not None:
        _require("hue", colour_refusal(calendar))
    was = EventKind(event.kind) if event else None
    kind = draft.kind if draft.kind is not UNSET else was or EventKind.NORMAL
    if draft.kind is not UNSET:
        _require("kind", kind_refusal(calendar, kind, was))
    if kind not in STATUS_KINDS:
        return
    if draft.busy is False:
        _require("busy", f"{kind.label} always shows as busy.")
    if Feature.FIXED_KINDS in provider_class(calendar.connection.provider).features:
        _check_fixed(draft, kind, provider_class(calendar.connection.provider).label)


def _check_fixed(draft: EventDraft, kind: EventKind, label: str) -> None:
    """What cannot stand in such an event.

    https://developers.google.com/workspace/calendar/api/guides/calendar-status for the times;
    guests, a link and a text are refused as `malformedOutOfOfficeEvent` without being documented.
    """
    if draft.all_day is True:
        _require("allDay", f"{label} keeps {kind.label.lower()} with a start and an end time only.")
    if draft.attendees is not UNSET and draft.attendees:
        _require("attendees", f"{label} invites nobody to {kind.label.lower()}.")
    if draft.conference not in {UNSET, Conference.NONE, Conference.AUTO}:
        _require("conference", f"{label} has no meeting link for {kind.label.lower()}.")
    if kind is EventKind.OUT_OF_OFFICE and draft.description is not UNSET and draft.description:
        _require("description", f"{label} keeps no notes with out of office.")


def _require(field: str, refusal: str) -> None:
    if refusal:
        raise InvalidInput(field, refusal)
