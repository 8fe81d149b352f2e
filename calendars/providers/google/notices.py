"""Google's notices: everything stands in headers, the body is empty.

https://developers.google.com/workspace/calendar/api/guides/push
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calendars.providers.notices import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENED: Final = "sync"


def read_notice(headers: Mapping[str, str]) -> Notice | None:
    """The notice of a request, None when it is none."""
    channel = headers.get("X-Goog-Channel-ID", "")
    state = headers.get("X-Goog-Resource-State", "")
    if not channel or not state:
        return None
    return Notice(
        kind=NoticeKind.OPENED if state == _OPENED else NoticeKind.CHANGED,
        channel_remote_id=channel,
        secret=headers.get("X-Goog-Channel-Token", ""),
        resource_remote_id=headers.get("X-Goog-Resource-ID", ""),
    )
