"""Rooms as their times say: opened, moved, prepared shortly before, closed when called off.

What an event's change means for its room is found out anew from the sittings, inside the
transaction that writes the change; LiveKit hears of it from the outbox, which looks again before
it acts. A failure there never fails an event: LiveKit makes a room when the first person enters.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common import outbox
from conferencing.livekit import LiveKitClient, configured_server
from conferencing.models import TelehealthJoin, TelehealthRoom
from conferencing.telehealth.sittings import Sitting, current, sittings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from common.models import OutboxMessage
    from workspaces.models import Workspace

logger = logging.getLogger(__name__)

WARM_KIND: Final = "conferencing.warm_room"
CLOSE_KIND: Final = "conferencing.close_room"
# A room for an event that was never made is of no use to anybody.
_FORGOTTEN_AFTER: Final = timedelta(hours=1)
# How long past its start a prepared room waits for the first person.
_WAITS_FOR: Final = timedelta(minutes=30)
_AT_ONCE: Final = 200


def is_on(workspace: Workspace) -> bool:
    """Whether what is created with a meeting link in this workspace gets one of ours."""
    return workspace.telehealth_enabled and configured_server() is not None


def switch(*, workspace: Workspace, on: bool) -> None:
    """Whether what is created from now on gets a link of ours; links that are out stay good."""
    workspace.telehealth_enabled = on
    workspace.save(update_fields=["telehealth_enabled", "updated_at"])


def entered_lately(workspace: Workspace, count: int = 20) -> list[TelehealthJoin]:
    """Who was let into the workspace's rooms, the last first."""
    rows = TelehealthJoin.objects.filter(workspace=workspace).order_by("-created_at")
    return list(rows[:count])


def open_room(*, workspace: Workspace, key: str, account: str = "") -> TelehealthRoom:
    """The workspace's room of that key, made if there is none. Calls nobody.

    `account` names the calendar account whose events will speak for its times.
    """
    room, _ = TelehealthRoom.objects.get_or_create(
        workspace=workspace,
        key=key,
        defaults={"account": account, "look_at": timezone.now() + _FORGOTTEN_AFTER},
    )
    return room


def adopt(workspace_id: UUID, room_id: UUID | None, *, account: str) -> None:
    """An event of that account carries the room's link from now on and speaks for its times, in
    place of one that could not be made on another account.
    """
    if room_id is not None:
        TelehealthRoom.objects.filter(workspace=workspace_id, pk=room_id).update(account=account)


def room_of(workspace_id: UUID, room_id: UUID | None) -> TelehealthRoom | None:
    """The workspace's room of that id."""
    if room_id is None:
        return None
    rows = TelehealthRoom.objects.filter(workspace=workspace_id, pk=room_id)
    return rows.select_related("workspace").first()


def room_with(room_id: UUID) -> TelehealthRoom | None:
    """The room of that id, whosever it is: for the bearer of a link that names it."""
    return TelehealthRoom.objects.filter(pk=room_id).select_related("workspace").first()


def follow(workspace_id: UUID, room_ids: Iterable[UUID | None]) -> None:
    """What was written changed what is known of these rooms: let them follow.

    A room of which nothing is left is called off; one whose event is back is open again. Call it
    in the transaction that wrote.
    """
    wanted = {room_id for room_id in room_ids if room_id is not None}
    if not wanted:
        return
    with transaction.atomic():
        _settle(_locked(Q(workspace=workspace_id, pk__in=wanted)), timezone.now(), told=True)


def look(room: TelehealthRoom, now: datetime) -> list[Sitting]:
    """Bring the room up to date before it is acted on; all that is known of its times.

    Of times that nobody knows any more (an account was disconnected) the last known ones stand.
    """
    with transaction.atomic():
        found = _settle(_locked(Q(pk=room.pk)), now, told=False)
    room.refresh_from_db()
    return found.get(room.pk, [])


def look_at_due_rooms(now: datetime) -> int:
    """Go on to the next time of a series, and forget rooms for events that were never made.

    Answers how many rooms were looked at.
    """
    with transaction.atomic():
        rooms = _locked(Q(look_at__lte=now), at_most=_AT_ONCE)
        _settle(rooms, now, told=False)
    forgotten = Q(start_at__isnull=True, created_at__lte=now - _FORGOTTEN_AFTER)
    for room in rooms:
        TelehealthRoom.objects.filter(forgotten, pk=room.pk, joins__isnull=True).delete()
    return len(rooms)


def call_off(room: TelehealthRoom) -> None:
    """Nobody enters from now on, and who is in is sent out."""
    with transaction.atomic():
        for row in _locked(Q(pk=room.pk)):
            _revoke(row, timezone.now())
    room.refresh_from_db()


# --- What the outbox does ---


def warm(message: OutboxMessage) -> None:
    """Have the room there shortly before its start. Raises UpstreamError."""
    room = _meant_by(message)
    server = configured_server()
    if room is None or server is None:
        return
    now = timezone.now()
    turn = room.turns
    look(room, now)
    if room.turns != turn or room.revoked_at or room.start_at is None or room.end_at is None:
        return
    if now > room.end_at:
        return
    client = LiveKitClient(server, now=now, time_limit=settings.PROVIDER_TIMEOUT)
    client.ensure_room(room.name, empty_for=max(room.start_at - now, timedelta(0)) + _WAITS_FOR)
    if not note_warmed(room, now):
        # Called off while it was made.
        client.delete_room(room.name)


def note_warmed(room: TelehealthRoom, now: datetime) -> bool:
    """Remember that the room is there; False when it was called off meanwhile."""
    open_still = TelehealthRoom.objects.filter(pk=room.pk, revoked_at__isnull=True)
    return bool(open_still.update(warmed_at=now, last_error="", updated_at=now))


def warming_failed(message: OutboxMessage, words: str) -> None:
    """It is given up: say so on the room, where its owner sees it."""
    room = _meant_by(message)
    if room is not None:
        TelehealthRoom.objects.filter(pk=room.pk).update(last_error=words[:300])


def close(message: OutboxMessage) -> None:
    """End the room of what was called off. Raises UpstreamError."""
    room = _meant_by(message)
    server = configured_server()
    if room is None or server is None or room.revoked_at is None:
        return
    client = LiveKitClient(server, now=timezone.now(), time_limit=settings.PROVIDER_TIMEOUT)
    client.delete_room(room.name)
    TelehealthRoom.objects.filter(pk=room.pk).update(last_error="")


def _meant_by(message: OutboxMessage) -> TelehealthRoom | None:
    """The room, unless its time has changed since the message was written."""
    payload = message.payload
    rows = TelehealthRoom.objects.filter(pk=UUID(payload["room_id"]), turns=int(payload["turn"]))
    return rows.first()


def _tell(room: TelehealthRoom, kind: str, due_at: datetime | None = None) -> None:
    outbox.enqueue(
        kind=kind,
        payload={"room_id": str(room.pk), "turn": str(room.turns)},
        dedupe_key=f"{kind}:{room.pk}:{room.turns}",
        workspace_id=room.workspace_id,
        due_at=due_at,
    )


# --- What a room's times say ---


def _locked(which: Q, *, at_most: int | None = None) -> list[TelehealthRoom]:
    rows = TelehealthRoom.objects.filter(which).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True)[:at_most])


def _settle(
    rooms: Collection[TelehealthRoom], now: datetime, *, told: bool
) -> dict[UUID, list[Sitting]]:
    """Write onto the locked rows what their sittings say, and tell the outbox.

    `told` says that a change was written just now: then a room without a sitting has lost it.
    """
    found = sittings_of(rooms)
    for room in rooms:
        sittings = found[room.pk]
        chosen = current(sittings, now)
        if any(one.is_off for one in sittings) or (chosen is None and told):
            _revoke(room, now)
        elif chosen is not None and (told or room.revoked_at is None):
            _take_time(room, chosen, sittings, now)
        elif room.start_at is not None:
            _look_later(room, None)
    return found


def _take_time(
    room: TelehealthRoom, chosen: Sitting, sittings: list[Sitting], now: datetime
) -> None:
    counting = [one for one in sittings if one.counts]
    ahead = [one for one in counting if one.start_at > chosen.start_at]
    look_at = chosen.closes_at if ahead else None
    same = (room.start_at, room.end_at) == (chosen.start_at, chosen.end_at)
    if same and room.revoked_at is None:
        _look_later(room, look_at)
        return
    if room.start_at not in {None, chosen.start_at}:
        # The next time of a series is not a move.
        room.moved_from_at = room.start_at if len(counting) == 1 else None
    room.start_at, room.end_at, room.look_at = chosen.start_at, chosen.end_at, look_at
    room.revoked_at = room.warmed_at = None
    room.last_error = ""
    room.turns += 1
    room.save()
    if chosen.end_at > now and configured_server() is not None:
        _tell(room, WARM_KIND, max(now, chosen.start_at - settings.TELEHEALTH_WARM_BEFORE))


def _look_later(room: TelehealthRoom, at: datetime | None) -> None:
    if room.look_at != at:
        TelehealthRoom.objects.filter(pk=room.pk).update(look_at=at)


def _revoke(room: TelehealthRoom, now: datetime) -> None:
    if room.revoked_at is not None:
        return
    room.revoked_at, room.look_at, room.warmed_at = now, None, None
    room.turns += 1
    room.save()
    if configured_server() is not None:
        _tell(room, CLOSE_KIND)
