"""An event's meeting link in words: ready, on its way, or missing, with the reason and a way on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calendars.enums import ConferenceState
from calendars.phrases import as_of
from calendars.prose import is_web_address
from conferencing import failures
from conferencing.enums import Conference

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from calendars.queries import SeenEvent

_NAMES = {
    Conference.MEET.value: "Google Meet",
    Conference.TEAMS.value: "Teams",
    Conference.ZOOM.value: "Zoom",
}
_TIMES = {1: "asked for once", 2: "asked for twice"}


@dataclass(frozen=True, slots=True)
class JoinLink:
    """The meeting link and its state. `url` is blank unless it is ready and a web address.

    `note` is why it is missing or not the preferred kind, `remedy` what would change that, and
    `history` since when it is as it is and how often it was asked for.
    """

    name: str
    maker: str
    state: ConferenceState
    url: str
    note: str
    remedy: str
    history: str
    can_retry: bool


def link_name(conference: str) -> str:
    """`Google Meet`, for the conference of an event."""
    return _NAMES.get(conference, "Video call")


def join_link(event: SeenEvent, zone: ZoneInfo, now: datetime) -> JoinLink | None:
    """What the details of an event say of its meeting link; None without one."""
    if not event.conference_state and not event.conference_url:
        return None
    state = ConferenceState(event.conference_state or ConferenceState.READY)
    url = event.conference_url if is_web_address(event.conference_url) else ""
    failed, failure = state == ConferenceState.FAILED, event.conference_failure
    return JoinLink(
        name=link_name(event.conference),
        maker=failures.maker_of(event.conference),
        state=state,
        url=url if state == ConferenceState.READY else "",
        note=event.conference_note,
        remedy=failures.remedy(failure) if failed else "",
        history=_history(event, zone, now),
        can_retry=failed and event.is_organizer and failures.can_retry(failure),
    )


def _history(event: SeenEvent, zone: ZoneInfo, now: datetime) -> str:
    """`Since 14:05, asked for twice`."""
    if event.conference_since_at is None:
        return ""
    since = f"Since {as_of(event.conference_since_at, zone, now)}"
    tries = event.conference_tries
    return f"{since}, {_TIMES.get(tries, f'asked for {tries} times')}" if tries else since
