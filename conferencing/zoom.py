"""Zoom meetings of one connected account. https://developers.zoom.us/docs/api/meetings"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

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
    from collections.abc import Callable

    from common.http import Answer
    from common.secrets import Secret

SCHEDULED: Final = 2
# A meeting without times of its own: one link for a whole series, whose calendar has the times.
RECURRING: Final = 3
_TOPIC_LENGTH: Final = 200
_AGENDA_LENGTH: Final = 2000
_ABOVE_NUMBERS: Final = 2**63
_ADDRESS: Final = re.compile(r"https?://[!-~]{1,990}\Z")
_UNREADABLE = "Zoom gave an answer that could not be read."


class RoomGone(UpstreamError):
    """The meeting was deleted, has ended, or is not this account's. Deleting swallows this."""

    code = "conference_gone"
    status = 410
    default_message = "This Zoom meeting no longer exists."


@dataclass(frozen=True, slots=True)
class ZoomRoom:
    """A meeting as its guests need it. The host's start address is never read."""

    remote_id: str
    join_url: str
    password: str = field(default="", repr=False)


class ZoomClient:
    """One Zoom account, for the length of one operation. Every method raises UpstreamError."""

    def __init__(self, token: Secret, *, api_url: str, time_limit: timedelta) -> None:
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._session = ProviderSession("Zoom", time_limit=time_limit)

    def identify(self) -> Identity:
        """Whose account it is."""
        person = self._call("GET", "users/me")
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
        return _room(self._call("POST", "users/me/meetings", body))

    def get_meeting(self, remote_id: str) -> ZoomRoom:
        """The meeting. Raises RoomGone."""
        return _room(self._call("GET", f"meetings/{_number(remote_id)}"))

    def update_meeting(
        self,
        remote_id: str,
        *,
        topic: str | None = None,
        start: datetime | None = None,
        duration: timedelta | None = None,
        timezone: str | None = None,
    ) -> None:
        """Change what is given; its link stays. Raises RoomGone."""
        body: dict[str, object] = {} if topic is None else {"topic": topic[:_TOPIC_LENGTH]}
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
    return ZoomRoom(str(number), url, password)


def _limited(answer: Answer) -> RateLimited:
    """Zoom counts by second and by day; on the daily limit Retry-After is a datetime."""
    return RateLimited("Zoom takes no more meetings right now.", answer.retry_after)


_SCOPES = "The Zoom account has not allowed this. Connect it again."
_BY_CODE: dict[int, Callable[[Answer], UpstreamError]] = {
    124: lambda _: ReconnectNeeded(),
    200: lambda _: UpstreamForbidden("The Zoom account may not do this."),
    201: lambda _: UpstreamForbidden("The Zoom account may not do this."),
    1001: lambda _: ReconnectNeeded("This Zoom account no longer exists. Connect another one."),
    1010: lambda _: ReconnectNeeded("This Zoom account no longer exists. Connect another one."),
    3000: lambda _: RoomGone(),
    3001: lambda _: RoomGone(),
    3002: lambda _: UpstreamConflict("This Zoom meeting is running right now."),
    3003: lambda _: UpstreamForbidden("Only the host of this Zoom meeting may change it."),
    3007: lambda _: RoomGone(),
    4700: lambda _: UpstreamForbidden(_SCOPES),
    4711: lambda _: UpstreamForbidden(_SCOPES),
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
