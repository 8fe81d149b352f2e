"""Graph's change and lifecycle notices: many in one call, of several subscriptions.

https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
https://learn.microsoft.com/en-us/graph/change-notifications-lifecycle-events
"""

from __future__ import annotations

import json
from typing import Final

from calendars.providers.notices import Notice, NoticeKind
from calendars.providers.reading import Reply
from common.errors import BadReply

# A call with more is none of Graph's.
MOST: Final = 1000
_LIFECYCLE: Final = {
    "reauthorizationRequired": NoticeKind.RENEW,
    "subscriptionRemoved": NoticeKind.ENDED,
    "missed": NoticeKind.MISSED,
}


def read_notices(body: bytes) -> list[Notice]:
    """The notices of a call. Raises BadReply."""
    try:
        items = Reply(json.loads(body)).parts("value")
    except (ValueError, RecursionError):
        raise BadReply from None
    if not items or len(items) > MOST:
        raise BadReply
    return [_notice(item) for item in items]


def _notice(item: Reply) -> Notice:
    event = item.text("lifecycleEvent")
    # What Graph may say of a channel one day is answered by reading the changes.
    kind = _LIFECYCLE.get(event, NoticeKind.MISSED) if event else NoticeKind.CHANGED
    return Notice(
        kind=kind,
        channel_remote_id=item.needed("subscriptionId"),
        secret=item.text("clientState"),
    )
