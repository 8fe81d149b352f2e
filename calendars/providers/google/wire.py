"""Requests to the Calendar API: pages, etags, refusals as errors of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from calendars.providers.google.errors import error_for
from calendars.providers.reading import Reply
from common.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import RemoteCalendar
    from common.http import Answer

MOST_PAGES: Final = 400


class Google:
    """One account's door to the API."""

    def __init__(self, account: RemoteAccount, label: str) -> None:
        self._account = account
        self._session = account.open_session(label)

    def pages(
        self, path: str, params: Mapping[str, str], *, first: str = "", on_event: bool = False
    ) -> Iterator[Reply]:
        """Every page from the `first` on; a page may be empty and still not the last.

        Raises BadReply on a loop.
        """
        token = first
        for _ in range(MOST_PAGES):
            page = self.call(
                "GET",
                path,
                params={**params, "pageToken": token} if token else params,
                on_event=on_event,
            )
            if "items" not in page:
                # An answer without a list is not an empty one.
                raise BadReply
            yield page
            following = page.text("nextPageToken")
            if not following:
                return
            if following == token:
                break
            token = following
        raise BadReply

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        etag: str = "",
        on_event: bool = False,
        has_reply: bool = True,
    ) -> Reply:
        answer = self.send(method, path, params=params, json=json, etag=etag)
        if not answer.ok:
            raise error_for(answer, on_event=on_event)
        return Reply(answer.data if has_reply else {})

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        etag: str = "",
    ) -> Answer:
        """The answer as it came, a refusal too."""
        return self._session.send(
            method,
            self._account.address(path),
            token=self._account.token,
            json=json,
            params=params,
            headers={"If-Match": etag} if etag else None,
        )


def events_path(calendar: RemoteCalendar) -> str:
    return f"calendars/{quote(calendar.remote_id, safe='')}/events"


def event_path(calendar: RemoteCalendar, event_remote_id: str) -> str:
    return f"{events_path(calendar)}/{quote(event_remote_id, safe='')}"


def write_params(*, notify: bool) -> dict[str, str]:
    # Without the version Google drops conference data silently, also such as is already there.
    return {"conferenceDataVersion": "1", "sendUpdates": "all" if notify else "none"}


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
