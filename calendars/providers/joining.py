"""Join links that no provider knows of (Zoom, our own rooms), kept in an event's text."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from calendars.enums import ConferenceState
from calendars.providers.base import UNSET, RemoteConference
from calendars.providers.markup import as_text, is_markup
from conferencing.enums import Conference

if TYPE_CHECKING:
    from calendars.providers.base import EventDraft, RemoteEvent

_WORDS = {Conference.ZOOM: "Join with Zoom"}
_OURS = "Join"
# The host's own `/s/` and `/wc/` addresses are not meant for guests.
_ZOOM_ADDRESS = re.compile(r"https://(?:[\w-]+\.)?zoom\.us/(?:j|my|w)/[^\s<>\"']+")
_JOIN_LINE = re.compile(r"(?<!\n)\n*+^Join(?: with Zoom)?: https?://\S+$", re.MULTILINE)
_JOIN_HTML = re.compile(
    r"<p>Join(?: with Zoom)?: (?:<a [^<>]*>)?https?://[^\s<>]+(?:</a>)?</p>$", re.IGNORECASE
)
_ZOOM_LINE = re.compile(r"^Join with Zoom: (https?://\S+)$", re.MULTILINE)


def join_line(draft: EventDraft) -> str:
    """The line of the description that names the draft's join link, blank without one."""
    if not isinstance(draft.conference_url, str) or not draft.conference_url:
        return ""
    words = _OURS
    if isinstance(draft.conference, Conference):
        words = _WORDS.get(draft.conference, _OURS)
    return f"{words}: {draft.conference_url}"


def with_join_line(description: str, line: str) -> str:
    """The description with the line at its end, once."""
    if not line or line in as_text(description).splitlines():
        return description
    if is_markup(description):
        words, _, url = line.partition(": ")
        return f'{description}<p>{words}: <a href="{escape(url)}">{escape(url)}</a></p>'
    return f"{description.rstrip()}\n\n{line}".lstrip()


def without_join_line(description: str) -> str:
    """The description as it was before `with_join_line`."""
    return _JOIN_HTML.sub("", _JOIN_LINE.sub("", description)).lstrip("\n")


def joined_text(draft: EventDraft, current: RemoteEvent | None) -> tuple[str, str] | None:
    """Description and location with the draft's join link, or without the one it replaces.

    The link is added to the description, and is the location when there is no other. None when
    the draft's conference leaves both as they are, or as the draft itself has them.
    """
    was = current.conference if current else None
    old = was.url if was and was.kind is Conference.ZOOM else ""
    leaves_old = (
        bool(old) and isinstance(draft.conference, Conference) and draft.conference_url != old
    )
    line = join_line(draft)
    if not line and not leaves_old:
        return None
    description = draft.description if isinstance(draft.description, str) else ""
    location = draft.location if isinstance(draft.location, str) else ""
    if current and draft.description is UNSET:
        description = current.description
    if current and draft.location is UNSET:
        location = current.location
    if leaves_old:
        description = without_join_line(description)
        location = "" if location == old else location
    url = draft.conference_url if line and isinstance(draft.conference_url, str) else ""
    return with_join_line(description, line), location or url


def zoom_in(description: str, location: str) -> RemoteConference | None:
    """The Zoom meeting that an event's text names, whoever put it there."""
    description = as_text(description)
    found = _ZOOM_LINE.search(description)
    address = found.group(1) if found else ""
    if not address:
        plain = _ZOOM_ADDRESS.search(location) or _ZOOM_ADDRESS.search(description)
        address = plain.group(0) if plain else ""
    if not address:
        return None
    return RemoteConference(Conference.ZOOM, ConferenceState.READY, address)
