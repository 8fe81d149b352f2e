"""Requests to Microsoft Graph: the headers on each of them, pages, refusals as errors of ours."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from calendars.providers.microsoft.errors import error_for
from calendars.providers.reading import Reply
from common.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calendars.providers.account import RemoteAccount
    from calendars.providers.base import RemoteCalendar
    from common.http import Answer
    from common.spans import Span

MOST_PAGES: Final = 400


class Graph:
    """One account's door to Graph."""

    def __init__(self, account: RemoteAccount, label: str) -> None:
        self._account = account
        self._session = account.open_session(label)

    def pages(
        self,
        path: str,
        params: Mapping[str, str] | None,
        *,
        page_size: int = 0,
        on_event: bool = False,
    ) -> Iterator[Reply]:
        """Every page, its link followed as it is. Raises BadReply on a loop: Graph has had some."""
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self.call("GET", path, params=params, page_size=page_size, on_event=on_event)
            if "value" not in page:
                # An answer without a list is not an empty one.
                raise BadReply
            yield page
            link = page.text("@odata.nextLink")
            if not link:
                return
            # The token goes where the link points, so it may not point elsewhere.
            if link in seen or not self.is_ours(link):
                break
            seen.add(link)
            path, params = link, None
        raise BadReply

    def is_ours(self, address: str) -> bool:
        ours, theirs = urlsplit(self._account.api_url), urlsplit(address)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        etag: str = "",
        on_event: bool = False,
        page_size: int = 0,
    ) -> Reply:
        answer = self.send(method, path, params=params, json=json, etag=etag, page_size=page_size)
        if not answer.ok:
            raise error_for(answer, on_event=on_event, is_read=method == "GET")
        return Reply(answer.data)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        etag: str = "",
        page_size: int = 0,
    ) -> Answer:
        headers = {"Prefer": _prefer(page_size=page_size)}
        headers["client-request-id"] = str(uuid.uuid4())
        if etag:
            headers["If-Match"] = etag
        return self._session.send(
            method,
            path if "://" in path else self._account.address(path),
            token=self._account.token,
            json=json,
            params=params,
            headers=headers,
        )


def _prefer(*, page_size: int) -> str:
    """Ids that survive a move have to be asked for on every call, or they do not match."""
    wishes = [
        'outlook.timezone="UTC"',
        'outlook.body-content-type="html"',
        'IdType="ImmutableId"',
    ]
    if page_size:
        wishes.append(f"odata.maxpagesize={page_size}")
    return ", ".join(wishes)


def calendar_path(calendar: RemoteCalendar) -> str:
    return f"me/calendars/{quote(calendar.remote_id, safe='')}"


def event_path(event_remote_id: str) -> str:
    return f"me/events/{quote(event_remote_id, safe='')}"


def window(span: Span) -> dict[str, str]:
    return {
        "startDateTime": instant_text(span.start.isoformat()),
        "endDateTime": instant_text(span.end.isoformat()),
    }


def instant_text(text: str) -> str:
    return text.replace("+00:00", "Z")
