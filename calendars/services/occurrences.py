"""An occurrence that the mirror has from a rule, as its provider has it: asked before a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.providers.errors import EventGone
from calendars.services import mirror

if TYPE_CHECKING:
    from calendars.models import Event
    from calendars.providers.base import CalendarProvider, RemoteEvent


def at_provider(provider: CalendarProvider, event: Event) -> RemoteEvent | None:
    """The occurrence, with the provider's id and etag; None for what has them already.

    Raises EventGone and other UpstreamErrors.
    """
    if event.remote_id:
        return None
    if event.original_start_at is None:
        raise EventGone
    return provider.get_occurrence(
        mirror.as_remote(event.calendar), event.series_remote_id, event.original_start_at
    )


def remote_id_of(provider: CalendarProvider, event: Event) -> str:
    """The provider's id of the event, blank for an occurrence that is no longer there."""
    try:
        found = at_provider(provider, event)
    except EventGone:
        return ""
    return found.remote_id if found else event.remote_id
