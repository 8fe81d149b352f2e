"""Zoom meetings of one connected account. https://developers.zoom.us/docs/api/meetings"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamConflict,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.http import ProviderSession
from common.oauth_spec import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from common.http import Answer
    from common.secrets import Secret

SCHEDULED: Final = 2
# A meeting without times of its own: one link for a whole series, whose calendar has the times.
RECURRING: Final = 3
_HOSTS: Final = ("zoom.us", "zoom.com", "zoomgov.com", "zoom.com.cn")
_TOPIC_LENGTH: Final = 200
_AGENDA_LENGTH: Final = 2000
_ABOVE_NUMBERS: Final = 2**63
# It is written into the texts of events: no sign that ends a tag, and no user name before a host.
_ADDRESS: Final = re.compile(
    r"""https?://[A-Za-z0-9.:-]{1,260}(?:[/?#](?:(?!["'<>\\`])[!-~]){0,720})?\Z"""
)
_UNREADABLE = "Zoom gave an answer that could not be read."


_PAGE: Final = 300
# More meetings than a person can have; a list that goes on after them is none.
_PAGES: Final = 100


class DailyLimit(RateLimited):
    """The account has used up its creates and changes of the day, 100 of them.

    https://developers.zoom.us/docs/api/rate-limits
    """


class ScopeMissing(UpstreamForbidden):
    """The consent lacks a scope: the account works, and has to be connected again for this."""

    code = "reconnect_needed"
    status = 409

    def __init__(self, scope: str = "") -> None:
        self.scope = scope
        named = f" ({scope} is missing)" if scope else ""
        super().__init__(f"Zoom has not allowed this{named}. Connect Zoom again and allow it.")

    def for_key(self) -> ScopeMissing:
        """The same of an app that acts for a whole account, whom nobody consents to."""
        scope = self.scope if self.scope.endswith(":admin") else f"{self.scope}:admin"
        named = f" ({scope} is missing)" if self.scope else ""
        self.message = (
            f"Zoom has not allowed this{named}. Ask whoever runs Zoom for this workspace to add it "
            "to the app's scopes, then try again."
        )
        self.is_told = True
        return self


class RoomGone(UpstreamError):
    """The meeting was deleted, has ended, or is not this account's. Deleting swallows this."""

    code = "conference_gone"
    status = 410
    default_message = "This Zoom meeting no longer exists."


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A meeting as Zoom's list shows it; of the agenda the first 250 characters."""

    remote_id: str
    join_url: str
    agenda: str


@dataclass(frozen=True, slots=True)
class ZoomRoom:
    """A meeting as its guests need it. The host's start address is never read."""

    remote_id: str
    join_url: str
    password: str = field(default="", repr=False)
    topic: str = field(default="", compare=False)


def is_zoom_address(url: str, api_url: str) -> bool:
    """Whether the address is at Zoom's own hosts, or where the API at `api_url` is served from."""
    if "\\" in url or "@" in url.partition("?")[0]:
        return False  # browsers and we might see another host in it
    there = urlsplit(url)
    if there.netloc == urlsplit(api_url).netloc:
        return True
    host = there.hostname or ""
    return there.scheme == "https" and any(
        host == known or host.endswith(f".{known}") for known in _HOSTS
    )


class ZoomClient:
    """One Zoom account, for the length of one operation. Every method raises UpstreamError."""

    def __init__(
        self, token: Secret, *, api_url: str, time_limit: timedelta, user: str = "me"
    ) -> None:
        """`user` is whose meetings are meant: a user's own token may say `me` only."""
        self._token = token
        self._whose = f"users/{quote(user, safe='@')}"
        self._api_url = api_url.rstrip("/")
        self._session = ProviderSession("Zoom", time_limit=time_limit)

    def identify(self) -> Identity:
        """Whose account it is."""
        person = self._call("GET", self._whose)
        account, email = person.get("id"), person.get("email")
        if not isinstance(account, str) or not account or not isinstance(email, str):
            raise BadReply(_UNREADABLE)
        return Identity(account, email)

    def create_meeting(
        self,
        *,
        topic: str,
        start: datetime,
        duration: timedelta,
        timezone: str,
        agenda: str = "",
        is_series: bool = False,
    ) -> ZoomRoom:
        """Make a meeting. Zoom has no idempotency key: a repeat makes a second one.

        Who may enter and when (waiting room, before the host) is left to the account's settings.
        """
        body: dict[str, object] = {
            "topic": topic[:_TOPIC_LENGTH],
            "type": RECURRING if is_series else SCHEDULED,
        }
        if agenda:
            body["agenda"] = agenda[:_AGENDA_LENGTH]
        if not is_series:
            body |= {**_times(start, duration), "timezone": timezone}
        return _room(self._call("POST", f"{self._whose}/meetings", body))

    def get_meeting(self, remote_id: str) -> ZoomRoom:
        """The meeting. Raises RoomGone."""
        return _room(self._call("GET", f"meetings/{_number(remote_id)}"))

    def list_meetings(self) -> Iterator[ListedRoom]:
        """The account's meetings that have not run out, page by page, instant ones left out.

        https://developers.zoom.us/docs/api/meetings, "List meetings"; wants the scope
        `meeting:read:list_meetings`.
        """
        params = {"type": "scheduled", "page_size": str(_PAGE)}
        for _ in range(_PAGES):
            answer = self._call("GET", f"{self._whose}/meetings", params=params)
            records = answer.get("meetings")
            if not isinstance(records, list):
                raise BadReply(_UNREADABLE)
            yield from map(_listed, records)
            token = answer.get("next_page_token") or ""
            if not isinstance(token, str):
                raise BadReply(_UNREADABLE)
            if not token:
                return
            params["next_page_token"] = token
        raise BadReply(_UNREADABLE)

    def update_meeting(
        self,
        remote_id: str,
        *,
        topic: str | None = None,
        start: datetime | None = None,
        duration: timedelta | None = None,
        timezone: str | None = None,
        is_series: bool = False,
    ) -> None:
        """Change what is given; its link stays. Raises RoomGone.

        With `is_series` it becomes one without times of its own, which does not run out.
        """
        body: dict[str, object] = {} if topic is None else {"topic": topic[:_TOPIC_LENGTH]}
        if is_series:
            body["type"] = RECURRING
        body |= _times(start, duration)
        if timezone is not None:
            body["timezone"] = timezone
        if body:
            self._call("PATCH", f"meetings/{_number(remote_id)}", body)

    def delete_meeting(self, remote_id: str) -> None:
        """Delete it; one already gone is a success. Zoom mails nobody: the calendar does."""
        try:
            self._call("DELETE", f"meetings/{_number(remote_id)}", params=_SILENT)
        except RoomGone:
            return

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        *,
        params: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self._session.send(
            method, f"{self._api_url}/{path}", token=self._token, json=body, params=params
        )
        if not answer.ok:
            raise error_for(answer)
        if answer.data is None:
            return {}
        if not isinstance(answer.data, dict):
            raise BadReply(_UNREADABLE)
        return answer.data


_SILENT: Final = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}


def _times(start: datetime | None, duration: timedelta | None) -> dict[str, object]:
    """A `Z` makes Zoom take the time as UTC; whole minutes, from one to a day."""
    body: dict[str, object] = {}
    if start is not None:
        body["start_time"] = f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if duration is not None:
        body["duration"] = min(max(1, round(duration.total_seconds() / 60)), 1440)
    return body


def _number(remote_id: str) -> str:
    """A meeting's id goes into an address: it has to be the number that it is."""
    if not (remote_id.isascii() and remote_id.isdigit()):
        raise RoomGone
    return remote_id


def _room(record: dict[str, Any]) -> ZoomRoom:
    number, url, password = record.get("id"), record.get("join_url"), record.get("password", "")
    is_number = isinstance(number, int) and 0 < number < _ABOVE_NUMBERS
    if not is_number or isinstance(number, bool) or not isinstance(password, str):
        raise BadReply(_UNREADABLE)
    if not isinstance(url, str) or not _ADDRESS.match(url):
        raise BadReply(_UNREADABLE)
    topic = record.get("topic")
    return ZoomRoom(str(number), url, password, topic if isinstance(topic, str) else "")


def _listed(record: object) -> ListedRoom:
    if not isinstance(record, dict):
        raise BadReply(_UNREADABLE)
    room, agenda = _room({**record, "password": ""}), record.get("agenda") or ""
    if not isinstance(agenda, str):
        raise BadReply(_UNREADABLE)
    return ListedRoom(room.remote_id, room.join_url, agenda)


def _limited(answer: Answer) -> RateLimited:
    """Zoom counts by second and by day; the day's end is a datetime in Retry-After, or missing."""
    kind = answer.headers.get("x-ratelimit-type", "").lower()
    words = _message(answer).lower()
    if "daily" in kind or "daily" in words:
        day_after = answer.received_at.astimezone(UTC).date() + timedelta(days=1)
        midnight = datetime(day_after.year, day_after.month, day_after.day, tzinfo=UTC)
        wait = answer.retry_after or midnight - answer.received_at
        return DailyLimit("Zoom takes no more meetings today.", wait)
    return RateLimited("Zoom takes no more requests right now.", answer.retry_after)


def _unknown_user(_: Answer) -> UpstreamError:
    return ReconnectNeeded("This Zoom account no longer exists. Connect another one.")


def _scopes(answer: Answer) -> UpstreamError:
    """The scope that is missing, where Zoom names one."""
    named = _SCOPE.findall(_message(answer))
    finest = max(named, key=lambda scope: scope.count(":"), default="")
    return ScopeMissing(finest.removesuffix(":admin"))


def _message(answer: Answer) -> str:
    """Zoom's own words: to look things up in, never to be shown."""
    words = answer.data.get("message") if isinstance(answer.data, dict) else None
    return words if isinstance(words, str) else ""


_SCOPE: Final = re.compile(r"\b(?:meeting|user)(?::[a-z_]{1,30}){1,3}\b")
_BY_CODE: dict[int, Callable[[Answer], UpstreamError]] = {
    124: lambda _: ReconnectNeeded(),
    200: lambda _: UpstreamForbidden("The Zoom account may not do this."),
    201: lambda _: UpstreamForbidden("The Zoom account may not do this."),
    1001: _unknown_user,
    1010: _unknown_user,
    3000: lambda _: RoomGone(),
    3001: lambda _: RoomGone(),
    3002: lambda _: UpstreamConflict("This Zoom meeting is running right now."),
    3003: lambda _: UpstreamForbidden("Only the host of this Zoom meeting may change it."),
    3007: lambda _: RoomGone(),
    4700: _scopes,
    4711: _scopes,
    429: _limited,
}
_BY_STATUS: dict[int, Callable[[Answer], UpstreamError]] = {
    401: lambda _: ReconnectNeeded(),
    403: lambda _: UpstreamForbidden("The Zoom account may not do this."),
    404: lambda _: RoomGone(),
    409: lambda _: UpstreamConflict(),
    429: _limited,
}


def error_for(answer: Answer) -> UpstreamError:
    """The error for an answer that is no success, by its code first.

    Code 300 says nothing by itself: it stands for a bad field and for a meeting that is gone.
    """
    code = answer.data.get("code") if isinstance(answer.data, dict) else None
    meaning = _BY_CODE.get(code) if isinstance(code, int) else None
    meaning = meaning or _BY_STATUS.get(answer.status)
    if meaning is not None:
        return meaning(answer)
    if answer.status == 503 and answer.retry_after is not None:
        return _limited(answer)
    if answer.status >= 500 or answer.status == 408:
        return UpstreamUnavailable("Zoom did not answer. Try again.")
    if answer.status >= 400:
        return Unsupported("this meeting", "Zoom refused this meeting as it stands.")
    return BadReply(_UNREADABLE)
