"""The door of a room: whether it is open to somebody now, and letting them in."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import DomainError, InvalidInput, RateLimited, UpstreamError
from conferencing.enums import EntrantKind
from conferencing.livekit import Entrant, LiveKitClient, configured_server, entry_token
from conferencing.models import TelehealthJoin, TelehealthRoom
from conferencing.telehealth import rooms
from conferencing.telehealth.sittings import Sitting, current

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from common.secrets import Secret

logger = logging.getLogger(__name__)

LONGEST_NAME: Final = 60
# An empty room that somebody is about to enter.
_ENTERING: Final = timedelta(minutes=10)


class Door(StrEnum):
    """How the door stands."""

    OPEN = "open"
    EARLY = "early"
    LATE = "late"
    OFF = "off"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the door of a room stands at one moment, and what there is to say about it.

    `start_at` and `end_at` are of the time that is on or next; `name` is what a personal link
    proposes to be called.
    """

    door: Door
    start_at: datetime | None = None
    end_at: datetime | None = None
    opens_at: datetime | None = None
    moved_from_at: datetime | None = None
    fallback_url: str = ""
    name: str = ""
    zone: str = ""


class DoorShut(DomainError):
    """Nobody gets in now; `standing` says why."""

    code = "door_shut"
    status = 409
    default_message = "The room is not open."

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        super().__init__()


def standing_of(room: TelehealthRoom, kind: EntrantKind, now: datetime) -> Standing:
    """How the door stands for somebody of that kind."""
    found = rooms.look(room, now)
    sitting = current(found, now) or _last_known(room, found)
    name = _proposed(found, kind)
    zone = next((one.zone for one in found if one.zone), "") or room.workspace.timezone
    if kind is not EntrantKind.BOOKER:
        zone = room.workspace.timezone
    if room.revoked_at is not None:
        return Standing(Door.OFF, room.start_at, room.end_at, name=name, zone=zone)
    if sitting is None:
        return Standing(Door.UNKNOWN, name=name, zone=zone)
    return Standing(
        door=_door(sitting, now),
        start_at=sitting.start_at,
        end_at=sitting.end_at,
        opens_at=sitting.opens_at,
        moved_from_at=room.moved_from_at,
        fallback_url=sitting.fallback_url,
        name=name,
        zone=zone,
    )


def admit(
    *,
    room: TelehealthRoom,
    kind: EntrantKind,
    name: str,
    now: datetime,
    user_id: UUID | None = None,
    is_host: bool = False,
) -> Secret:
    """Let somebody in: the address of the meeting page with a token that lasts minutes.

    Who came is written down. Raises InvalidInput for a name that is none, DoorShut, and
    UpstreamError while LiveKit cannot be reached.
    """
    called = " ".join(name.split())
    if not called or len(called) > LONGEST_NAME or not called.isprintable():
        raise InvalidInput(
            "name", _("Give a name of 1 to %(count)s letters.") % {"count": LONGEST_NAME}
        )
    standing = standing_of(room, kind, now)
    server = configured_server()
    if standing.door is not Door.OPEN or server is None:
        raise DoorShut(standing)
    client = LiveKitClient(server, now=now, time_limit=settings.PROVIDER_PAINT_TIMEOUT)
    client.ensure_room(room.name, empty_for=_ENTERING)
    if not rooms.note_warmed(room, now):
        raise DoorShut(standing_of(room, kind, now))
    identity = f"staff-{user_id}" if user_id else f"{kind.value}-{secrets.token_hex(8)}"
    token = entry_token(server, room=room.name, who=Entrant(identity, called, is_host), now=now)
    TelehealthJoin.objects.create(
        workspace_id=room.workspace_id, room=room, kind=kind, user_id=user_id
    )
    logger.info("a telehealth room was entered", extra={"room": str(room.pk), "kind": kind.value})
    return server.page_for(token)


def in_words(error: UpstreamError) -> str:
    """Why nobody gets in while LiveKit fails, for somebody who only wants to meet."""
    if isinstance(error, RateLimited):
        return error.message
    reason = error.message.removesuffix(" Try again.")
    words = _("The room cannot be opened right now. %(reason)s Try again in a moment.")
    return words % {"reason": reason}


def _door(sitting: Sitting, now: datetime) -> Door:
    if now < sitting.opens_at:
        return Door.EARLY
    if now > sitting.closes_at:
        return Door.LATE
    return Door.OPEN if configured_server() is not None else Door.UNAVAILABLE


def _last_known(room: TelehealthRoom, found: list[Sitting]) -> Sitting | None:
    if room.start_at is None or room.end_at is None:
        return None
    other = next((one.fallback_url for one in found if one.fallback_url), "")
    return Sitting(room.pk, room.start_at, room.end_at, fallback_url=other)


def _proposed(found: list[Sitting], kind: EntrantKind) -> str:
    if kind is EntrantKind.BOOKER:
        return next((one.booker_name for one in found if one.booker_name), "")
    if kind is EntrantKind.OWNER:
        return next((one.owner_name for one in found if one.owner_name), "")
    return ""
