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
# A link into a room of ours, by its shape; whether we signed it is asked where it opens something.
_OWN_URL = r"https?://[^\s<>\"']{1,200}?/join/[\w-]{22}[gbo]\.[\w-]{43}(?![\w-])"
_OWN_LINE = re.compile(rf"(?<!\n)\n*+^Join: {_OWN_URL}[ \t]*+$", re.MULTILINE)
_OWN_HTML = re.compile(
    rf"<p>Join: (?:<a [^<>]{{1,400}}>)?{_OWN_URL}(?:</a>)?</p>"
    rf"|(?:<br ?/?>)+Join: (?:<a [^<>]{{1,400}}>)?{_OWN_URL}(?:</a>)?",
    re.IGNORECASE,
)
_OWN_PLACE = re.compile(_OWN_URL)
_ZOOM_IN_TEXT = re.compile(r"^Join with Zoom: |<p>Join with Zoom: ", re.MULTILINE)
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


def without_join_line(description: str, url: str) -> str:
    """The description as it was before `with_join_line` named this link, whatever people wrote
    after it since. Their own lines stay, and so do links to elsewhere.
    """
    words = r"Join(?: with Zoom)?: "
    line = re.compile(rf"(?<!\n)\n*+^{words}{re.escape(url)}[ \t]*+$", re.MULTILINE)
    link = rf"{words}(?:<a [^<>]{{1,2400}}>)?{re.escape(escape(url))}(?![^\s<])(?:</a>)?"
    marked = re.compile(rf"<p>{link}</p>|(?:<br ?/?>){{0,4}}{link}", re.IGNORECASE)
    return marked.sub("", line.sub("", description)).lstrip("\n")


def without_zoom_line(description: str, url: str) -> str:
    """The description without the line that names this Zoom link, and else as it is."""
    line = f"Join with Zoom: {url}"
    if is_markup(description):
        address = escape(url)
        return description.replace(f'<p>Join with Zoom: <a href="{address}">{address}</a></p>', "")
    lines = description.split("\n")
    kept = [one for one in lines if one.strip() != line]
    return description if kept == lines else "\n".join(kept).strip("\n")


def with_own_line(description: str, url: str) -> str:
    """The description with the link into a room of ours, before the link that stands in for it."""
    description = without_own_line(description)
    marked = is_markup(description)
    line = f'<p>Join: <a href="{escape(url)}">{escape(url)}</a></p>' if marked else f"Join: {url}"
    found = _ZOOM_IN_TEXT.search(description)
    before, after = description, ""
    if found is not None:
        before, after = description[: found.start()], description[found.start() :]
    if marked:
        return f"{before}{line}{after}"
    return "\n\n".join(part for part in (before.strip("\n"), line) if part) + (
        f"\n{after}" if after else ""
    )


def without_own_line(description: str) -> str:
    """The description as it was before `with_own_line`."""
    if "/join/" not in description:
        return description
    return _OWN_HTML.sub("", _OWN_LINE.sub("", description)).lstrip("\n")


def own_lines(description: str) -> list[str]:
    """The lines that `with_own_line` wrote, the last one first: people may quote other links."""
    if "/join/" not in description:
        return []
    found = [*_OWN_LINE.findall(description), *_OWN_HTML.findall(description)]
    return found[::-1]


def without_own_place(location: str) -> str:
    """The location, blank where it is nothing but a link into a room of ours."""
    return "" if _OWN_PLACE.fullmatch(location.strip()) else location


def joined_text(draft: EventDraft, current: RemoteEvent | None) -> tuple[str, str] | None:
    """Description and location with the draft's join links, or without those it replaces.

    The links are added to the description, ours first, and the first is the location when there
    is no other. None when the draft leaves both as they are, or as the draft itself has them.
    """
    was = current.conference if current else None
    old = was.url if was and was.kind is Conference.ZOOM else ""
    leaves_old = (
        bool(old) and isinstance(draft.conference, Conference) and draft.conference_url != old
    )
    line = join_line(draft)
    own = draft.join_url
    if not line and not leaves_old and own is UNSET:
        return None
    description = draft.description if isinstance(draft.description, str) else ""
    location = draft.location if isinstance(draft.location, str) else ""
    if current and draft.description is UNSET:
        description = current.description
    if current and draft.location is UNSET:
        location = current.location
    if leaves_old:
        description = without_join_line(description, old)
        location = "" if location == old else location
    url = draft.conference_url if line and isinstance(draft.conference_url, str) else ""
    description = with_join_line(description, line)
    if own is not UNSET:
        description, location = without_own_line(description), without_own_place(location)
    if isinstance(own, str):
        description = with_own_line(description, own)
        location = own if location in {"", url, old} else location
    return description, location or url


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
