"""Who hears of a meeting by mail, and what each of them knows of it by now.

What a mail said is kept with the meeting, so that the next one says what is new to its reader:
nobody is told twice, and nobody is told of a step that was outrun by the next one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist

from booking.errors import LinkClosed
from booking.joining import first_link
from booking.owners import host_of_meeting, owner_of_meeting, public_name, tables_for
from conferencing.enums import LinkKind
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from workspaces.owners import Owner

_OWNER, _GUEST = "owner:", "guest:"


class Role(Enum):
    """In what part somebody reads."""

    BOOKER = "booker"
    GUEST = "guest"
    FORMER_GUEST = "former guest"
    OWNER = "owner"
    FORMER = "former owner"

    @property
    def is_host(self) -> bool:
        return self in {Role.OWNER, Role.FORMER}


@dataclass(frozen=True, slots=True)
class Known:
    """What the last mail to a reader said; times in UTC.

    `has_file` says that a calendar file was sent, or may have been: the process died meanwhile.
    `organizer` is who that file named, `is_parted` that an owner or guest knows it is theirs no
    more, `sequence` -1 before anything is known to have been sent.
    """

    sequence: int
    state: str
    start_at: datetime
    end_at: datetime
    link: str = ""
    has_file: bool = False
    organizer: str = ""
    is_parted: bool = False
    again: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether a mail went out, and was noted as sent."""
        return self.sequence >= 0

    def to_json(self) -> dict[str, Any]:
        return {
            "sequence": self.sequence,
            "state": self.state,
            "start_at": self.start_at.isoformat(),
            "end_at": self.end_at.isoformat(),
            "link": self.link,
            "has_file": self.has_file,
            "organizer": self.organizer,
            "is_parted": self.is_parted,
            "again": self.again,
        }

    @classmethod
    def of(cls, said: dict[str, Any]) -> Known:
        times = {name: datetime.fromisoformat(said[name]) for name in ("start_at", "end_at")}
        return cls(**{**said, **times})


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who hears of a meeting, in their zone; `owner` is whom it is, or was, with."""

    key: str
    role: Role
    email: str
    name: str
    zone: ZoneInfo
    owner: Owner
    known: Known | None

    @property
    def called(self) -> str:
        """Their name where they gave one, else their address."""
        return self.name or self.email

    @property
    def is_told(self) -> bool:
        """Whether a mail reached them, as far as is known."""
        return self.known is not None and self.known.is_sure

    @property
    def had_file(self) -> bool:
        return self.known is not None and self.known.has_file


def readers_of(meeting: MeetingBase) -> list[Reader]:
    """The booker, the guests, those who were, whom it is with, and whom it was with before: in
    this order.
    """
    host, zone = host_of_meeting(meeting), ZoneInfo(meeting.booker_timezone)
    found = [
        Reader(
            key="booker",
            role=Role.BOOKER,
            email=meeting.booker_email,
            name=meeting.booker_name,
            zone=zone,
            owner=host,
            known=_known(meeting, "booker"),
        )
    ]
    guests = {f"{_GUEST}{one['email'].lower()}": one for one in meeting.guests}
    former = {
        key: {"email": key.removeprefix(_GUEST)}
        for key in meeting.told
        if key.startswith(_GUEST) and key not in guests
    }
    for key, guest in (guests | former).items():
        found.append(
            Reader(
                key=key,
                role=Role.GUEST if key in guests else Role.FORMER_GUEST,
                email=guest["email"],
                name=guest.get("name", ""),
                zone=zone,
                owner=host,
                known=_known(meeting, key),
            )
        )
    return found + [
        Reader(
            key=f"{_OWNER}{owner.id}",
            role=Role.OWNER if owner.id == host.id else Role.FORMER,
            email=owner.notice_email,
            name=owner.name,
            zone=owner.zone,
            owner=owner,
            known=_known(meeting, f"{_OWNER}{owner.id}"),
        )
        for owner in (_host(meeting), *_former_hosts(meeting, host))
        if owner is not None and owner.notice_email
    ]


def _known(meeting: MeetingBase, key: str) -> Known | None:
    said = meeting.told.get(key)
    return Known.of(said) if said else None


def owner_has_file(meeting: MeetingBase) -> bool:
    """Whether whom it is with has a calendar file of it, as far as is known."""
    known = _known(meeting, f"{_OWNER}{host_of_meeting(meeting).id}")
    return known is not None and known.has_file


def known_now(meeting: MeetingBase, reader: Reader, *, has_file: bool, organizer: str) -> Known:
    """What a reader knows after a mail about the meeting as it is here."""
    return Known(
        sequence=meeting.sequence,
        state=meeting.state,
        start_at=meeting.start_at,
        end_at=meeting.end_at,
        link=link_for(meeting, reader),
        is_parted=reader.role in {Role.FORMER, Role.FORMER_GUEST},
        has_file=has_file,
        organizer=organizer,
        again=reader.known.again if reader.known else 0,
    )


def link_for(meeting: MeetingBase, reader: Reader) -> str:
    """By which link this reader joins; blank while there is none."""
    return first_link(meeting, LinkKind.OWNER if reader.role.is_host else LinkKind.BOOKER)


def owner_name(reader: Reader) -> str:
    """How visitors know whom the meeting is with."""
    return public_name(reader.owner)


def _host(meeting: MeetingBase) -> Owner | None:
    """Whom it is with; nobody who has left the workspace hears of its meetings."""
    try:
        return owner_of_meeting(meeting)
    except LinkClosed:
        return None


def _former_hosts(meeting: MeetingBase, host: Owner) -> list[Owner]:
    """Whom it was with, who were told so, and are in the workspace still."""
    kind, found = tables_for(meeting).kind, []
    for key in meeting.told:
        if not key.startswith(_OWNER) or key == f"{_OWNER}{host.id}":
            continue
        with suppress(ObjectDoesNotExist):
            found.append(owner_for(kind, UUID(key.removeprefix(_OWNER)), meeting.workspace))
    return found
