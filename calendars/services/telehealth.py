"""Join links of ours on events: what is written into an event's text, and when."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from calendars.providers.base import UNSET
from calendars.sittings import account_of
from conferencing.enums import Conference
from conferencing.telehealth import rooms
from conferencing.telehealth.links import join_url, room_in

if TYPE_CHECKING:
    from calendars.models import Calendar, Event
    from calendars.providers.base import EventDraft


def for_new(calendar: Calendar, draft: EventDraft) -> EventDraft:
    """The routed draft of a new event, with a link of ours where the workspace has telehealth.

    A draft that brings its own link keeps it: the event speaks for that room from now on. The same
    idempotency key gives the same room.
    """
    account = account_of(calendar.connection)
    if isinstance(draft.join_url, str):
        rooms.adopt(calendar.workspace_id, room_in(draft.join_url), account=account)
        return draft
    if not _wants_one(draft) or not rooms.is_on(calendar.workspace):
        return draft
    key = f"event:{draft.idempotency_key}"
    room = rooms.open_room(workspace=calendar.workspace, key=key, account=account)
    return replace(draft, join_url=join_url(room.pk))


def for_change(event: Event, draft: EventDraft) -> EventDraft:
    """The routed draft of a change: the link comes and goes with the conference.

    A new description does not lose it. A room that was called off with its link is never opened
    again: who chooses a conference anew gets another one.
    """
    if event.room_id is not None:
        if draft.conference is Conference.NONE:
            return replace(draft, join_url=None)
        if draft.description is not UNSET:
            return replace(draft, join_url=join_url(event.room_id))
        return draft
    if not _wants_one(draft) or not event.is_organizer or not rooms.is_on(event.calendar.workspace):
        return draft
    room = rooms.open_room(
        workspace=event.calendar.workspace,
        key=f"event:{event.pk}:{uuid.uuid4().hex}",
        account=account_of(event.calendar.connection),
    )
    return replace(draft, join_url=join_url(room.pk))


def _wants_one(draft: EventDraft) -> bool:
    return draft.conference is not UNSET and draft.conference is not Conference.NONE
