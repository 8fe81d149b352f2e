"""Meetings in Zoom accounts: wished for once, made once, told of changes, deleted for certain."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from common import outbox
from common.errors import ReconnectNeeded, UpstreamError, UpstreamUnavailable
from common.leases import drop_lease, take_lease
from conferencing.models import ZoomMeeting
from conferencing.services.accounts import opened, zoom_connections_of
from conferencing.usage import Wish
from conferencing.zoom import RoomGone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from conferencing.zoom import ListedRoom, ZoomClient, ZoomRoom
    from workspaces.owners import Owner

logger = logging.getLogger(__name__)

# Longer than looking for it, making it and a refresh of the token may take.
WORKING: Final = timedelta(seconds=75)
# A lost answer is looked into when whoever asked has had time to ask again.
DOUBT_LASTS: Final = timedelta(minutes=5)
# Handled by the app whose events meet in it.
ROOM_GONE_KIND: Final = "conferencing.zoom_room_gone"
_WAIT_FOR_OTHERS: Final = timedelta(seconds=10)
_LOOK_EVERY: Final = 0.05


def create_zoom_meeting(
    *,
    owner: Owner,
    intent_key: str,
    topic: str,
    start: datetime,
    duration: timedelta,
    timezone_name: str,
    is_series: bool,
    actor: Actor,
) -> ZoomMeeting:
    """A Zoom meeting in the owner's account; the same `intent_key` gives the same meeting.

    The wish is written before the call, because Zoom has no idempotency key of its own, and one
    caller at a time makes it. Where nobody knows what became of an earlier try, the meeting is
    looked for by its mark before another is made. Raises ReconnectNeeded without a usable
    account, and UpstreamError.
    """
    connection = zoom_connections_of(owner).filter(state=ConnectionState.ACTIVE).first()
    if connection is None:
        raise ReconnectNeeded("Zoom is not connected. Connect it first.")
    wish = Wish(topic, start, duration, timezone_name, is_series)
    meeting, _ = ZoomMeeting.objects.get_or_create(
        connection=connection,
        intent_key=intent_key,
        defaults={"workspace": owner.workspace, "due_at": timezone.now() + DOUBT_LASTS},
    )
    holder = _lease_to_make(meeting)
    if holder is None:
        return meeting
    reason = AccessReason.ZOOM_MEETING_CREATE
    try:
        with opened(connection, owner.workspace, actor, reason) as zoom:
            if not _is_there_still(zoom, meeting):
                found = _found(zoom, meeting)
                room = found or _made(zoom, meeting, wish)
                meeting.remote_id, meeting.join_url = room.remote_id, room.join_url
                meeting.told = "" if found else wish.fingerprint
        meeting.deleted_at = meeting.deletion_wanted_at = None
        meeting.failures, meeting.due_at = 0, timezone.now() + DOUBT_LASTS
        meeting.save(
            update_fields=["remote_id", "join_url", "told", "attempted_at", "deleted_at",
                           "deletion_wanted_at", "failures", "due_at", "updated_at"]
        )  # fmt: skip
    finally:
        drop_lease(meeting, holder)
    return meeting


def _lease_to_make(meeting: ZoomMeeting) -> str | None:
    """The lease under which to make the meeting; None when it is there, made by whomever.

    Raises UpstreamUnavailable while another caller has been at it for long.
    """
    give_up = time.monotonic() + _WAIT_FOR_OTHERS.total_seconds()
    while True:
        holder = take_lease(meeting, now=timezone.now(), lasts=WORKING)
        meeting.refresh_from_db()
        if meeting.is_there and meeting.deletion_wanted_at is None:
            if holder is not None:
                drop_lease(meeting, holder)
            return None
        if holder is not None:
            return holder
        if time.monotonic() > give_up:
            raise UpstreamUnavailable("The Zoom meeting is being made. Try again in a moment.")
        time.sleep(_LOOK_EVERY)


def _is_there_still(zoom: ZoomClient, meeting: ZoomMeeting) -> bool:
    """Whether one that was to be deleted is still to be had."""
    if not meeting.is_there:
        return False
    try:
        zoom.get_meeting(meeting.remote_id)
    except RoomGone:
        return False
    return True


def _found(zoom: ZoomClient, meeting: ZoomMeeting) -> ListedRoom | None:
    """The meeting that an earlier try made without our hearing of it."""
    if meeting.attempted_at is None:
        return None
    return next((one for one in zoom.list_meetings() if bears_mark(one, meeting)), None)


def bears_mark(room: ListedRoom, meeting: ZoomMeeting) -> bool:
    """Whether it was made for this wish, and by us: nobody else knows the mark."""
    return room.agenda.split("\n", 1)[0].strip() == meeting.mark


def _made(zoom: ZoomClient, meeting: ZoomMeeting, wish: Wish) -> ZoomRoom:
    """Make it, and note before that it was tried: this process may not live to hear of it."""
    is_first = meeting.attempted_at is None
    meeting.attempted_at = timezone.now()
    meeting.remote_id = meeting.join_url = ""
    meeting.deleted_at = meeting.deletion_wanted_at = None
    meeting.save(
        update_fields=["attempted_at", "remote_id", "join_url", "deleted_at",
                       "deletion_wanted_at", "updated_at"]
    )  # fmt: skip
    try:
        room = zoom.create_meeting(
            topic=wish.topic,
            start=wish.start,
            duration=wish.duration,
            timezone=wish.timezone,
            agenda=meeting.mark,
            is_series=wish.is_series,
        )
    except UpstreamError as error:
        if is_first and not is_undecided(error):
            ZoomMeeting.objects.filter(pk=meeting.pk).update(attempted_at=None)
        raise
    if is_first:
        meeting.attempted_at = None
    return room


def is_undecided(error: UpstreamError) -> bool:
    """Whether what was asked for may have been done all the same."""
    return isinstance(error, UpstreamUnavailable)


def zoom_meeting_at(workspace_id: UUID, join_url: str) -> ZoomMeeting | None:
    """The meeting of ours that has this join link."""
    if not join_url:
        return None
    rows = ZoomMeeting.objects.filter(
        workspace_id=workspace_id, join_url=join_url, deleted_at__isnull=True
    )
    return rows.select_related("workspace", "connection__workspace").first()


def zoom_meeting_of(workspace_id: UUID, event_id: UUID) -> ZoomMeeting | None:
    """The meeting, made or only wished for, that belongs to this event."""
    rows = ZoomMeeting.objects.filter(
        workspace_id=workspace_id, event_id=event_id, deleted_at__isnull=True
    )
    return rows.order_by("-updated_at").first()


def zoom_meeting_for(workspace_id: UUID, intent_key: str) -> ZoomMeeting | None:
    """The meeting that was wanted under this key, made or not, if it is not deleted."""
    rows = ZoomMeeting.objects.filter(
        workspace_id=workspace_id, intent_key=intent_key, deleted_at__isnull=True
    )
    return rows.select_related("workspace", "connection__workspace").first()


def read_zoom_meeting(*, meeting: ZoomMeeting, actor: Actor) -> ZoomRoom:
    """The meeting as Zoom has it now, for who checks it. Raises RoomGone, UpstreamError."""
    with opened(meeting.connection, meeting.workspace, actor, AccessReason.VERIFY) as zoom:
        return zoom.get_meeting(meeting.remote_id)


def tie_zoom_meeting(meeting: ZoomMeeting, event_id: UUID) -> None:
    """Note which event the meeting belongs to."""
    if meeting.event_id != event_id:
        meeting.event_id = event_id
        ZoomMeeting.objects.filter(pk=meeting.pk).update(event_id=event_id)


def retie_zoom_meetings(workspace_id: UUID, ids: Mapping[UUID, UUID]) -> None:
    """Note the ids that events have now, by those that they had."""
    tied = ZoomMeeting.objects.filter(workspace_id=workspace_id, event_id__in=list(ids))
    for meeting in tied.only("event_id"):
        assert meeting.event_id is not None  # it is one of these
        tie_zoom_meeting(meeting, ids[meeting.event_id])


def tie_wish(workspace_id: UUID, intent_key: str, event_id: UUID) -> None:
    """Note which event a meeting is wished for that could not be made."""
    rows = ZoomMeeting.objects.filter(workspace_id=workspace_id, intent_key=intent_key)
    rows.update(event_id=event_id)


def update_zoom_meeting(*, meeting: ZoomMeeting, wish: Wish, actor: Actor) -> None:
    """Let Zoom say what is wished for, if it does not; what failed is tried again by the sweep.

    Raises UpstreamError, and RoomGone when somebody deleted it there.
    """
    if meeting.told == wish.fingerprint:
        return
    try:
        with opened(
            meeting.connection, meeting.workspace, actor, AccessReason.ZOOM_MEETING_UPDATE
        ) as zoom:
            tell(zoom, meeting, wish)
    except UpstreamError:
        ZoomMeeting.objects.filter(pk=meeting.pk).update(told="", due_at=timezone.now())
        raise


def tell(zoom: ZoomClient, meeting: ZoomMeeting, wish: Wish) -> None:
    """Tell Zoom what the meeting is to say.

    Raises UpstreamError, and RoomGone when somebody deleted it there, which the outbox tells on.
    """
    try:
        zoom.update_meeting(
            meeting.remote_id,
            topic=wish.topic,
            start=None if wish.is_series else wish.start,
            duration=None if wish.is_series else wish.duration,
            timezone=None if wish.is_series else wish.timezone,
            is_series=wish.is_series,
        )
    except RoomGone:
        mark_deleted(meeting)
        outbox.enqueue(
            kind=ROOM_GONE_KIND,
            payload={"meeting_id": str(meeting.pk)},
            dedupe_key=f"zoom-room-gone:{meeting.pk}:{meeting.remote_id}",
            workspace_id=meeting.workspace_id,
        )
        raise
    meeting.told = wish.fingerprint
    ZoomMeeting.objects.filter(pk=meeting.pk).update(told=meeting.told)


def end_zoom_meeting(*, meeting: ZoomMeeting, actor: Actor) -> bool:
    """Nobody meets in it any more: have it deleted, now or by the sweep; whether it is gone."""
    now = timezone.now()
    ZoomMeeting.objects.filter(pk=meeting.pk, deleted_at__isnull=True).update(
        deletion_wanted_at=now, due_at=now
    )
    try:
        with opened(
            meeting.connection, meeting.workspace, actor, AccessReason.ZOOM_MEETING_DELETE
        ) as zoom:
            return delete_if_wanted(zoom, meeting)
    except UpstreamError as error:
        logger.info("a Zoom meeting is deleted later", extra={"code": error.code})
        return False


def delete_if_wanted(zoom: ZoomClient, meeting: ZoomMeeting) -> bool:
    """Delete it unless it is wished for again; whether it is gone. Raises UpstreamError."""
    holder = take_lease(meeting, now=timezone.now(), lasts=WORKING)
    if holder is None:
        return False
    try:
        meeting.refresh_from_db(fields=["remote_id", "deletion_wanted_at", "deleted_at"])
        if meeting.deleted_at is not None:
            return True
        if meeting.deletion_wanted_at is None:
            return False
        if meeting.remote_id:
            zoom.delete_meeting(meeting.remote_id)
        mark_deleted(meeting)
    finally:
        drop_lease(meeting, holder)
    return True


def mark_deleted(meeting: ZoomMeeting) -> None:
    """It is gone at Zoom. What may have been made beside it is still looked for."""
    meeting.deleted_at = timezone.now()
    ZoomMeeting.objects.filter(pk=meeting.pk).update(
        deleted_at=meeting.deleted_at, deletion_wanted_at=None, failures=0
    )
